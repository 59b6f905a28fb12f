"""Events: people who look at what was done as them, and who say that something was not theirs."""

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
