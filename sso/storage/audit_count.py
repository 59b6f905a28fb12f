"""Counting what a question finds, in parts of its time range (`sso.storage.audit_parts`).

The log only grows, so the parts together are what one statement would have counted.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sso.audit.query import AuditQuery, Bar
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_parts import Parts
from sso.storage.audit_selection import TooManyRecords, bars_of, counted
from sso.storage.unit_of_work import UnitOfWork


def bars_in_parts(
    unit: UnitOfWork, query: AuditQuery, bars: int, keys: AuditKeys, most_seconds: float | None = None
) -> Sequence[Bar]:
    """Count what a question finds, its page aside, in equal steps of its time range; empty ones included.

    Raises:
        TooManyRecords: it would take longer than `most_seconds`, if that is given.
        StorageUnavailable: a millisecond of the log cannot be counted in time.
        ValueError: `address` is neither an address nor a network, or the number of bars is absurd.
    """
    found: list[Any] = []
    since, parts = query.since, Parts(unit, query.until - query.since, most_seconds)
    while since < query.until:
        if parts.over:
            msg = f"counting takes longer than {most_seconds:.0f} seconds: ask for a shorter time"
            raise TooManyRecords(msg)
        length = min(parts.length, query.until - since)
        part = replace(query, since=since, until=since + length)
        rows = parts.rows(counted(query, bars, keys, part), length)
        if rows is not None:
            found += rows
            since = part.until
    return bars_of(query, bars, found)
