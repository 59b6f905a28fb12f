"""Events: who was told of the end of a session, and who confirmed it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutPropagated:
    """A client confirmed a back-channel logout token."""

    code: ClassVar[str] = "logout.propagated"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    session_id: str | None = None
    account_id: str | None = None
    channel: str
    http_status: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutNotPropagated:
    """A client did not confirm a logout token; `final` when the hub has given up."""

    code: ClassVar[str] = "logout.propagated"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    client_id: str
    session_id: str | None = None
    account_id: str | None = None
    channel: str
    http_status: int | None
    attempts: int
    final: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutNotTold:
    """A client of an ended session cannot be told: it has no address for it, or one that needs a browser."""

    code: ClassVar[str] = "logout.not_told"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    session_id: str
    account_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontChannelLogoutSent:
    """The last page was made with a frame that loads a client's front-channel address in the browser."""

    code: ClassVar[str] = "logout.frontchannel.sent"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    session_id: str
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontChannelLogoutLoaded:
    """The browser reports that a client's frame has loaded. It says nothing of what the client did."""

    code: ClassVar[str] = "logout.frontchannel.loaded"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    session_id: str
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontChannelLogoutNotLoaded:
    """The browser reports that a client's frame did not load in time."""

    code: ClassVar[str] = "logout.frontchannel.loaded"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    session_id: str
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutCapApplied:
    """A notice to a client was given up: what the client receives about people is short-lived from now on."""

    code: ClassVar[str] = "logout.cap.applied"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    client_id: str
    session_id: str
    lifetime_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutCapLifted:
    """A capped client confirmed a logout token: what it receives lives as long as anyone else's again."""

    code: ClassVar[str] = "logout.cap.lifted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    session_id: str
    capped_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRejected:
    """A sign-out request carried a hint or address that cannot be honoured."""

    code: ClassVar[str] = "logout.request.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str | None = None
    reason: str
