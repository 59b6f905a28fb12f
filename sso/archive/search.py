"""Questions to months in the archive: the same ones as to the log, in the same order. The door to DuckDB.

DuckDB sees copies in a private folder and nothing else: no other file, no network, no extension. A question
that it cannot answer raises ArchiveUnavailable.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import duckdb

from sso.archive.errors import ArchiveUnavailable
from sso.audit.entry import Entry
from sso.audit.found import BrokenEntry, Found
from sso.audit.query import AuditQuery, Bar
from sso.storage.audit_archive_question import TABLE_OF_ARCHIVE, ArchiveQuestions, Asked
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_rows import KeptEntry, entries_of, found_of
from sso.storage.audit_selection import bars_of

MEMORY = "1GB"
MAX_NAMES = 1_000
"""So many are looked for in one pass over the files."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOSED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": MEMORY,
}


class ArchiveSearch:
    """Months that were copied into a folder, to be asked; close it."""

    def __init__(self, folder: Path, files: Sequence[Path], keys: AuditKeys) -> None:
        self._keys = keys
        self._questions = ArchiveQuestions(keys)
        self._names = ", ".join(file.name for file in files)
        with _told_of(self._names):
            self._connection = _opened(folder, files) if files else None

    def __enter__(self) -> "ArchiveSearch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def search(self, query: AuditQuery) -> Sequence[Found]:
        """Return a page of records, newest first; of what was shredded only what tells of nobody.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        return found_of(self._kept(self._questions.newest_first(query)), self._keys)

    def entries(self, query: AuditQuery) -> Sequence[Entry | BrokenEntry]:
        """Return a page of entries, newest first, in the groups that they are told in.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        return entries_of(self._kept(self._questions.newest_first(query)), self._keys)

    def following(self, query: AuditQuery, after: str) -> Sequence[Found]:
        """Return a page of records, oldest first, those after an id.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        return found_of(self._kept(self._questions.oldest_first(query, after)), self._keys)

    def find(self, event_id: str) -> Found | None:
        """Return one record, or None."""
        found = found_of(self._kept(self._questions.of_ids([event_id])), self._keys)
        return found[0] if found else None

    def bodies(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """Return the bodies of entries by id, of those that are there; ids of 1,000 at most."""
        return {each.id: each.body for each in self._kept(self._questions.of_ids(sorted(ids)))}

    def last_of_each(self, query: AuditQuery, facet: str, names: Collection[str]) -> Mapping[str, datetime]:
        """Return when each of some accounts (`account_id`) or applications (`client_id`) was found last."""
        last: dict[str, datetime] = {}
        wanted = sorted(names)
        for begin in range(0, len(wanted), MAX_NAMES):
            asked, named = self._questions.last_of_each(query, facet, wanted[begin : begin + MAX_NAMES])
            for value, microseconds in self._rows(asked):
                at = _EPOCH + timedelta(microseconds=microseconds)
                last[named[value]] = max(at, last.get(named[value], at))
        return last

    def histogram(self, query: AuditQuery, bars: int) -> Sequence[Bar]:
        """Count what a question finds, its page aside, in equal steps of its time range; empty ones included.

        Raises:
            ValueError: `address` is neither an address nor a network, or the number of bars is absurd.
        """
        rows = self._rows(self._questions.counted(query, bars))
        return bars_of(query, bars, [_Counted(*row) for row in rows])

    def _kept(self, asked: Asked) -> list[KeptEntry]:
        return [KeptEntry(*row) for row in self._rows(asked)]

    def _rows(self, asked: Asked) -> list[tuple[Any, ...]]:
        if self._connection is None:
            return []
        with _told_of(self._names):
            found: list[tuple[Any, ...]] = self._connection.execute(*asked).fetchall()
            return found


class _Counted(NamedTuple):
    bar: int
    outcome: str
    records: int


@contextmanager
def _told_of(names: str) -> Iterator[None]:
    """Say which files DuckDB could not ask, and the kind of error: its words may hold values of the log."""
    try:
        yield
    except duckdb.Error as error:
        message = f"{names} could not be asked: {type(error).__name__}"
        raise ArchiveUnavailable(message) from error


def _opened(folder: Path, files: Sequence[Path]) -> Any:
    connection = duckdb.connect(":memory:", config=dict(_CLOSED))
    connection.execute(f"SET allowed_directories = [{_quoted(folder)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    names = ", ".join(_quoted(file) for file in files)
    connection.execute(f"CREATE VIEW audit_event AS {TABLE_OF_ARCHIVE.format(files=f'[{names}]')}")
    return connection


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
