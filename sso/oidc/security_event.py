"""Security event tokens: what an application is told about people whom it knows (RFC 8417, SSF 1.0).

Events are CAEP's and RISC's; whom they speak of is the pair of issuer and `sub` that this application has
from its ID tokens (RFC 9493 3.2.3). One event a token, as SSF 1.0 demands; never `sub` or `exp` at the top.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sso.audit.record import JsonValue
from sso.oidc.client import Client
from sso.oidc.jose import sign
from sso.oidc.settings import Provider

SECURITY_EVENT_TYPE = "secevent+jwt"
SECURITY_EVENT_MEDIA_TYPE = "application/secevent+jwt"
READ_SCOPE = "ssf.read"
"""What an access token needs to poll, as CAEP's interoperability profile calls it."""


class EventType(StrEnum):
    """The types that the hub sends: CAEP 1.0 3.1, RISC 1.0 2.2 to 2.4, SSF 1.0 8.1.4."""

    SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
    ACCOUNT_DISABLED = "https://schemas.openid.net/secevent/risc/event-type/account-disabled"
    ACCOUNT_ENABLED = "https://schemas.openid.net/secevent/risc/event-type/account-enabled"
    ACCOUNT_PURGED = "https://schemas.openid.net/secevent/risc/event-type/account-purged"
    VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"


ABOUT_PEOPLE = tuple(kind for kind in EventType if kind is not EventType.VERIFICATION)
"""What an application may ask for; a verification is sent on an officer's wish."""


class Delivery(StrEnum):
    """How an application receives its events; the names of SSF 1.0 6.1."""

    PUSH = "urn:ietf:rfc:8935"
    POLL = "urn:ietf:rfc:8936"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """An event on its way to one application: `id` is the token's `jti`.

    `sub` is as this application knows the person; None for a verification, which speaks of nobody. `detail`
    are the members of the event, `attempts` its pushes.
    """

    id: str
    client_id: str
    kind: EventType
    occurred_at: datetime
    account_id: str | None = None
    sub: str | None = field(default=None, repr=False)
    detail: Mapping[str, JsonValue] = field(default_factory=dict)
    attempts: int = 0


class SecurityEvents(Protocol):
    """The outbox of security events."""

    def add(self, event: SecurityEvent, *, pushed: bool, now: datetime) -> None:
        """Queue an event, to be pushed by the worker or kept until it is polled and acknowledged."""
        ...

    def concerned(self, account_id: str) -> "list[str]":
        """Return the ids of the clients that know an account: by a grant, or by the person's consent."""
        ...


def wants(client: Client, kind: EventType) -> bool:
    """Whether an application is told of events of a type."""
    if client.security_event_delivery is None:
        return False
    return not client.security_events or kind.value in client.security_events


def security_event_token(event: SecurityEvent, client: Client, provider: Provider, now: datetime) -> str:
    """Return the token of an event, signed as the client's ID tokens are, never encrypted.

    Raises:
        NoSigningKey: no key of the algorithm is active.
        SignerUnavailable: it cannot be reached.
    """
    issuer = provider.settings.issuer
    about: dict[str, JsonValue]
    if event.sub is None:
        about = {"format": "opaque", "id": event.client_id}
    else:
        about = {"format": "iss_sub", "iss": issuer, "sub": event.sub}
    detail = dict(event.detail)
    if event.kind is not EventType.VERIFICATION:
        detail["event_timestamp"] = int(event.occurred_at.timestamp())
    claims: dict[str, JsonValue] = {
        "iss": issuer,
        "iat": int(now.timestamp()),
        "jti": event.id,
        "aud": event.client_id,
        "sub_id": about,
        "events": {event.kind.value: detail},
    }
    key = provider.keys.signing(client.id_token_signed_response_alg, now)
    return sign(claims, key, SECURITY_EVENT_TYPE)
