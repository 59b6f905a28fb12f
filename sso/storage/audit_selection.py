"""Questions to the log as statements: the same for its database and for its archive."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, literal, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from sso.audit.query import AuditQuery, Bar
from sso.audit.record import Outcome, first_id_of
from sso.storage.audit_facets import facets
from sso.storage.audit_keys import AuditKeys
from sso.storage.columns import UtcDateTime
from sso.storage.tables import audit_event

MAX_BARS = 1000
_A = audit_event.c
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)
_LAST = datetime.max.replace(tzinfo=UTC) - _MILLISECOND


def newest_first(query: AuditQuery, keys: AuditKeys, begin: datetime | None = None) -> Select[Any]:
    """Return the SELECT of a page of entries, newest first; with `begin` only those from its millisecond on.

    Raises:
        ValueError: `address` is neither an address nor a network.
    """
    wanted = _wanted(query, keys)
    if query.before is not None:
        wanted = wanted.where(_A.id < query.before)
    if begin is not None:
        wanted = wanted.where(_A.id >= id_from(begin))
    return wanted.order_by(_A.id.desc()).limit(query.limit)


def oldest_first(query: AuditQuery, after: str, keys: AuditKeys) -> Select[Any]:
    """Return the SELECT of a page of entries, oldest first, those after an id.

    Raises:
        ValueError: `address` is neither an address nor a network.
    """
    return _wanted(query, keys).where(_A.id > after).order_by(_A.id).limit(query.limit)


class TooManyRecords(ValueError):
    """An answer would cost more than was allowed: ask for a shorter time."""


def counted(query: AuditQuery, bars: int, keys: AuditKeys, part: AuditQuery | None = None) -> Select[Any]:
    """Return the SELECT of how many records a question finds, its page aside, by `bar` and `outcome`.

    `part` is the same question of a part of its time range, whose records alone are counted.

    Raises:
        ValueError: `address` is neither an address nor a network, or the number of bars is absurd.
    """
    require_bars(bars)
    since = bindparam("histogram_since", query.since, type_=UtcDateTime())
    step = step_of(_A.occurred_at, since, width_of(query, bars))
    narrower = facets(query, keys)
    part = part or query
    within = [*_range(part), *narrower] if narrower else _moments(part)  # their index has all of it
    records = select(number_of(step).label("bar"), _A.outcome, func.count().label("records"))
    return records.where(*within).group_by(step, _A.outcome)


def require_bars(bars: int) -> None:
    """Refuse a histogram of no bars, or of too many.

    Raises:
        ValueError: the number of bars is absurd.
    """
    if not 1 <= bars <= MAX_BARS:
        msg = f"a histogram has 1 to {MAX_BARS} bars"
        raise ValueError(msg)


def bars_of(query: AuditQuery, bars: int, rows: Iterable[Any]) -> Sequence[Bar]:
    """Return equal steps of a question's time range, from rows of `counted`; empty ones included."""
    counts = Counter[tuple[int, str]]()
    for row in rows:
        counts[int(row.bar), row.outcome] += int(row.records)
    return [
        Bar(
            start=query.since + number * width_of(query, bars),
            success=counts[number, Outcome.SUCCESS.value],
            failure=counts[number, Outcome.FAILURE.value],
        )
        for number in range(bars)
    ]


def id_from(moment: datetime) -> str:
    """What the ids of a millisecond begin with (RFC 9562 5.7): it sorts before each of them."""
    return first_id_of(moment)[:13]


def width_of(query: AuditQuery, bars: int) -> timedelta:
    """Return how long a bar is."""
    return -((query.until - query.since) // -bars)


def _wanted(query: AuditQuery, keys: AuditKeys) -> Select[Any]:
    """Everything that a question finds, in no order."""
    return select(audit_event).where(*_range(query), *facets(query, keys))


def step_of(moment: ColumnElement[Any], since: ColumnElement[Any], width: timedelta) -> "_Step":
    """Return what all moments of a bar have in common; grouped by it, `number_of` says which bar that is."""
    return _Step(moment, since, literal(width // _MICROSECOND, BigInteger()))


def number_of(step: "_Step") -> ColumnElement[int]:
    """Return the number of the bar that a step is, from 0 on."""
    _, since, width = step.clauses
    return _Number(step, since, width)


class _Step(FunctionElement[Any]):
    """Of a time, the first one, and a number of microseconds: how often these fit between the two.

    On PostgreSQL the time at which the last of them begins: to subtract two times and count microseconds
    takes as long there as all else that is done to count an entry.
    """

    inherit_cache = True


class _Number(FunctionElement[int]):
    """The number of a step, from the first time on, in steps of so many microseconds."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Step, "sqlite")
def _step_sqlite(element: _Step, compiler: SQLCompiler, **kw: Any) -> str:
    moment, since, width = (compiler.process(each, **kw) for each in element.clauses)
    return f"(({moment} - {since}) / {width})"


@compiles(_Step, "duckdb")
def _step_duckdb(element: _Step, compiler: SQLCompiler, **kw: Any) -> str:
    moment, since, width = (compiler.process(each, **kw) for each in element.clauses)
    return f"(({moment} - {since}) // {width})"


@compiles(_Step, "postgresql")
def _step_postgresql(element: _Step, compiler: SQLCompiler, **kw: Any) -> str:
    moment, since, width = (compiler.process(each, **kw) for each in element.clauses)
    return f"date_bin(CAST({width} AS BIGINT) * INTERVAL '1 microsecond', {moment}, {since})"


@compiles(_Number, "sqlite")
@compiles(_Number, "duckdb")
def _number_of_integers(element: _Number, compiler: SQLCompiler, **kw: Any) -> str:
    step, *_ = element.clauses
    return compiler.process(step, **kw)


@compiles(_Number, "postgresql")
def _number_postgresql(element: _Number, compiler: SQLCompiler, **kw: Any) -> str:
    step, since, width = (compiler.process(each, **kw) for each in element.clauses)
    return f"CAST(extract(epoch FROM {step} - {since}) * 1000000 AS BIGINT) / {width}"


def _range(query: AuditQuery) -> list[ColumnElement[bool]]:
    """The time range by id, which is in the order of time and ends every index; and then exactly.

    The times are asked for in words that no index answers. A planner does not know that they are the ids once
    more: it would take both together for very few entries, and read all of both indexes to sort what is left.
    """
    ids = [_A.id >= id_from(query.since), _A.id < id_from(min(query.until, _LAST) + _MILLISECOND)]
    outside = (_A.occurred_at < query.since, _A.occurred_at >= query.until)
    return [*ids, *(each.is_not(true()) for each in outside)]


def _moments(query: AuditQuery) -> list[ColumnElement[bool]]:
    """The time range, exactly."""
    return [_A.occurred_at >= query.since, _A.occurred_at < query.until]
