"""The log in the database and its months in the archive, asked as one.

No entry is in both: a month is asked in the archive only when it has left the database.
"""

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sso.archive.search import ArchiveSearch
from sso.audit.entry import Entry
from sso.audit.found import BrokenEntry, Found
from sso.audit.query import AuditQuery, Bar, Looked, newest
from sso.storage.audit import SqlAuditSearch

_MILLISECOND = timedelta(milliseconds=1)


class WholeSearch:
    """What `SqlAuditSearch` answers, from both."""

    __slots__ = ("_archived", "_live")

    def __init__(self, live: SqlAuditSearch, archived: ArchiveSearch) -> None:
        self._live = live
        self._archived = archived

    def look(self, query: AuditQuery, most_seconds: float | None = None) -> Looked[Found]:
        """Return a page of records, newest first; `most_seconds` are those of the database.

        Raises:
            StorageUnavailable: a millisecond of the log cannot be looked through in time.
            ValueError: `address` is neither an address nor a network.
        """
        live = self._live.look(query, most_seconds)
        if live.back_to is None:
            return Looked(newest((live.found, self._archived.search(query)), query.limit), None)
        # A page of the archive is older than what was looked through, but where clocks were wrong.
        part = replace(query, since=max(query.since, live.back_to - _MILLISECOND))
        archived = [each for each in self._archived.search(part) if each.id >= (live.before or "")]
        found = newest((live.found, archived), query.limit)
        return Looked(found, live.back_to if len(found) < query.limit else None)

    def entries(self, query: AuditQuery) -> Sequence[Entry | BrokenEntry]:
        """Return a page of entries, newest first, in the groups that they are told in.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        return newest((self._live.entries(query), self._archived.entries(query)), query.limit)

    def following(self, query: AuditQuery, after: str) -> Sequence[Found]:
        """Return a page of records, oldest first, those after an id.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        both = (self._archived.following(query, after), self._live.following(query, after))
        return list(heapq.merge(*both, key=lambda record: record.id))[: query.limit]

    def find(self, event_id: str) -> Found | None:
        """Return one record, or None."""
        return self._live.find(event_id) or self._archived.find(event_id)

    def last_of_each(self, query: AuditQuery, facet: str, names: Collection[str]) -> Mapping[str, datetime]:
        """Return when each of some accounts (`account_id`) or applications (`client_id`) was found last."""
        last = dict(self._archived.last_of_each(query, facet, names))
        for name, at in self._live.last_of_each(query, facet, names).items():
            last[name] = max(at, last.get(name, at))
        return last

    def histogram(self, query: AuditQuery, bars: int) -> Sequence[Bar]:
        """Count what a question finds, its page aside, in equal steps of its time range; empty ones included.

        Raises:
            ValueError: `address` is neither an address nor a network, or the number of bars is absurd.
        """
        both = zip(self._live.histogram(query, bars), self._archived.histogram(query, bars), strict=True)
        return [Bar(a.start, a.success + b.success, a.failure + b.failure) for a, b in both]
