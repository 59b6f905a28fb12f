"""Events: people who look at what was done as them, say that something was not theirs, and end it."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class UsesViewed:
    """A person looked at what was done with their account: `results` entries; `broken` cannot be read."""

    code: ClassVar[str] = "account.use.viewed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str
    session_id: str
    results: int
    broken: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseReported:
    """A person said that an entry (`record_id`, of the code `reported`) was not theirs, once for each entry.

    `ended` counts the other sessions that they ended with it, None where they left them.
    """

    code: ClassVar[str] = "account.use.reported"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    account_id: str
    session_id: str
    record_id: str
    reported: str
    ended: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutElsewhere:
    """A person ended whatever their account was used for elsewhere: `sessions`, and `grants` to applications.

    The sessions are told one by one (`session.ended.user`); offline access is among the grants. The one at
    hand, `session_id`, goes on. Not recorded where nothing was left to end.
    """

    code: ClassVar[str] = "account.signed_out_elsewhere"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str
    session_id: str
    sessions: int
    grants: int
