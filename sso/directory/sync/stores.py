"""What the synchronisation must remember; all inside the one transaction that the caller opened."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sso.directory.person import Account, Person
from sso.directory.sync.reading import Position
from sso.directory.sync.run import Run, RunKind, RunState, SyncState
from sso.directory.sync.stages import Registered


class Departed(Protocol):
    """What a sign-in must know of the register."""

    def is_purged(self, directory_id: str, immutable_id: str) -> bool:
        """Whether this person was purged: an older copy of the directory gives no access back."""
        ...

    def outdate(self, directory_id: str, immutable_id: str) -> None:
        """Forget the digest of a person whose account a sign-in has just changed."""
        ...


class Register(Departed, Protocol):
    """The people of directories."""

    def of_ids(self, directory_id: str, ids: Collection[str]) -> Mapping[str, Registered]:
        """Return those who are known, by immutable id."""
        ...

    def purged_among(self, directory_id: str, ids: Collection[str]) -> Collection[str]:
        """Return those of the ids that were purged."""
        ...

    def after(self, directory_id: str, number: int, limit: int) -> Sequence[Registered]:
        """Return a page of everybody in order of their numbers, those after one (-1 from the start)."""
        ...

    def next_number(self, directory_id: str) -> int:
        """Return the first number that is free."""
        ...

    def count_present(self, directory_id: str) -> int:
        """Return how many people are present."""
        ...

    def count_left(self, directory_id: str, since: datetime) -> Mapping[tuple[int, int | None], int]:
        """Return how many left since a time, by the run that noticed it and the first that proposed it."""
        ...

    def with_access(
        self, directory_id: str, disabled_before: datetime, absent_before: datetime
    ) -> Sequence[Registered]:
        """Return up to 500 people who left before a time, each standing its own, and still have access."""
        ...

    def long_absent(self, directory_id: str, before: datetime) -> Sequence[Registered]:
        """Return up to 500 absent people whose access ended before a time."""
        ...

    def left_in(self, directory_id: str, run_number: int) -> Sequence[Registered]:
        """Return up to 500 people whom a run noticed to have left."""
        ...

    def unregistered(self, directory_id: str, limit: int) -> Sequence[str]:
        """Return immutable ids of accounts whose person is not in the register yet."""
        ...

    def add(self, directory_id: str, people: Iterable[Registered]) -> None:
        """Remember new people."""
        ...

    def put(self, directory_id: str, person: Registered) -> None:
        """Replace what is remembered of a person."""
        ...

    def purge(self, directory_id: str, person: Registered, now: datetime) -> None:
        """Forget a person for good, but for a digest of the id."""
        ...


class Staff(Protocol):
    """Clerks' accounts, as a whole page of them needs them."""

    def add(self, person: Person, account: Account, now: datetime) -> None:
        """Remember a new clerk at the end of the unit, which fails as a whole if the account exists."""
        ...

    def remove(self, account: Account) -> None:
        """Remove a clerk's account with what services knew of it, and a person who has no other."""
        ...

    def among(self, directory_id: str, immutable_ids: Collection[str]) -> Mapping[str, Account]:
        """Return the accounts of a directory's people, by immutable id."""
        ...


class SyncRuns(Protocol):
    """The runs, who may make them, and where the next one begins."""

    def state(self, directory_id: str) -> SyncState:
        """Return what is known between runs."""
        ...

    def take(self, directory_id: str, holder: str, until: datetime, now: datetime) -> bool:
        """Take the lease of a directory unless somebody holds it."""
        ...

    def hold(self, directory_id: str, holder: str, until: datetime) -> bool:
        """Hold on to the lease; false when somebody else has it now, and then nothing may be written."""
        ...

    def release(self, directory_id: str, holder: str) -> None:
        """Give the lease back."""
        ...

    def begin(self, directory_id: str, kind: RunKind, expected: int, now: datetime) -> Run:
        """Begin a run; one that was still going on is lost."""
        ...

    def keep(self, run: Run) -> None:
        """Keep the report as it stands."""
        ...

    def keep_position(self, directory_id: str, position: Position | None) -> None:
        """Remember where the next run begins."""
        ...

    def keep_full(self, directory_id: str, now: datetime) -> None:
        """Remember that everybody was read, and what it meant was done."""
        ...

    def run(self, directory_id: str, number: int) -> Run | None:
        """Return a run, or None."""
        ...

    def latest(self, directory_id: str, limit: int) -> Sequence[Run]:
        """Return the latest runs of a directory, newest first."""
        ...

    def last(self, directory_id: str, kind: RunKind, *, or_stopped: bool = False) -> Run | None:
        """Return the latest run of a kind that completed, or also one that stopped; None without any."""
        ...

    def by_state(self, directory_id: str, since: datetime) -> Mapping[RunState, int]:
        """Return how many runs began since a time, by how they stand; a state without one is left out."""
        ...

    def approve(self, directory_id: str, number: int, by: str, now: datetime) -> bool:
        """Approve a stopped run; false if it did not stop or was approved already."""
        ...

    def approved(self, directory_id: str, since: datetime) -> Sequence[Run]:
        """Return the runs that were approved since a time."""
        ...
