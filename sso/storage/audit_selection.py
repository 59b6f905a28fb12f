"""Questions to the log as statements: the same for its database and for its archive."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, select
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
    if not 1 <= bars <= MAX_BARS:
        msg = f"a histogram has 1 to {MAX_BARS} bars"
        raise ValueError(msg)
    since = bindparam("histogram_since", query.since, type_=UtcDateTime())
    index = (_Microseconds(_A.occurred_at, since) // (_width(query, bars) // _MICROSECOND)).label("bar")
    narrower = facets(query, keys)
    part = part or query
    within = [*_ids(part), *narrower] if narrower else []  # without a facet the index of times has it all
    records = select(index, _A.outcome, func.count().label("records")).where(*_moments(part), *within)
    return records.group_by(index, _A.outcome)


def bars_of(query: AuditQuery, bars: int, rows: Iterable[Any]) -> Sequence[Bar]:
    """Return equal steps of a question's time range, from rows of `counted`; empty ones included."""
    counts = Counter[tuple[int, str]]()
    for row in rows:
        counts[int(row.bar), row.outcome] += int(row.records)
    return [
        Bar(
            start=query.since + number * _width(query, bars),
            success=counts[number, Outcome.SUCCESS.value],
            failure=counts[number, Outcome.FAILURE.value],
        )
        for number in range(bars)
    ]


def id_from(moment: datetime) -> str:
    """What the ids of a millisecond begin with (RFC 9562 5.7): it sorts before each of them."""
    return first_id_of(moment)[:13]


def _width(query: AuditQuery, bars: int) -> timedelta:
    return -((query.until - query.since) // -bars)


def _wanted(query: AuditQuery, keys: AuditKeys) -> Select[Any]:
    """Everything that a question finds, in no order."""
    return select(audit_event).where(*_ids(query), *_moments(query), *facets(query, keys))


class _Microseconds(FunctionElement[int]):
    """Microseconds from the second time to the first: integers but in PostgreSQL, which subtracts times."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Microseconds, "sqlite")
@compiles(_Microseconds, "duckdb")
def _microseconds_of_integers(element: _Microseconds, compiler: SQLCompiler, **kw: Any) -> str:
    later, earlier = element.clauses
    return f"({compiler.process(later, **kw)} - {compiler.process(earlier, **kw)})"


@compiles(_Microseconds, "postgresql")
def _microseconds_postgresql(element: _Microseconds, compiler: SQLCompiler, **kw: Any) -> str:
    later, earlier = element.clauses
    difference = f"{compiler.process(later, **kw)} - {compiler.process(earlier, **kw)}"
    return f"CAST(extract(epoch FROM {difference}) * 1000000 AS BIGINT)"


def _ids(query: AuditQuery) -> list[ColumnElement[bool]]:
    """The time range by id, which is in the order of time and ends every index."""
    return [_A.id >= id_from(query.since), _A.id < id_from(min(query.until, _LAST) + _MILLISECOND)]


def _moments(query: AuditQuery) -> list[ColumnElement[bool]]:
    """The time range, exactly."""
    return [_A.occurred_at >= query.since, _A.occurred_at < query.until]
