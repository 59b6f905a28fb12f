"""A deferred authorization: the client asks here, a person answers elsewhere, the client polls.

What the device authorization grant (RFC 8628) and client-initiated backchannel authentication (OpenID
Connect CIBA Core 1.0) have in common: one secret of the client, one answer of one person, one redemption.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sso.audit.event import DeferredRejected
from sso.audit.record import JsonValue
from sso.oidc.client import Client, GrantType
from sso.oidc.details import Detail, DetailsInvalid, details_of
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import Grant
from sso.oidc.settings import Settings

SLOW_DOWN = timedelta(seconds=5)
"""What a client that polls too fast must add to its interval (RFC 8628 3.5, CIBA Core 11)."""

MAX_INTERVAL = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredRequest:
    """What a client asked for, and how far it has come.

    `digest` is of the client's secret (device_code or auth_req_id), `user_code` of what a person types;
    None where nobody types anything. `account_id` is the only account that may answer; None where anyone
    with the code may. `address` and `user_agent` say where it was asked from. `grant` is what the person
    gave: decided without a grant means refused. `next_poll_at` is when the client may ask again.
    """

    id: str
    digest: bytes = field(repr=False)
    grant_type: GrantType
    client_id: str
    scope: frozenset[str]
    asked_at: datetime
    expires_at: datetime
    interval: timedelta
    next_poll_at: datetime
    user_code: bytes | None = field(default=None, repr=False)
    account_id: str | None = None
    resource: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, JsonValue], ...] = ()
    acr_values: tuple[str, ...] = ()
    binding_message: str | None = None
    address: str | None = None
    user_agent: str | None = None
    decided_at: datetime | None = None
    grant: Grant | None = None
    redeemed_at: datetime | None = None

    def open(self, now: datetime) -> bool:
        """Whether a person can still answer."""
        return self.decided_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Notification:
    """What a client is told when there is an answer, and the token that it knows us by (CIBA Core 10.2)."""

    auth_req_id: str = field(repr=False)
    token: str = field(repr=False)


class DeferredRequests(Protocol):
    """Authorizations that a client waits for while a person answers elsewhere."""

    def add(self, asked: DeferredRequest, notification: Notification | None = None) -> bool:
        """Remember a request; false if another one has its user code. The notification is kept sealed."""
        ...

    def get(self, digest: bytes) -> DeferredRequest | None:
        """Return a request by its client's secret, whatever has become of it."""
        ...

    def by_id(self, request_id: str) -> DeferredRequest | None:
        """Return a request, whatever has become of it."""
        ...

    def by_user_code(self, user_code: bytes, now: datetime) -> DeferredRequest | None:
        """Return the request of a code, if a person can still answer it."""
        ...

    def waiting_for(self, account_id: str, now: datetime) -> Sequence[DeferredRequest]:
        """Return the requests that only this account can answer and still may, oldest first."""
        ...

    def decide(self, request_id: str, grant: Grant | None, now: datetime) -> bool:
        """Note the person's answer: what they gave, or None for a refusal. True for one caller only."""
        ...

    def polled(self, asked: DeferredRequest, interval: timedelta, next_poll_at: datetime) -> bool:
        """Note a poll of a request as it was read; false if another poll came in between."""
        ...

    def redeem(self, digest: bytes, now: datetime) -> bool:
        """Mark what the person gave as handed out; true for one caller only."""
        ...


class Pings(Protocol):
    """The outbox of notifications: one a request, delivered by the worker."""

    def add(self, asked: DeferredRequest, uri: str, now: datetime) -> None:
        """Queue the notification that was remembered with a request; none where there was none."""
        ...


def deferred_scope(text: str | None, client: Client) -> frozenset[str]:
    """Return the scope asked for, as far as the client is registered for it; `openid` where none is named.

    Raises:
        TokenError: invalid_scope, nothing is left.
    """
    scope = frozenset((text or "openid").split()) & client.scope
    if GrantType.REFRESH_TOKEN not in client.grant_types:
        scope -= {"offline_access"}
    if not scope:
        raise TokenError(ErrorCode.INVALID_SCOPE, "no requested scope is registered for this client")
    return scope


def deferred_details(text: str | None, client: Client, settings: Settings) -> tuple[Detail, ...]:
    """Return what the client wants to do in detail, to be shown in words where a person answers (RFC 9396 3).

    Raises:
        TokenError: invalid_authorization_details, something that nobody could be asked in words.
    """
    try:
        return details_of(text, settings.detail_types, client.authorization_details_types)
    except DetailsInvalid as error:
        raise TokenError(
            ErrorCode.INVALID_AUTHORIZATION_DETAILS,
            "these authorization_details are not available",
            str(error),
        ) from error


def rejected(client: Client, refusal: TokenError) -> DeferredRejected:
    """Return the event of a request that nobody will be asked about."""
    return DeferredRejected(client_id=client.client_id, error=refusal.code.value, reason=refusal.reason)
