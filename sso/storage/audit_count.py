"""Counting what a question finds, in parts of its time range (`sso.storage.audit_parts`).

Whole hours are counted already, where the counts know what is asked (`sso.storage.audit_hour_bars`). The log
only grows, so the parts together are what one statement would have counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sso.audit.query import AuditQuery, Bar
from sso.storage.audit_hour_bars import (
    NOT_COUNTED,
    Span,
    counted_by_the_hour,
    counts,
    spans_of,
    torn_hours,
    whole_hours,
)
from sso.storage.audit_hours import HOUR, Hours
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_parts import Parts
from sso.storage.audit_selection import TooManyRecords, bars_of, counted, require_bars
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
    require_bars(bars)
    count = _Count(query, bars, keys, Parts(unit, query.until - query.since, most_seconds), most_seconds)
    for since, until in count.whole_hours() if counted_by_the_hour(query) else [(query.since, query.until)]:
        count.entries(since, until)
    return bars_of(query, bars, count.found)


@dataclass(slots=True)
class _Count:
    """What is being counted, and the rows of `counted` so far."""

    query: AuditQuery
    bars: int
    keys: AuditKeys
    parts: Parts
    most_seconds: float | None
    found: list[Any] = field(default_factory=list)

    def whole_hours(self) -> Sequence[Span]:
        """Take what is counted already; return the parts whose entries are still to be counted."""
        left, hours = spans_of(self.query, torn_hours(self.query, self.bars)), whole_hours(self.query)
        if left == [(self.query.since, self.query.until)]:
            return left
        begin = hours.begin
        while begin < hours.end and self.parts.length >= HOUR:
            self._require_time()
            length = min(self.parts.length // HOUR * HOUR, hours.end - begin)
            rows = self.parts.rows(counts(self.query, self.bars, Hours(begin, begin + length)), length)
            if rows is not None and any(row.bar == NOT_COUNTED for row in rows):
                break
            if rows is not None:
                self.found += rows
                begin += length
        if begin == hours.end:
            return left
        before = [(since, min(until, begin)) for since, until in left if since < begin]
        return [*before, (begin, self.query.until)]

    def entries(self, since: datetime, until: datetime) -> None:
        """Count the entries of a part one by one."""
        while since < until:
            self._require_time()
            length = min(self.parts.length, until - since)
            part = replace(self.query, since=since, until=since + length)
            rows = self.parts.rows(counted(self.query, self.bars, self.keys, part), length)
            if rows is not None:
                self.found += rows
                since = part.until

    def _require_time(self) -> None:
        if self.parts.over:
            msg = f"counting takes longer than {self.most_seconds:.0f} seconds: ask for a shorter time"
            raise TooManyRecords(msg)
