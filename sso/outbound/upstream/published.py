"""What a provider publishes of itself (OpenID Connect Discovery 1.0 4), checked before it is believed."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sso.audit.record import JsonValue
from sso.authentication.upstream.settings import UpstreamSettings
from sso.oidc.registered_address import AddressInvalid, check_web_address

WELL_KNOWN = "/.well-known/openid-configuration"
FRESH_SECONDS = 3_600.0
STALE_SECONDS = 86_400.0
AGAIN_SECONDS = 60.0
"""After a try that failed, what is known serves so long before the next."""

WAIT_SECONDS = 5.0
"""How long a request waits for another that reads, where nothing is known."""


class UpstreamUnavailable(Exception):
    """The provider cannot be used now, or what it publishes cannot be trusted; the text is private."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is needed of a provider's metadata; `whole` is all of it."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    names_itself: bool
    """Whether its answers carry `iss` (RFC 9207 3)."""
    answers_claims: bool
    """Whether it takes the `claims` parameter (Discovery 3)."""
    whole: Mapping[str, JsonValue]


class PublishedMetadata:
    """A provider's metadata, read again when it is an hour old; where nothing new comes it serves a day."""

    def __init__(
        self, settings: UpstreamSettings, get_json: Callable[[str], JsonValue], clock: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._get_json = get_json
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Metadata | None = None
        self._read_at = float("-inf")
        self._tried_at = float("-inf")

    def current(self) -> Metadata:
        """Return the metadata; one thread reads it anew, and no other waits where some is known.

        Raises:
            UpstreamUnavailable: it was never read, or not for a day, and cannot be now.
        """
        now = self._clock()
        usable = self._usable(now, STALE_SECONDS)
        if usable is not None and (
            now - self._read_at < FRESH_SECONDS or now - self._tried_at < AGAIN_SECONDS
        ):
            return usable
        if not self._lock.acquire(timeout=0 if usable is not None else WAIT_SECONDS):
            if usable is not None:
                return usable
            raise UpstreamUnavailable("another request has been reading the metadata for too long")
        try:
            return self._read_anew()
        finally:
            self._lock.release()

    def _read_anew(self) -> Metadata:
        """Read it, unless whoever held the lock before has just done so."""
        known = self._usable(self._clock(), FRESH_SECONDS)
        if known is not None:
            return known
        self._tried_at = self._clock()
        try:
            self._known, self._read_at = self.read(), self._clock()
        except UpstreamUnavailable:
            known = self._usable(self._clock(), STALE_SECONDS)
            if known is None:
                raise
            return known
        return self._known

    def _usable(self, now: float, seconds: float) -> Metadata | None:
        return self._known if now - self._read_at < seconds else None

    def read(self) -> Metadata:
        """Read the metadata now.

        Raises:
            UpstreamUnavailable: it cannot be read, or is another issuer's, or lacks what is needed.
        """
        whole = self._get_json(f"{self._settings.issuer.removesuffix('/')}{WELL_KNOWN}")
        if not isinstance(whole, Mapping):
            raise UpstreamUnavailable("the metadata is not a JSON object")
        return checked(whole, self._settings)


def checked(whole: Mapping[str, JsonValue], settings: UpstreamSettings) -> Metadata:
    """Return metadata that can be used.

    Raises:
        UpstreamUnavailable: another issuer's (Discovery 4.3), or without what is needed; the text says what.
    """
    if whole.get("issuer") != settings.issuer:
        raise UpstreamUnavailable("issuer: the metadata names another issuer than the configuration")
    _offers(whole, "response_types_supported", "code", ["code"])
    _offers(whole, "code_challenge_methods_supported", "S256", ["S256"])
    _offers(whole, "token_endpoint_auth_methods_supported", settings.proof.value, ["client_secret_basic"])
    signed_with = whole.get("id_token_signing_alg_values_supported", ["RS256"])
    if not isinstance(signed_with, Sequence) or not set(map(str, signed_with)) & set(settings.algorithms):
        raise UpstreamUnavailable("id_token_signing_alg_values_supported: none of them is allowed here")
    return Metadata(
        authorization_endpoint=_address(whole, "authorization_endpoint") or "",
        token_endpoint=_address(whole, "token_endpoint") or "",
        jwks_uri=_address(whole, "jwks_uri") or "",
        userinfo_endpoint=_address(whole, "userinfo_endpoint", required=False),
        end_session_endpoint=_address(whole, "end_session_endpoint", required=False),
        names_itself=whole.get("authorization_response_iss_parameter_supported") is True,
        answers_claims=whole.get("claims_parameter_supported") is True,
        whole=whole,
    )


def _offers(whole: Mapping[str, JsonValue], name: str, needed: str, by_default: Sequence[str]) -> None:
    offered = whole.get(name, by_default)
    if not isinstance(offered, Sequence) or isinstance(offered, str) or needed not in offered:
        raise UpstreamUnavailable(f"{name}: {needed} is not offered")


def _address(whole: Mapping[str, JsonValue], name: str, *, required: bool = True) -> str | None:
    """An address that a browser may be sent to and that the hub may call: https, or http on loopback."""
    value = whole.get(name)
    if value is None and not required:
        return None
    try:
        check_web_address(value if isinstance(value, str) else "")
    except AddressInvalid as error:
        raise UpstreamUnavailable(f"{name} {error}") from error
    return str(value)
