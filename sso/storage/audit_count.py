"""Counting what a question finds, in parts of its time range that take a moment each.

A log may be larger than what one statement can count in its time. The whole range is tried first. Where that
takes too long a quarter of it is, and so on; where a part was quick the next one is twice as long. The log
only grows, so the parts together are what one statement would have counted.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sso.audit.query import AuditQuery, Bar
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_selection import TooManyRecords, bars_of, counted
from sso.storage.errors import StorageUnavailable
from sso.storage.unit_of_work import UnitOfWork

PART_SECONDS = 2.0
"""A part that takes longer is given up: well within the limit on every statement of PostgreSQL."""
QUICK_SECONDS = 0.5
SMALLEST = timedelta(milliseconds=1)


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
    ends = None if most_seconds is None else time.monotonic() + most_seconds
    since, length = query.since, query.until - query.since
    while since < query.until:
        part = replace(query, since=since, until=min(since + length, query.until))
        began = time.monotonic()
        if ends is not None and began > ends:
            msg = f"counting takes longer than {most_seconds:.0f} seconds: ask for a shorter time"
            raise TooManyRecords(msg)
        rows = unit.rows_in_time(counted(query, bars, keys, part), PART_SECONDS)
        if rows is None:
            length = _shorter(part.until - part.since)
            continue
        found += rows
        since = part.until
        if time.monotonic() - began < QUICK_SECONDS:
            length *= 2
    return bars_of(query, bars, found)


def _shorter(length: timedelta) -> timedelta:
    if length <= SMALLEST:
        msg = "a millisecond of the log cannot be counted in time"
        raise StorageUnavailable(msg)
    return max(length / 4, SMALLEST)
