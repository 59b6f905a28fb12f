"""The report of one run: what was read, what changed, how it ended."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum

from sso.directory.sync.reading import Position


class RunKind(StrEnum):
    """Whether everybody was read or only what changed."""

    FULL = "full"
    CHANGES = "changes"


class RunState(StrEnum):
    """How a run stands. `stopped`: too many would leave, and nobody left; `lost`: its process ended."""

    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """People of one run, by what happened to them.

    `refused` were purged before; `unusable` entries show no id, so that nobody counts as absent; `nameless`
    ones show no sign-in name, so that nobody new is made of them.
    """

    seen: int = 0
    unchanged: int = 0
    created: int = 0
    updated: int = 0
    returned: int = 0
    leaving: int = 0
    access_ended: int = 0
    purged: int = 0
    refused: int = 0
    unusable: int = 0
    nameless: int = 0

    def plus(self, **more: int) -> "Counts":
        """These and more people, by the same names."""
        return replace(self, **{name: getattr(self, name) + number for name, number in more.items()})

    @property
    def nothing_changed(self) -> bool:
        """Whether nobody was touched."""
        return not (
            self.created or self.updated or self.returned or self.leaving or self.access_ended or self.purged
        )

    def as_json(self) -> dict[str, int]:
        """The numbers by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as it is kept. `number` counts the runs of a directory.

    `ended_at` is None while it goes on; `approved_at` and `approved_by` unless it stopped and somebody let
    the people leave; `expected` is the number of people that were present before it.
    """

    directory_id: str
    number: int
    kind: RunKind
    state: RunState
    started_at: datetime
    ended_at: datetime | None = None
    counts: Counts = Counts()
    expected: int = 0
    reason: str = ""
    approved_at: datetime | None = None
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """What is remembered of a directory between runs; None where it has not happened yet."""

    directory_id: str
    position: Position | None = None
    full_at: datetime | None = None
    tried_at: datetime | None = None
    leased_until: datetime | None = None
