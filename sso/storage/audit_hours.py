"""The counts of the log by the hour: how many entries of a kind have their places.

Who gives an entry its place counts it, in the same transaction: whatever crashes, each is counted once, in
the hour of its own time, however late it comes. The head of a tree says how far that goes, for a worker of a
release that counts nothing may have given places: the next one counts what it left. What waits for its place
is not counted yet: a question adds it (`sso.storage.audit_hour_bars`). Nothing here tells of a person; all is
derived from the entries.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    delete,
    exists,
    func,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from sso.storage.audit_parts import PART_SECONDS
from sso.storage.audit_selection import id_from
from sso.storage.columns import UtcDateTime
from sso.storage.tables import audit_event, audit_head, audit_hour, audit_leaf, audit_pending
from sso.storage.unit_of_work import UnitOfWork

HOUR = timedelta(hours=1)
MOST_AT_ONCE = 50_000
"""So many entries are counted by one statement."""
_A, _L, _P, _H, _T = audit_event.c, audit_leaf.c, audit_pending.c, audit_hour.c, audit_head.c
_KEY = [each.name for each in audit_hour.primary_key]


class _Hour(FunctionElement[datetime]):
    """The first moment of the hour, in UTC, of a time."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(_Hour, "sqlite")
def _hour_sqlite(element: _Hour, compiler: SQLCompiler, **kw: Any) -> str:
    (moment,) = (compiler.process(each, **kw) for each in element.clauses)
    return f"({moment} - {moment} % {HOUR // timedelta(microseconds=1)})"


@compiles(_Hour, "postgresql")
def _hour_postgresql(element: _Hour, compiler: SQLCompiler, **kw: Any) -> str:
    (moment,) = (compiler.process(each, **kw) for each in element.clauses)
    return f"date_trunc('hour', {moment}, 'UTC')"


def behind() -> ColumnElement[bool]:
    """Return whether an entry has a place and is not counted yet, as a condition of a statement."""
    return exists().where(_T.counted.is_distinct_from(_T.size))


def hour_of_entry() -> ColumnElement[datetime]:
    """Return the hour of an entry's own time, as a column."""
    return _Hour(_A.occurred_at)


_KIND = [hour_of_entry(), _A.event, _A.outcome, _A.severity, func.coalesce(_A.client_id, "")]
_kinds = [each.label(name) for each, name in zip(_KIND, _KEY, strict=True)]
_PUT = postgresql.insert(audit_hour)
_placed = (
    select(*_kinds, (func.count() * bindparam("times")).label("events"))
    .join(audit_leaf, _L.event_id == _A.id)
    .where(
        _L.epoch == bindparam("of_epoch"),
        _L.leaf_index >= bindparam("first_index"),
        _L.leaf_index < bindparam("end_index"),
    )
    .group_by(*_KIND)
)
_COUNT = _PUT.from_select([*_KEY, "events"], _placed).on_conflict_do_update(
    index_elements=_KEY, set_={"events": _H.events + _PUT.excluded.events}
)
_FORGET = delete(audit_hour).where(_H.hour >= bindparam("first_hour"), _H.hour < bindparam("end_hour"))
_BEHIND = select(_T.epoch, _T.size, _T.counted).where(_T.counted.is_distinct_from(_T.size))
_ALL_COUNTED = update(audit_head).where(_T.epoch == bindparam("of_epoch")).values(counted=_T.size)
_FIRST_HOUR = select(_H.hour.label("at")).order_by(_H.hour).limit(1)
_LAST_HOUR = select(_H.hour.label("at")).order_by(_H.hour.desc()).limit(1)
_FIRST_ENTRY = select(_A.occurred_at.label("at")).order_by(_A.id).limit(1)
_LAST_ENTRY = select(_A.occurred_at.label("at")).order_by(_A.id.desc()).limit(1)
_BOUNDS = (_FIRST_HOUR, _LAST_HOUR, _FIRST_ENTRY, _LAST_ENTRY)


