"""Events: whose accounts are whose, what a directory says twice, and what is decided about both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import JsonValue, Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLinked:
    """An account now belongs to this person beside others; `rule` says by whose decision.

    The rule `proof` is the person's own, who signed in to both; `linked_account_id` is the other account.
    """

    code: ClassVar[str] = "account.linked"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str
    person_id: str
    rule: str
    reason: str | None = None
    linked_account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUnlinked:
    """An account belongs to a person of its own again, no longer to `former_person_id`."""

    code: ClassVar[str] = "account.unlinked"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str
    person_id: str
    former_person_id: str
    rule: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryConflictFound:
    """A directory gives one name or one id to two; `account_id` is the later account, where there is one."""

    code: ClassVar[str] = "directory.conflict.found"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str | None = None
    directory_id: str
    conflict_id: str
    kind: str
    other_account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryConflictResolved:
    """An officer decided a conflict: two humans, the same one, or the directory was mended."""

    code: ClassVar[str] = "directory.conflict.resolved"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    account_id: str | None = None
    directory_id: str
    conflict_id: str
    kind: str
    resolution: str
    source: str
    reason: str
    other_account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryConflictsViewed:
    """An officer looked at the queue of conflicts, or at one of them: then one record for each account."""

    code: ClassVar[str] = "directory.conflict.viewed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    query: Mapping[str, JsonValue]
    results: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleLookedUp:
    """An officer looked up whose accounts are whose: what was asked; one record for each person shown."""

    code: ClassVar[str] = "person.viewed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    query: Mapping[str, JsonValue]
    results: int
    reason: str | None = None
