"""Looking for a page of entries, newest first, in parts of the time range that take a moment each.

A facet without an index is looked for in every row of the time range, which may be more than one statement
can read in its time. The whole range is tried first: where an index answers, that is all. Where it takes too
long a small part from the end of the range is tried, and then what is before it, part by part; each is as
long as the time that the last one took allows. The parts lie between ids: no entry is in two, or in none.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sso.audit.query import AuditQuery
from sso.audit.record import first_id_of, moment_of_id
from sso.storage.audit_count import PART_SECONDS, SMALLEST
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_selection import id_from, newest_first
from sso.storage.errors import StorageUnavailable
from sso.storage.unit_of_work import UnitOfWork

AIM_SECONDS = PART_SECONDS / 2
MOST_LONGER = 8
SHORTER = 32
"""A part that was given up has cost its whole time: what follows must be quick, and grows again soon."""


def newest_in_parts(
    unit: UnitOfWork, query: AuditQuery, keys: AuditKeys, most_seconds: float | None = None
) -> tuple[list[Any], datetime | None]:
    """Return the rows of a page, and the millisecond back to which was looked where that is not the end.

    It is not the end when `most_seconds` are over before the page is full; at least one part was looked
    through even then, so that whoever goes on from there comes to an end.

    Raises:
        StorageUnavailable: a millisecond of the log cannot be looked through in time.
        ValueError: `address` is neither an address nor a network, or `before` is no id.
    """
    found: list[Any] = []
    ends = None if most_seconds is None else monotonic() + most_seconds
    until, before = _end(query), query.before
    length, looked = until - query.since, False
    while until > query.since and len(found) < query.limit:
        began = monotonic()
        if looked and ends is not None and began >= ends:
            return found, until
        begin = max(query.since, _millisecond(until - length))
        part = replace(query, before=before, limit=query.limit - len(found))
        rows = unit.rows_in_time(newest_first(part, keys, begin), PART_SECONDS)
        if rows is None:
            length = _shorter(length)
            continue
        found += rows
        looked, until, before = True, begin, id_from(begin)
        length = min(length * _longer(monotonic() - began), until - query.since)
    return found, None


def _end(query: AuditQuery) -> datetime:
    """The end of what is still to be looked through: of a later page that is where the last one ended."""
    if query.before is None or query.before > first_id_of(query.until):
        return query.until
    moment = moment_of_id(query.before)
    nothing_of_it = query.before <= first_id_of(moment)  # else a part of it would be tried for ever
    return moment if nothing_of_it else moment + SMALLEST


def _millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _longer(seconds: float) -> float:
    """By what the next part may be longer, or must be shorter, than one that took so many seconds."""
    return min(AIM_SECONDS / max(seconds, AIM_SECONDS / MOST_LONGER), MOST_LONGER)


def _shorter(length: timedelta) -> timedelta:
    if length <= SMALLEST:
        msg = "a millisecond of the log cannot be looked through in time"
        raise StorageUnavailable(msg)
    return max(length / SHORTER, SMALLEST)
