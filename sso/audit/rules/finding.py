"""A finding: what a rule found in the log, and what officers make of it.

It holds no value of a record: its group is a digest, and whom it is about is read from its last record for as
long as that can be read. Where the group names people the digest is made with their keys and goes with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sso.audit.record import AuditEvent, JsonValue, Severity

MAX_COMMENT_LENGTH = 500
"""Characters of a comment, and of the reason of a suppression."""

MAX_SUPPRESSION = timedelta(days=90)

FORGOTTEN = ""
"""Stands in the place of an officer whose part of the log was destroyed."""


class State(StrEnum):
    """What is being done about a finding."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


class CloseReason(StrEnum):
    """What a finding turned out to be."""

    TRUE_POSITIVE = "true_positive"
    FALSE_POSITIVE = "false_positive"
    BENIGN = "benign"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. `fields` names what its records have in common; `assignee` is an account's id.

    `closed_as` is None until it is closed.
    """

    id: str
    rule: str
    title: str
    level: Severity
    group: str
    fields: tuple[str, ...]
    first_record_id: str
    last_record_id: str
    first_at: datetime
    last_at: datetime
    records: int
    state: State
    assignee: str | None
    closed_as: CloseReason | None
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote about a finding: an officer's account id, or the name of a command's user.

    `author` is FORGOTTEN when the log no longer tells of the officer.
    """

    author: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A rule that opens no findings for a while: at all, or (with `finding_id`) for the group of that one.

    `matches` counts the records that it kept from being findings.
    """

    id: str
    rule: str
    finding_id: str | None
    group: str | None
    reason: str
    author: str
    created_at: datetime
    ends_at: datetime
    matches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which findings are wanted: those not closed, worst first, or the closed ones, newest first.

    `before` is the id of the last one of the previous page.
    """

    closed: bool = False
    level: Severity = Severity.INFORMATIONAL
    rule: str | None = None
    assignee: str | None = None
    before: str | None = None
    limit: int = 50

    def asked(self) -> dict[str, JsonValue]:
        """Return what was asked, as the log records it."""
        asked: dict[str, JsonValue] = {"closed": self.closed, "level": int(self.level)}
        more = {"rule": self.rule, "assigned": self.assignee is not None or None, "before": self.before}
        return asked | {name: value for name, value in more.items() if value is not None}


class Findings(Protocol):
    """What was found, as it is kept."""

    def add(self, finding: Finding) -> None:
        """Keep a new finding."""
        ...

    def groups(self, digest: str, people: Sequence[str], at: datetime) -> Sequence[str]:
        """Return all that may stand for a group here; first what does for a finding of that time.

        Where it names people that is made with their keys: after these are destroyed nobody finds out which
        it was.
        """
        ...

    def unclosed(self, rule: str, groups: Sequence[str]) -> Finding | None:
        """Return the newest finding of a group that is not closed, or None."""
        ...

    def grow(self, finding_id: str, records: int, last_record_id: str, last_at: datetime) -> bool:
        """Add records to a finding; false if it has been closed meanwhile."""
        ...

    def change(self, finding: Finding) -> None:
        """Keep what became of a finding: its state, assignee and what it was closed as."""
        ...

    def comment(self, finding_id: str, comment: Comment) -> None:
        """Keep a comment."""
        ...

    def suppress(self, suppression: Suppression) -> None:
        """Keep a suppression."""
        ...

    def suppressing(self, rule: str, groups: Sequence[str], now: datetime) -> Suppression | None:
        """Return the suppression that holds for a group of a rule now, or None."""
        ...

    def suppressed(self, suppression_id: str, records: int) -> None:
        """Count records that a suppression kept from being findings."""
        ...

    def lift(self, suppression_id: str, now: datetime) -> Suppression | None:
        """End a suppression now and return it; None if there is none that goes on."""
        ...


class Log(Protocol):
    """The log; an append is durable when the transaction is."""

    def append(self, event: AuditEvent, now: datetime) -> str:
        """Record an event and return its id."""
        ...


class FindingStores(Protocol):
    """What one transaction needs to work on findings."""

    @property
    def findings(self) -> Findings:
        """The findings."""
        ...

    @property
    def audit(self) -> Log:
        """The log."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a finding; what is None stays as it is. `assignee` "" takes it from everybody.

    `seen_changed_at` and `seen_last_record_id` are of the finding that the officer decided about; where they
    are given and it is another by now, nothing is changed.
    """

    state: State | None = None
    closed_as: CloseReason | None = None
    assignee: str | None = None
    comment: str | None = None
    seen_changed_at: datetime | None = None
    seen_last_record_id: str | None = None


@dataclass(frozen=True, slots=True)
class Officer:
    """Who works on findings: an officer's account, application and session, or (no account) a command.

    `name` is what comments are signed with.
    """

    name: str
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
