"""What one page of entries changes, against what is known of the same people."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from sso.directory.sync.row import Row
from sso.directory.sync.stages import Registered, Standing


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is new, whose data changed, who came back, whom the department switched off, and who stays away.

    `off_again` are absent people whose entry is back and switched off: their access does not return.
    `refused` were purged: an older copy of the directory gives nobody their access back.
    `withdrawn` were proposed to leave and are well: the proposal ends.
    """

    new: tuple[Row, ...] = ()
    changed: tuple[tuple[Registered, Row], ...] = ()
    returned: tuple[Registered, ...] = ()
    leaving: tuple[Registered, ...] = ()
    off_again: tuple[Registered, ...] = ()
    withdrawn: tuple[Registered, ...] = ()
    refused: tuple[Row, ...] = ()
    unchanged: int = 0

    @property
    def writes(self) -> bool:
        """Whether anything at once is to be written; who leaves is written at the end of the run."""
        return bool(self.new or self.changed or self.returned or self.off_again or self.withdrawn)


def plan_of(rows: Iterable[Row], known: Mapping[str, Registered], purged: Collection[str]) -> Plan:
    """The plan for rows, one for each immutable id. `known` and `purged` go by immutable id."""
    rows = list(rows)
    met = [(known[row.immutable_id], row) for row in rows if row.immutable_id in known]
    strange = [row for row in rows if row.immutable_id not in known]
    turns: dict[_Turn, list[Registered]] = {turn: [] for turn in _Turn}
    for person, row in met:
        turns[_turn(person, row)].append(person)
    return Plan(
        new=tuple(row for row in strange if row.immutable_id not in purged),
        refused=tuple(row for row in strange if row.immutable_id in purged),
        changed=tuple((person, row) for person, row in met if person.digest != row.digest),
        returned=tuple(turns[_Turn.RETURNED]),
        leaving=tuple(turns[_Turn.LEAVING]),
        off_again=tuple(turns[_Turn.OFF_AGAIN]),
        withdrawn=tuple(turns[_Turn.WITHDRAWN]),
        unchanged=sum(
            person.digest == row.digest and _turn(person, row) is _Turn.NONE for person, row in met
        ),
    )


class _Turn(Enum):
    """What happens to the standing of somebody known."""

    NONE = "none"
    RETURNED = "returned"
    LEAVING = "leaving"
    OFF_AGAIN = "off_again"
    WITHDRAWN = "withdrawn"


def _turn(person: Registered, row: Row) -> _Turn:
    match person.standing, row.is_disabled:
        case Standing.PRESENT, True:
            return _Turn.LEAVING
        case Standing.PRESENT, False:
            return _Turn.NONE if person.proposed_in is None else _Turn.WITHDRAWN
        case Standing.ABSENT, True:
            return _Turn.OFF_AGAIN
        case Standing.DISABLED, True:
            return _Turn.NONE
        case _:
            return _Turn.RETURNED
