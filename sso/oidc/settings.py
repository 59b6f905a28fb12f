"""What an operator decides about the protocol, and the addresses that follow from the issuer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit

from sso.audit.record import JsonValue
from sso.oidc.assertion_issuer import AssertionIssuer
from sso.oidc.details import DetailType
from sso.oidc.keys import ACTIVE_ALGORITHMS, KeyRing
from sso.oidc.registration_policy import RegistrationPolicy
from sso.oidc.state_limits import Asked, StateLimits

API_AUDIENCE_PATH = "/api/v1"
EVENTS_PATH = "/ssf/events"
SCIM_PATH = "/scim/v2"


class Publisher(Protocol):
    """Who has public keys: a client, or an issuer of assertions. Nobody else has its `publisher_id`."""

    @property
    def publisher_id(self) -> str: ...  # noqa: D102 - the noun says it
    @property
    def jwks(self) -> Mapping[str, JsonValue] | None: ...  # noqa: D102
    @property
    def jwks_uri(self) -> str | None: ...  # noqa: D102


PublicKeys: TypeAlias = Callable[[Publisher], Mapping[str, JsonValue]]
"""The public keys of somebody as a JWK set: the registered ones, or those at a jwks_uri as last read."""


def registered_keys(publisher: Publisher) -> Mapping[str, JsonValue]:
    """Return the keys that are part of the registration; nothing is fetched."""
    return publisher.jwks or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Lifetimes and the issuer (a URL without trailing slash; every endpoint derives from it).

    `require_pushed` demands of every client that it pushes its authorization requests (RFC 9126 5).
    `request_uri` lets a client keep its request objects at addresses that it registered (RFC 9101 5.2).
    `create_account_url` is where citizens make an account; without one nobody is sent there.
    `assertion_issuers` may vouch for people (RFC 7523).
    `detail_types` are what authorization_details may speak of (RFC 9396).
    `mtls_origin` is where clients that connect with a certificate find the same endpoints (RFC 8705 5).
    `api_max_age` is how old the sign-in behind a change through the management API may be; None: of any age.
    `dpop_nonce_required` demands a nonce of ours in every DPoP proof (RFC 9449 8).
    `scim_directories` are the departments that bring their people over SCIM, each a resource of its own.
    `session_management` adds session_state to authentication responses (Session Management 1.0).
    `state_limits` says by directory how old the state of its accounts may be when tokens are issued;
    `unasked_directories` are those whose accounts have no such limit. Of any other nothing is known.
    `signing_algorithms` are those that the hub keeps a key of.
    """

    issuer: str
    code_lifetime: timedelta = timedelta(seconds=60)
    access_token_lifetime: timedelta = timedelta(minutes=5)
    id_token_lifetime: timedelta = timedelta(minutes=10)
    capped_token_lifetime: timedelta = timedelta(minutes=2)
    refresh_token_lifetime: timedelta = timedelta(days=30)
    refresh_grace: timedelta = timedelta(seconds=20)
    consent_lifetime: timedelta = timedelta(days=365)
    device_code_lifetime: timedelta = timedelta(minutes=10)
    polling_interval: timedelta = timedelta(seconds=5)
    backchannel_lifetime: timedelta = timedelta(minutes=5)
    backchannel_max_lifetime: timedelta = timedelta(hours=1)
    pending_lifetime: timedelta = timedelta(minutes=30)
    pushed_lifetime: timedelta = timedelta(seconds=90)
    require_pushed: bool = False
    request_uri: bool = False
    detail_types: tuple[DetailType, ...] = ()
    create_account_url: str | None = None
    session_management: bool = False
    session_idle: timedelta = timedelta(minutes=30)
    session_lifetime: timedelta = timedelta(hours=12)
    clock_skew: timedelta = timedelta(seconds=10)
    signing_algorithms: tuple[str, ...] = ACTIVE_ALGORITHMS
    ui_locales: tuple[str, ...] = ("en", "zh-CN")
    service_documentation: str | None = None
    registration: RegistrationPolicy = RegistrationPolicy()
    assertion_issuers: tuple[AssertionIssuer, ...] = ()
    mtls_origin: str | None = None
    dpop_nonce_required: bool = False
    api_max_age: timedelta | None = None
    state_limits: Mapping[str, StateLimits] = field(default_factory=dict)
    unasked_directories: frozenset[str] = frozenset()
    scim_directories: tuple[str, ...] = ()

    def endpoint(self, path: str) -> str:
        """Return the absolute address of a path of ours."""
        return f"{self.issuer}{path}"

    def addresses(self, url: str) -> tuple[str, ...]:
        """Return an address of ours, and the same below `mtls_origin` where there is one."""
        path = url.removeprefix(self.issuer)
        return (url,) if self.mtls_origin is None else (url, f"{self.mtls_origin}{path}")

    @property
    def api_audience(self) -> str:
        """The `aud` of access tokens for the management API."""
        return self.endpoint(API_AUDIENCE_PATH)

    def scim_audience(self, directory_id: str) -> str:
        """The `aud` of access tokens that manage the people of one department (RFC 7644 2)."""
        return self.endpoint(f"{SCIM_PATH}/{directory_id}")

    def is_scim(self, resource: str) -> bool:
        """Whether a resource is the people of some department over SCIM."""
        return resource.startswith(f"{self.endpoint(SCIM_PATH)}/")

    def owns(self, resource: str) -> bool:
        """Whether a resource is the hub's own, whatever anybody registers."""
        own = (self.issuer, self.api_audience, self.endpoint(EVENTS_PATH))
        return resource in own or self.is_scim(resource)

    @property
    def secure(self) -> bool:
        """Whether browsers reach the hub over TLS, so that cookies can carry the `__Host-` prefix."""
        return urlsplit(self.issuer).scheme == "https"


@dataclass(frozen=True, slots=True)
class Provider:
    """What every endpoint needs beside its request and its stores: settings, our keys, the keys of clients.

    `nonce_key` makes the nonces of DPoP proofs: 32 bytes that every node of the hub has. `states_asked` says
    of accounts whose directory was asked for this request what became of it.
    """

    settings: Settings
    keys: KeyRing
    nonce_key: bytes = field(repr=False)
    client_keys: PublicKeys = registered_keys
    states_asked: Mapping[str, Asked] = field(default_factory=dict)
