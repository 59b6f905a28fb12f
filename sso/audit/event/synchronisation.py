"""Events: department directories read as a whole, and the people who left or came back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import AuditEvent, JsonValue, Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySynchronised:
    """A run read a directory to its end; `counts` are people by what happened to them.

    Runs over changes that found none leave their report and no event.
    """

    code: ClassVar[str] = "directory.sync.completed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    directory_id: str
    run: int
    kind: str
    counts: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySyncStopped:
    """More people would have left than may leave unasked: nobody did, and an officer has to approve it."""

    code: ClassVar[str] = "directory.sync.stopped"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.HIGH
    directory_id: str
    run: int
    leaving: int
    present: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySyncFailed:
    """A run did not come to its end; nobody left by it. What it had changed before stays."""

    code: ClassVar[str] = "directory.sync.failed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    directory_id: str
    run: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySyncApproved:
    """An officer lets the people leave for whom a run stopped, if the next reading still says so."""

    code: ClassVar[str] = "directory.sync.approved"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    directory_id: str
    run: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySyncUndone:
    """An officer gave the people back their access who had left by a run."""

    code: ClassVar[str] = "directory.sync.undone"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    directory_id: str
    run: int
    people: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryPersonLeft:
    """A clerk's entry is absent from the directory, or disabled in it (`standing`); access ends by itself."""

    code: ClassVar[str] = "directory.person.left"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str
    directory_id: str
    standing: str
    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryPersonReturned:
    """A clerk who had left is back, with the same account."""

    code: ClassVar[str] = "directory.person.returned"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str
    directory_id: str
    run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPurged:
    """The account of somebody long absent was removed for good; the id never gets access again."""

    code: ClassVar[str] = "account.purged"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str
    person_id: str
    directory_id: str
    source: str


EVENTS: tuple[type[AuditEvent], ...] = (
    DirectorySynchronised,
    DirectorySyncStopped,
    DirectorySyncFailed,
    DirectorySyncApproved,
    DirectorySyncUndone,
    DirectoryPersonLeft,
    DirectoryPersonReturned,
    AccountPurged,
)
"""Those of this module; they are imported from it."""
