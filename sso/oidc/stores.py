"""What the protocol needs remembered: one small protocol a noun, verbs of the domain.

All methods work inside the one transaction that the caller opened. Times are aware and UTC.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sso.audit.record import AuditEvent
from sso.oidc.account import Subject
from sso.oidc.client import Client
from sso.oidc.consent import Consent
from sso.oidc.deferred import DeferredRequests, Pings
from sso.oidc.grant_stores import AccessTokens, Codes, DeniedTokens, Grants, RefreshTokens
from sso.oidc.logout_stores import LogoutFrames, Notices
from sso.oidc.pending import PendingAuthorization
from sso.oidc.pushed import PushedAuthorization
from sso.oidc.security_event import SecurityEvents
from sso.oidc.session import Session, SessionEnd, SessionRecord


class AuditLog(Protocol):
    """The log; an append is durable when the transaction is."""

    def append(self, event: AuditEvent, now: datetime) -> str:
        """Record an event and return its id."""
        ...


class Clients(Protocol):
    """Registered applications."""

    def get(self, client_id: str) -> Client | None:
        """Return a client, or None."""
        ...

    def of_resource(self, resource: str) -> Sequence[Client]:
        """Return the clients that are this resource server."""
        ...


class Subjects(Protocol):
    """Accounts as tokens speak of them."""

    def get(self, account_id: str) -> Subject | None:
        """Return the subject of an account, or None."""
        ...

    def named(self, directory_id: str | None, login_name: str) -> str | None:
        """Return the one account that signs in under a name at a directory, None for citizens; or None.

        Nobody is picked of several accounts in use that bear the name.
        """
        ...

    def account_of(self, sub: str, sector: str) -> str | None:
        """Return the account that a `sub` of this sector speaks of, or None."""
        ...

    def sub(self, account_id: str, sector: str, now: datetime) -> str:
        """Return the immutable `sub` of an account in a sector, made at first use; "" is the public one."""
        ...


class PendingAuthorizations(Protocol):
    """Authorization requests that wait for a person."""

    def add(self, pending: PendingAuthorization) -> None:
        """Remember a request."""
        ...

    def get(self, pending_id: str, browser: bytes, now: datetime) -> PendingAuthorization | None:
        """Return a request of this browser that has not expired."""
        ...

    def mark_consented(self, pending_id: str, account_id: str, now: datetime) -> None:
        """Note that the person answered the consent page for this request, as one of their accounts."""
        ...

    def mark_account_selected(self, pending_id: str, now: datetime) -> None:
        """Note that the person chose an account for this request."""
        ...

    def mark_creation_offered(self, pending_id: str, now: datetime) -> None:
        """Note that the person was sent to make an account for this request."""
        ...

    def remove(self, pending_id: str) -> bool:
        """Forget a finished request; true for one caller only."""
        ...


class PushedAuthorizations(Protocol):
    """Authorization requests that their clients sent ahead (RFC 9126)."""

    def add(self, pushed: PushedAuthorization) -> None:
        """Remember a request."""
        ...

    def get(self, digest: bytes) -> PushedAuthorization | None:
        """Return a request that has not been answered; its times are the caller's to check."""
        ...

    def spend(self, digest: bytes) -> bool:
        """Forget a request that is being answered; true for one caller only."""
        ...


class Sessions(Protocol):
    """Browser sessions, found by the digest of their cookie."""

    def add(self, session: Session, cookie: bytes) -> None:
        """Begin a session."""
        ...

    def get(self, cookie: bytes) -> Session | None:
        """Return the session of a cookie that has not ended; its limits are the caller's to check."""
        ...

    def by_id(self, session_id: str) -> Session | None:
        """Return a session that has not ended."""
        ...

    def renew(self, session: Session, cookie: bytes) -> None:
        """Replace the cookie digest, times, acr, amr, expiry and persona of a session by these."""
        ...

    def touch(self, session_id: str, now: datetime) -> None:
        """Note activity, for the idle limit."""
        ...

    def end(self, session_id: str, cause: SessionEnd, now: datetime) -> bool:
        """End a session; true for one caller only."""
        ...

    def give(self, account_id: str, person_id: str) -> None:
        """Note that the account of these sessions is now another person's."""
        ...

    def join(self, session_id: str, client_id: str, now: datetime) -> None:
        """Note that a client received tokens in this session: it is told at sign-out."""
        ...

    def clients_of(self, session_id: str) -> Sequence[str]:
        """Return the ids of clients that joined, in order of joining."""
        ...

    def of_account(self, account_id: str) -> Sequence[Session]:
        """Return the sessions of an account that have not ended."""
        ...

    def record(self, session_id: str) -> SessionRecord | None:
        """Return a session, ended or not."""
        ...

    def lately_ended(self, cookie: bytes, since: datetime) -> SessionRecord | None:
        """Return the session of a cookie if it ended after a time: whoever presses twice is told the same."""
        ...


class Consents(Protocol):
    """What people allowed."""

    def get(self, account_id: str, client_id: str, now: datetime) -> Consent | None:
        """Return a consent that has not expired."""
        ...

    def put(self, consent: Consent) -> None:
        """Remember a consent in place of an earlier one."""
        ...


class OneTimeValues(Protocol):
    """Things that may be seen once: the jti of client assertions and of DPoP proofs."""

    def spend(self, purpose: str, value: str, expires_at: datetime) -> bool:
        """Remember a value until it expires; false if it was seen before. One winner."""
        ...


class Stores(Protocol):
    """Everything above, over one transaction."""

    @property
    def audit(self) -> AuditLog: ...  # noqa: D102 - the noun says it
    @property
    def clients(self) -> Clients: ...  # noqa: D102
    @property
    def subjects(self) -> Subjects: ...  # noqa: D102
    @property
    def pending(self) -> PendingAuthorizations: ...  # noqa: D102
    @property
    def pushed(self) -> PushedAuthorizations: ...  # noqa: D102
    @property
    def sessions(self) -> Sessions: ...  # noqa: D102
    @property
    def consents(self) -> Consents: ...  # noqa: D102
    @property
    def codes(self) -> Codes: ...  # noqa: D102
    @property
    def grants(self) -> Grants: ...  # noqa: D102
    @property
    def deferred(self) -> DeferredRequests: ...  # noqa: D102
    @property
    def pings(self) -> Pings: ...  # noqa: D102
    @property
    def refresh_tokens(self) -> RefreshTokens: ...  # noqa: D102
    @property
    def access_tokens(self) -> AccessTokens: ...  # noqa: D102
    @property
    def denied_tokens(self) -> DeniedTokens: ...  # noqa: D102
    @property
    def one_time_values(self) -> OneTimeValues: ...  # noqa: D102
    @property
    def notices(self) -> Notices: ...  # noqa: D102
    @property
    def frames(self) -> LogoutFrames: ...  # noqa: D102
    @property
    def security_events(self) -> SecurityEvents: ...  # noqa: D102
