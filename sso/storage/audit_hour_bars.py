"""A question's time range as bars of a histogram: which whole hours are counted already, and what is between.

An hour that lies in one bar is answered from the counts (`sso.storage.audit_hours`); one that begins or ends
within a bar, or at the edge of the range, is torn, and its entries are counted one by one.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CompoundSelect, Select, bindparam, func, literal, select, union_all

from sso.audit.query import AuditQuery
from sso.storage.audit_facets import of_kind
from sso.storage.audit_hours import HOUR, Hours, behind, hour_of, hour_of_entry
from sso.storage.audit_selection import id_from, number_of, step_of, width_of
from sso.storage.columns import Text, UtcDateTime
from sso.storage.tables import audit_event, audit_hour, audit_pending

_A, _P, _H = audit_event.c, audit_pending.c, audit_hour.c
NOT_COUNTED = -1
Span = tuple[datetime, datetime]


def counted_by_the_hour(query: AuditQuery) -> bool:
    """Whether the counts know everything that a question asks, its time range aside.

    What no client took part in is counted as of the client "", which the log does not know.
    """
    kind = AuditQuery(since=query.since, until=query.until, before=query.before, limit=query.limit)
    facets = {name: getattr(query, name) for name in ("events", "outcome", "severity", "client_id")}
    return query == replace(kind, **facets) and query.client_id != ""


def whole_hours(query: AuditQuery) -> Hours:
    """Return the whole hours of a time range, the torn ones among them; there may be none."""
    begin, end = hour_of(query.since), hour_of(query.until)
    return Hours(begin if begin == query.since else _next(begin, query), end)


def torn_hours(query: AuditQuery, bars: int) -> Sequence[datetime]:
    """Return the hours that no bar holds as a whole, in order."""
    edges = {query.since + number * width_of(query, bars) for number in range(bars)} | {query.until}
    return sorted({hour_of(edge) for edge in edges if edge != hour_of(edge) and edge <= query.until})


def _next(hour: datetime, query: AuditQuery) -> datetime:
    """The next hour, or the end of the time range: there is none after the last that a time can be in."""
    return hour + HOUR if query.until - hour >= HOUR else query.until


def spans_of(query: AuditQuery, hours: Sequence[datetime]) -> Sequence[Span]:
    """Return what hours, given in order, have of a time range: spans apart from each other."""
    found: list[Span] = []
    for hour in hours:
        begin, end = max(hour, query.since), _next(hour, query)
        if found and found[-1][1] == begin:
            begin, _ = found.pop()
        found.append((begin, end))
    return found


def counts(query: AuditQuery, bars: int, hours: Hours) -> CompoundSelect[Any]:
    """Return the SELECT of what is counted of some hours, the torn ones left out; columns as of `counted`.

    One statement, so that an entry either waits or is counted. A row of the bar NOT_COUNTED says that one
    does neither: then the rest says nothing.
    """
    since = bindparam("histogram_since", query.since, type_=UtcDateTime())
    by_hour = union_all(_counted(query, hours), _waiting(query, hours)).subquery("by_hour")
    step = step_of(by_hour.c.hour, since, width_of(query, bars))
    records = func.sum(by_hour.c.records).label("records")
    found = select(number_of(step).label("bar"), by_hour.c.outcome, records)
    torn = [hour for hour in torn_hours(query, bars) if hours.begin <= hour < hours.end]
    found = found.where(by_hour.c.hour.not_in(torn)).group_by(step, by_hour.c.outcome)
    none = select(literal(NOT_COUNTED, BigInteger()), literal("", Text()), literal(0, BigInteger()))
    return union_all(found, none.where(behind()))


def _counted(query: AuditQuery, hours: Hours) -> Select[Any]:
    records = select(_H.hour, _H.outcome, func.sum(_H.events).label("records"))
    within = (_H.hour >= hours.begin, _H.hour < hours.end)
    return records.where(*within, *of_kind(query, _H)).group_by(_H.hour, _H.outcome)


def _waiting(query: AuditQuery, hours: Hours) -> Select[Any]:
    """Those that have no place yet: a few, unless the sequencer stands still."""
    hour = hour_of_entry().label("hour")
    records = select(hour, _A.outcome, func.count().label("records")).join(
        audit_pending, _P.event_id == _A.id
    )
    within = (_P.event_id >= id_from(hours.begin), _P.event_id < id_from(hours.end))
    exactly = (_A.occurred_at >= hours.begin, _A.occurred_at < hours.end)
    return records.where(*within, *exactly, *of_kind(query, _A)).group_by(hour, _A.outcome)
