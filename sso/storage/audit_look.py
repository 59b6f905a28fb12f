"""Looking for a page of entries, newest first, in parts of the time range (`sso.storage.audit_parts`).

A facet without an index is looked for in every row of the time range. The parts are tried from its end on,
and lie between ids: no entry is in two, or in none.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sso.audit.query import AuditQuery
from sso.audit.record import first_id_of, moment_of_id
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_parts import SMALLEST, Parts
from sso.storage.audit_selection import id_from, newest_first
from sso.storage.unit_of_work import UnitOfWork


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
    until, before, looked = _end(query), query.before, False
    parts = Parts(unit, until - query.since, most_seconds)
    while until > query.since and len(found) < query.limit:
        if looked and parts.over:
            return found, until
        length = min(parts.length, until - query.since)
        begin = max(query.since, _millisecond(until - length))
        part = replace(query, before=before, limit=query.limit - len(found))
        rows = parts.rows(newest_first(part, keys, begin), length)
        if rows is not None:
            found += rows
            looked, until, before = True, begin, id_from(begin)
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
