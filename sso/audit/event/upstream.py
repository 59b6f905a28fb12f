"""Events: sign-in at other OpenID providers, and what they tell of sign-outs."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSignInStarted:
    """A browser was sent to another provider to sign in there; `prompt` is what was demanded of it."""

    code: ClassVar[str] = "upstream.sign_in.started"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    upstream_id: str
    client_id: str | None = None
    prompt: str | None = None
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAnswerReceived:
    """A browser came back from another provider; the hub redeems the code next, which works once.

    What became of the sign-in follows: where nothing does, the hub stopped in between.
    """

    code: ClassVar[str] = "upstream.answer.received"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    upstream_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSignOutSent:
    """A browser was sent to another provider to sign out there too, after a sign-out here."""

    code: ClassVar[str] = "upstream.sign_out.sent"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    upstream_id: str
    account_id: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAccountTied:
    """An account at another provider became a way to sign in to this one; `rule` says by whose decision.

    The rule `proof` is the person's own, who signed in to both.
    """

    code: ClassVar[str] = "upstream.account.tied"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str
    person_id: str
    upstream_id: str
    rule: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAccountUntied:
    """An account at another provider no longer leads to this one; `rule` says by whose decision."""

    code: ClassVar[str] = "upstream.account.untied"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str
    person_id: str
    upstream_id: str
    rule: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLogoutReceived:
    """Another provider told that somebody signed out there; `sessions` of theirs ended here."""

    code: ClassVar[str] = "upstream.logout.received"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    upstream_id: str
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLogoutRejected:
    """A logout token was refused: not of the provider, not for us, too old, or seen before (`reason`)."""

    code: ClassVar[str] = "upstream.logout.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    upstream_id: str
    reason: str
