"""The audit log: appended with the state it reports, searched by time and identifier."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, and_, bindparam, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from sso.audit.query import AuditQuery, Bar
from sso.audit.record import AuditEvent, AuditRecord, Origin, Outcome, Severity, record_of
from sso.storage.columns import UtcDateTime
from sso.storage.counts import count
from sso.storage.tables import audit_event
from sso.storage.unit_of_work import UnitOfWork

MAX_BARS = 1000
_A = audit_event.c
_FIND = select(audit_event).where(_A.id == bindparam("key"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)


class SqlAuditLog:
    """`sso.oidc.stores.AuditLog` in SQL: rows are inserted just before the commit."""

    __slots__ = ("_appended", "_unit")

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._appended = 0

    def append(self, event: AuditEvent, now: datetime) -> str:
        """Record an event and return its id."""
        record = record_of(event, self._unit.origin, now, self._appended)
        self._appended += 1
        self._unit.collect(audit_event, _row(record))
        self._unit.after_commit(lambda: count(record))
        return record.id


class SqlAuditSearch:
    """Questions to the log."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def search(self, query: AuditQuery) -> Sequence[AuditRecord]:
        """Return a page of records, newest first.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        self._unit.flush()
        wanted = select(audit_event).where(*_ids(query), *_moments(query), *_facets(query))
        if query.before is not None:
            wanted = wanted.where(_A.id < query.before)
        page = self._unit.rows(wanted.order_by(_A.id.desc()).limit(query.limit))
        return [_record(row) for row in page]

    def find(self, event_id: str) -> AuditRecord | None:
        """Return one record, or None."""
        self._unit.flush()
        row = self._unit.row(_FIND, {"key": event_id})
        return None if row is None else _record(row)

    def histogram(self, query: AuditQuery, bars: int) -> list[Bar]:
        """Count what a query finds, its page aside, in equal steps of its time range; empty ones included.

        Raises:
            ValueError: `address` is neither an address nor a network, or the number of bars is absurd.
        """
        if not 1 <= bars <= MAX_BARS:
            msg = f"a histogram has 1 to {MAX_BARS} bars"
            raise ValueError(msg)
        self._unit.flush()
        width = -((query.until - query.since) // -bars)
        since = bindparam("histogram_since", query.since, type_=UtcDateTime())
        index = (_Microseconds(_A.occurred_at, since) // (width // _MICROSECOND)).label("bar")
        facets = _facets(query)
        within = [*_ids(query), *facets] if facets else []  # without a facet the index of times has it all
        counted = select(index, _A.outcome, func.count().label("records")).where(*_moments(query), *within)
        found = self._unit.rows(counted.group_by(index, _A.outcome))
        counts = {(int(row.bar), row.outcome): int(row.records) for row in found}
        return [
            Bar(
                start=query.since + number * width,
                success=counts.get((number, Outcome.SUCCESS.value), 0),
                failure=counts.get((number, Outcome.FAILURE.value), 0),
            )
            for number in range(bars)
        ]


class _Microseconds(FunctionElement[int]):
    """Microseconds from the second time to the first: SQLite holds integers, PostgreSQL subtracts."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Microseconds, "sqlite")
def _microseconds_sqlite(element: _Microseconds, compiler: SQLCompiler, **kw: Any) -> str:
    later, earlier = element.clauses
    return f"({compiler.process(later, **kw)} - {compiler.process(earlier, **kw)})"


@compiles(_Microseconds, "postgresql")
def _microseconds_postgresql(element: _Microseconds, compiler: SQLCompiler, **kw: Any) -> str:
    later, earlier = element.clauses
    difference = f"{compiler.process(later, **kw)} - {compiler.process(earlier, **kw)}"
    return f"CAST(extract(epoch FROM {difference}) * 1000000 AS BIGINT)"


def _ids(query: AuditQuery) -> list[ColumnElement[bool]]:
    """The time range by id, which is in the order of time and ends every index."""
    return [_A.id >= _id_from(query.since), _A.id < _id_from(query.until + _MILLISECOND)]


def _moments(query: AuditQuery) -> list[ColumnElement[bool]]:
    """The time range, exactly."""
    return [_A.occurred_at >= query.since, _A.occurred_at < query.until]


def _facets(query: AuditQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name in ("client_id", "account_id", "session_id", "grant_id", "request_id"):
        value = getattr(query, name)
        if value is not None:
            found.append(_A[name] == value)
    if query.outcome is not None:
        found.append(_A.outcome == query.outcome.value)
    if query.events:
        found.append(or_(*(_event(wanted) for wanted in query.events)))
    if query.address is not None:
        first, last = _network(query.address)
        found.append(_A.address_bytes.between(first, last))
    return found


def _event(wanted: str) -> ColumnElement[bool]:
    family = wanted.removesuffix("*")
    if not family.endswith("."):
        return _A.event == wanted
    return and_(_A.event > family, _A.event < family[:-1] + "/")  # "/" follows "." in ASCII


def _id_from(moment: datetime) -> str:
    """The smallest id of a millisecond (RFC 9562 5.7)."""
    milliseconds = max(0, (moment - _EPOCH) // _MILLISECOND)
    text = f"{milliseconds:012x}"
    return f"{text[:8]}-{text[8:]}"


def _network(text: str) -> tuple[bytes, bytes]:
    network = ipaddress.ip_network(text, strict=False)
    return _sixteen(network.network_address), _sixteen(network.broadcast_address)


def _sixteen(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bytes:
    """Sixteen bytes that sort as addresses do: IPv4 as ::ffff:0:0/96 (RFC 4291 2.5.5.2)."""
    return address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed


@lru_cache(maxsize=4096)
def _address(text: str | None) -> tuple[str | None, bytes | None]:
    """The canonical text and sortable bytes; text that is no address stays, and no network contains it."""
    if text is None:
        return None, None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text, None
    return str(address), _sixteen(address)


def _row(record: AuditRecord) -> dict[str, Any]:
    origin = record.origin
    address, address_bytes = _address(origin.address)
    return {
        "id": record.id,
        "event": record.event,
        "occurred_at": record.occurred_at,
        "outcome": record.outcome.value,
        "severity": int(record.severity),
        "client_id": record.client_id,
        "account_id": record.account_id,
        "session_id": record.session_id,
        "grant_id": record.grant_id,
        "request_id": origin.request_id,
        "address": address,
        "address_bytes": address_bytes,
        "origin": {"user_agent": origin.user_agent, "trace_id": origin.trace_id, "actor": origin.actor},
        "detail": record.detail,
    }


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        event=row.event,
        occurred_at=row.occurred_at,
        outcome=Outcome(row.outcome),
        severity=Severity(row.severity),
        client_id=row.client_id,
        account_id=row.account_id,
        session_id=row.session_id,
        grant_id=row.grant_id,
        origin=Origin(address=row.address, request_id=row.request_id, **row.origin),
        detail=row.detail,
    )
