"""How far each sink has the audit log, and the entries that it is to have next, by their places.

One worker at a time delivers to a sink: the one that holds it, until `held_until`. Only the holder moves the
cursor, so that a worker that was slow moves nothing back; what it had sent then comes twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql

from sso.audit.found import BrokenEntry
from sso.audit.record import AuditRecord
from sso.audit.slice import LogSlice, accounts_in
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_rows import KeptEntry, found_of
from sso.storage.audit_tree import Head
from sso.storage.columns import UtcDateTime
from sso.storage.detection import Place
from sso.storage.many import named, padded
from sso.storage.tables import account, audit_event, audit_leaf, audit_sink
from sso.storage.unit_of_work import UnitOfWork

_S, _L, _A = audit_sink.c, audit_leaf.c, audit_event.c
_MAX_REASON_LENGTH = 500
_ALL = select(audit_sink).order_by(_S.name)
_ONE = select(audit_sink).where(_S.name == bindparam("sink"))
_OPEN = postgresql.insert(audit_sink).on_conflict_do_nothing().returning(_S.name)
_HOLD = (
    update(audit_sink)
    .where(
        _S.name == bindparam("sink"),
        or_(
            _S.held_until.is_(None),
            _S.held_until < bindparam("now", type_=UtcDateTime()),
            _S.holder == bindparam("by"),
        ),
    )
    .values(holder=bindparam("by"), held_until=bindparam("until"))
    .returning(*_S)
)
_held = (_S.name == bindparam("sink"), _S.holder == bindparam("by"))
_RELEASE = update(audit_sink).where(*_held).values(held_until=None)
_PASS = (
    update(audit_sink)
    .where(*_held)
    .values(
        epoch=bindparam("to_epoch"),
        next_index=bindparam("to_index"),
        missed=bindparam("missed_now"),
        missed_from=bindparam("missed_since"),
        held_until=bindparam("until"),
    )
)
_ADVANCE = _PASS.values(delivered_at=bindparam("now"), failures=0, failing_since=None, reason="")
_FAIL = (
    update(audit_sink)
    .where(*_held)
    .values(
        failures=_S.failures + 1,
        failing_since=bindparam("since"),
        reason=bindparam("why"),
        held_until=None,
    )
    .returning(_S.failures)
)
_PLACED = (
    select(_L.leaf_index, audit_event)
    .outerjoin(audit_event, _A.id == _L.event_id)
    .where(
        _L.epoch == bindparam("of_epoch"),
        _L.leaf_index >= bindparam("begin"),
        _L.leaf_index < bindparam("end"),
    )
    .order_by(_L.leaf_index)
)


@dataclass(frozen=True, slots=True)
class SinkState:
    """How far a sink is: `place` is what it is to have next.

    `missed` entries from `missed_from` on were passed over just before `place` and are not on record yet.
    Of one that is pulled they are those that its reader was told to be gone there, and they are on record.
    """

    name: str
    place: Place
    delivered_at: datetime | None
    failures: int
    failing_since: datetime | None
    reason: str
    missed: int
    missed_from: int | None


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """What stands at a place; None where it has gone, or cannot be read."""

    index: int
    record: AuditRecord | None


@dataclass(frozen=True, slots=True)
class Told:
    """A record as it is told outside, and where it stands in the log."""

    record: AuditRecord
    place: Place

    @property
    def at(self) -> tuple[int, int]:
        """Its epoch and index."""
        return self.place.epoch, self.place.index


class SqlAuditSinks:
    """The cursors of the sinks."""

    __slots__ = ("_keys", "_unit")

    def __init__(self, unit: UnitOfWork, keys: AuditKeys) -> None:
        self._unit = unit
        self._keys = keys

    def all(self) -> Sequence[SinkState]:
        """Return every sink that was ever opened, by name."""
        return [_state(row) for row in self._unit.rows(_ALL)]

    def state(self, name: str) -> SinkState | None:
        """Return how far a sink is, None before it is opened."""
        row = self._unit.row(_ONE, {"sink": name})
        return None if row is None else _state(row)

    def open(self, name: str, place: Place) -> bool:
        """Begin a sink at a place; false if somebody else has just begun it."""
        row = {
            "name": name,
            "epoch": place.epoch,
            "next_index": place.index,
            "failures": 0,
            "reason": "",
            "missed": 0,
            "holder": "",
        }
        return self._unit.row(_OPEN, row) is not None

    def hold(self, name: str, holder: str, now: datetime, seconds: float) -> SinkState | None:
        """Be the one who delivers to a sink for a while; None if somebody else is."""
        given = {"sink": name, "by": holder, "now": now, "until": now + timedelta(seconds=seconds)}
        row = self._unit.row(_HOLD, given)
        return None if row is None else _state(row)

    def release(self, name: str, holder: str) -> None:
        """Let somebody else deliver to a sink."""
        self._unit.change(_RELEASE, {"sink": name, "by": holder})

    def advance(self, state: SinkState, holder: str, until: datetime, delivered_at: datetime | None) -> bool:
        """Note that a sink has everything before `state.place`; false if somebody else holds it by now.

        Where nothing before that was for it (`delivered_at` is None), nobody knows whether it works.
        """
        given: dict[str, Any] = {
            "sink": state.name,
            "by": holder,
            "to_epoch": state.place.epoch,
            "to_index": state.place.index,
            "missed_now": state.missed,
            "missed_since": state.missed_from,
            "until": until,
        }
        if delivered_at is None:
            return self._unit.change(_PASS, given) == 1
        return self._unit.change(_ADVANCE, {**given, "now": delivered_at}) == 1

    def failed(self, state: SinkState, holder: str, reason: str, now: datetime) -> int:
        """Count a failure, let go of the sink, and return how many there were in a row; 0 for others."""
        given = {
            "sink": state.name,
            "by": holder,
            "since": state.failing_since or now,
            "why": reason[:_MAX_REASON_LENGTH],
        }
        row = self._unit.row(_FAIL, given)
        return 0 if row is None else int(row.failures)

    def placed(self, place: Place, end: int, *, bodies_only: bool = False) -> Sequence[PlacedRecord]:
        """Return what stands from a place up to an index of its epoch; bodies alone need no keys."""
        given = {"of_epoch": place.epoch, "begin": place.index, "end": end}
        rows = self._unit.rows(_PLACED, given)
        there = [row for row in rows if row.id is not None]
        stored = [KeptEntry(row.id, row.body, None, None, None) for row in there] if bodies_only else there
        found = {
            row.leaf_index: each
            for row, each in zip(there, found_of(stored, self._keys), strict=True)
            if not isinstance(each, BrokenEntry)
        }
        return [PlacedRecord(row.leaf_index, found.get(row.leaf_index)) for row in rows]

    def told(self, found: Sequence[PlacedRecord], epoch: int, part: LogSlice) -> list[Told]:
        """Return what a slice tells of what was found."""
        directories: Mapping[str, str | None] = {}
        if part.directory_id is not None:
            accounts = {each for one in found if one.record for each in accounts_in(one.record)}
            directories = self.directories_of(accounts)
        told = []
        for one in found:
            record = None if one.record is None else part.of(one.record, directories)
            if record is not None:
                told.append(Told(record, Place(epoch, one.index)))
        return told

    def directories_of(self, account_ids: Collection[str]) -> Mapping[str, str | None]:
        """Return the directory of each account that exists; None for a citizen's."""
        if not account_ids:
            return {}
        wanted = padded(sorted(account_ids))
        return {row.id: row.directory_id for row in self._unit.rows(_among(len(wanted)), named(wanted))}


def size_of(epoch: int, heads: Sequence[Head]) -> int:
    """Return how many entries a tree has; 0 if there is none of that number."""
    return next((head.frontier.size for head in heads if head.epoch == epoch), 0)


def following_epoch(epoch: int, heads: Sequence[Head]) -> int | None:
    """Return the number of the tree that comes after one."""
    return next((head.epoch for head in heads if head.epoch > epoch), None)


def entries_from(place: Place, heads: Sequence[Head]) -> int:
    """Return how many entries have their places from one place on."""
    here = sum(max(0, head.frontier.size - place.index) for head in heads if head.epoch == place.epoch)
    return here + sum(head.frontier.size for head in heads if head.epoch > place.epoch)


@cache
def _among(size: int) -> Select[Any]:
    ids: list[BindParameter[str]] = [bindparam(f"id_{place}") for place in range(size)]
    return select(account.c.id, account.c.directory_id).where(account.c.id.in_(ids))


def _state(row: Row[Any]) -> SinkState:
    return SinkState(
        name=row.name,
        place=Place(row.epoch, row.next_index),
        delivered_at=row.delivered_at,
        failures=row.failures,
        failing_since=row.failing_since,
        reason=row.reason,
        missed=row.missed,
        missed_from=row.missed_from,
    )
