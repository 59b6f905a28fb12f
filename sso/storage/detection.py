"""How far detection rules have judged the log, who judges it now, and what each rule remembers.

Where a new tree was begun because the log had been cut, the entries that lost their places are given new ones
there and judged again: a finding may then count a record twice, but none is passed over.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql

from sso.audit.record import moment_of_id
from sso.storage.audit_selection import id_from
from sso.storage.audit_tree import SqlAuditTree
from sso.storage.tables import audit_head, audit_leaf, detection_place, detection_rule
from sso.storage.unit_of_work import UnitOfWork

_ROW = 1
_P, _R, _H, _L = detection_place.c, detection_rule.c, audit_head.c, audit_leaf.c
_PLACE = select(detection_place).where(_P.id == _ROW)
_BEGIN = postgresql.insert(detection_place).on_conflict_do_nothing()
_TAKE = (
    update(detection_place)
    .where(_P.id == _ROW, _P.judge == bindparam("of_judge"), _P.held_until == bindparam("held"))
    .values(judge=bindparam("new_judge"), held_until=bindparam("until"))
)
_ADVANCE = (
    update(detection_place)
    .where(_P.id == _ROW, _P.judge == bindparam("of_judge"))
    .where(_P.epoch == bindparam("of_epoch"), _P.leaf_index == bindparam("of_index"))
    .values(epoch=bindparam("to_epoch"), leaf_index=bindparam("to_index"), held_until=bindparam("until"))
)
_RELEASE = (
    update(detection_place)
    .where(_P.id == _ROW, _P.judge == bindparam("of_judge"))
    .values(held_until=bindparam("now"))
)
_SIZE = select(_H.size).where(_H.epoch == bindparam("of_epoch"))
_NEXT_EPOCH = select(_H.epoch).where(_H.epoch > bindparam("of_epoch")).order_by(_H.epoch).limit(1)
_NEWEST = select(_H.epoch, _H.size).order_by(_H.epoch.desc()).limit(1)
_SINCE = (
    select(_L.epoch, _L.leaf_index).where(_L.event_id >= bindparam("of_event")).order_by(_L.event_id).limit(1)
)
_NEXT_IN = (
    select(_L.event_id)
    .where(_L.epoch == bindparam("of_epoch"), _L.leaf_index >= bindparam("of_index"))
    .order_by(_L.leaf_index)
    .limit(1)
)
_NEXT_AFTER = (
    select(_L.event_id).where(_L.epoch > bindparam("of_epoch")).order_by(_L.epoch, _L.leaf_index).limit(1)
)
_RULES = select(detection_rule)
_REMEMBER = postgresql.insert(detection_rule)
_REMEMBER = _REMEMBER.on_conflict_do_update(
    index_elements=[_R.name],
    set_={
        name: _REMEMBER.excluded[name] for name in ("text_sha256", "epoch", "leaf_index", "memory", "error")
    },
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the log: everything before it was judged, is remembered, or has been delivered."""

    epoch: int
    index: int


@dataclass(frozen=True, slots=True)
class Judging:
    """How far the log was judged, by whom; nobody else judges before `held_until`."""

    place: Place
    judge: str
    held_until: datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a rule whose text has this digest remembers of the log before a place; `error`: it is off."""

    name: str
    digest: str
    place: Place
    memory: bytes
    error: str | None = None


class SqlDetection:
    """The state of detection."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def judging(self) -> Judging | None:
        """Return how far the log was judged; None before anybody has begun."""
        row = self._unit.row(_PLACE)
        return None if row is None else Judging(Place(row.epoch, row.leaf_index), row.judge, row.held_until)

    def begin(self, place: Place, judge: str, until: datetime) -> None:
        """Begin to judge at a place, unless somebody has begun."""
        row = {
            "id": _ROW,
            "epoch": place.epoch,
            "leaf_index": place.index,
            "judge": judge,
            "held_until": until,
        }
        self._unit.change(_BEGIN, row)

    def take(self, known: Judging, judge: str, until: datetime) -> bool:
        """Judge from now on, in the place of whoever did; true for one caller only."""
        asked = {"of_judge": known.judge, "held": known.held_until, "new_judge": judge, "until": until}
        return self._unit.change(_TAKE, asked) == 1

    def advance(self, known: Judging, to: Place, until: datetime) -> bool:
        """Note that the log was judged up to a place; false if somebody else has judged it meanwhile."""
        asked = {
            "of_judge": known.judge,
            "of_epoch": known.place.epoch,
            "of_index": known.place.index,
            "to_epoch": to.epoch,
            "to_index": to.index,
            "until": until,
        }
        return self._unit.change(_ADVANCE, asked) == 1

    def release(self, judge: str, now: datetime) -> None:
        """Let somebody else judge from now on, if this one does."""
        self._unit.change(_RELEASE, {"of_judge": judge, "now": now})

    def first_since(self, moment: datetime) -> Place | None:
        """Return the place of the first record since a moment, or the end of the log; None: there is none."""
        row = self._unit.row(_SINCE, {"of_event": id_from(moment)})
        if row is not None:
            return Place(row.epoch, row.leaf_index)
        newest = self._unit.row(_NEWEST)
        return None if newest is None else Place(newest.epoch, newest.size)

    def step(self, place: Place, size: int) -> Place:
        """Return the place up to `size` records on, in the next tree where this one ends.

        The same place is returned where nothing comes after it; an earlier one in a log that was cut.
        """
        head = self._unit.row(_SIZE, {"of_epoch": place.epoch})
        end = place.index if head is None else int(head.size)
        if end != place.index:
            return Place(place.epoch, min(end, place.index + size))
        later = self._unit.row(_NEXT_EPOCH, {"of_epoch": place.epoch})
        return place if later is None else Place(later.epoch, 0)

    def unjudged_since(self) -> datetime | None:
        """Return when the oldest event happened that no rule has judged; None where they have seen all.

        It may wait for its place in the log, which rules go by, or have one that nobody has come to.
        """
        known = self.judging()
        place = Place(0, 0) if known is None else known.place
        asked = {"of_epoch": place.epoch, "of_index": place.index}
        row = self._unit.row(_NEXT_IN, asked) or self._unit.row(_NEXT_AFTER, {"of_epoch": place.epoch})
        return SqlAuditTree(self._unit).waits_since() if row is None else moment_of_id(row.event_id)

    def remembered(self) -> Sequence[Remembered]:
        """Return what every rule remembers."""
        return [
            Remembered(
                name=row.name,
                digest=row.text_sha256,
                place=Place(row.epoch, row.leaf_index),
                memory=row.memory,
                error=row.error,
            )
            for row in self._unit.rows(_RULES)
        ]

    def remember(self, remembered: Remembered) -> None:
        """Keep what a rule remembers."""
        row = {
            "name": remembered.name,
            "text_sha256": remembered.digest,
            "epoch": remembered.place.epoch,
            "leaf_index": remembered.place.index,
            "memory": remembered.memory,
            "error": remembered.error,
        }
        self._unit.change(_REMEMBER, row)

    def forget(self, names: Collection[str]) -> None:
        """Forget what some rules remembered; whoever judges next has them read the log again."""
        self._unit.change(delete(detection_rule).where(_R.name.in_(sorted(names)), _R.memory != b""))

    def forget_others(self, names: Collection[str]) -> None:
        """Forget what rules of other names remembered: they judge no more. That one failed stays known."""
        gone = delete(detection_rule).where(_R.name.not_in(sorted(names)), _R.memory != b"")
        self._unit.change(gone)
