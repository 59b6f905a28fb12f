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

    def current(self) -> Metadata:
        """Return the metadata.

        Raises:
            UpstreamUnavailable: it was never read, or not for a day, and cannot be now.
        """
        age = self._clock() - self._read_at
        if self._known is not None and age < FRESH_SECONDS:
            return self._known
        with self._lock:
            if self._known is not None and self._clock() - self._read_at < FRESH_SECONDS:
                return self._known
            try:
                self._known, self._read_at = self.read(), self._clock()
            except UpstreamUnavailable:
                if self._known is None or age > STALE_SECONDS:
                    raise
            return self._known

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
