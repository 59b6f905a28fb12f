"""Events: months of the log leave the database for files."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditMonthArchived:
    """A month of the log was written to the archive, and read back: what its file is called and hashes to.

    It may be dropped now, which `audit.retention.dropped` says. Said again when the month that it was said
    in is dropped itself.
    """

    code: ClassVar[str] = "audit.month.archived"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    month: str
    archive_file: str
    entries: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditMonthNotArchived:
    """A month of the log could not be written to the archive, and is not dropped.

    It is tried again every hour, and said again when the month or the reason is another one.
    """

    code: ClassVar[str] = "audit.month.not_archived"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.HIGH
    month: str
    reason: str