@dataclass(frozen=True, slots=True)
class Hours:
    """Whole hours, from one up to another."""

    begin: datetime
    end: datetime

    def __iter__(self) -> Iterator[datetime]:
        begin = self.begin
        while begin < self.end:
            yield begin
            begin += HOUR


def hour_of(moment: datetime) -> datetime:
    """Return the first moment of an hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class SqlAuditHours:
    """The counts by the hour."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def count(self, epoch: int, begin: int, end: int) -> int:
        """Count entries by their places, from one index up to another or MOST_AT_ONCE; return up to which."""
        end = min(end, begin + MOST_AT_ONCE)
        self._change(epoch, begin, end, 1)
        return end

    def count_up_to(self, epoch: int, size: int, counted: int) -> None:
        """Count what stands below an index, and not what is counted above it: its places are taken back."""
        while counted < size:
            counted = self.count(epoch, counted, size)
        self._change(epoch, size, counted, -1)

    def catch_up(self) -> None:
        """Count every entry that has a place; whoever does has locked the head of the log."""
        for row in self._unit.rows(_BEHIND):
            self.count_up_to(row.epoch, row.size, min(row.counted or 0, row.size))
            self._unit.change(_ALL_COUNTED, {"of_epoch": row.epoch})

    def forget(self, hours: Hours) -> None:
        """Forget what was counted: the entries go."""
        self._unit.change(_FORGET, {"first_hour": hours.begin, "end_hour": hours.end})

    def known(self) -> Hours | None:
        """Return the hours from the first to the last that has an entry or a count; None where none has."""
        self._unit.flush()
        found = [row.at for row in map(self._unit.row, _BOUNDS) if row is not None]
        return Hours(hour_of(min(found)), hour_of(max(found)) + HOUR) if found else None

    def wrong(self, hours: Hours) -> Sequence[datetime]:
        """Return which hours are not counted as their entries are: in one statement, or in one an hour.

        None is named while an entry that has a place is not counted yet.
        """
        self._unit.flush()
        rows = self._unit.rows_in_time(_wrong(hours), PART_SECONDS)
        if rows is not None:
            return [row.hour for row in rows]
        each = (Hours(begin, begin + HOUR) for begin in hours)
        return [row.hour for one in each for row in self._unit.rows(_wrong(one))]

    def count_again(self, hours: Hours) -> None:
        """Count the entries of some hours anew; whoever does has locked the head of the log."""
        self.forget(hours)
        self._unit.change(_PUT.from_select([*_KEY, "events"], _there(hours)))

    def _change(self, epoch: int, begin: int, end: int, times: int) -> None:
        self._unit.flush()
        if begin >= end:
            return
        asked = {"of_epoch": epoch, "first_index": begin, "end_index": end, "times": times}
        self._unit.change(_COUNT, asked)


def _there(hours: Hours) -> Select[Any]:
    """The entries that have their places, by hour and kind."""
    return (
        select(*_kinds, func.count().label("events"))
        .where(_A.id >= id_from(hours.begin), _A.id < id_from(hours.end))
        .where(_A.occurred_at >= hours.begin, _A.occurred_at < hours.end)
        .where(~exists().where(_P.event_id == _A.id))
        .group_by(*_KIND)
    )


def _wrong(hours: Hours) -> Select[Any]:
    """One statement, so that it sees counts and entries of one moment."""
    counted = select(*(_H[name] for name in _KEY), _H.events)
    counted = counted.where(_H.hour >= hours.begin, _H.hour < hours.end)
    there = _there(hours).subquery("there")
    taken = select(*(there.c[name] for name in _KEY), (-there.c.events).label("events"))
    sums = union_all(counted, taken).subquery("sums")
    kinds = select(sums.c.hour).group_by(*(sums.c[name] for name in _KEY))
    wrong = kinds.where(~behind()).having(func.sum(sums.c.events) != 0).subquery("wrong")
    return select(wrong.c.hour).distinct().order_by(wrong.c.hour)
