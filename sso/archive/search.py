"""Questions to months in the archive: the same ones as to the log, in the same order. The door to DuckDB.

DuckDB sees copies in a private folder and nothing else: no other file, no network, no extension.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from sso.audit.entry import Entry
from sso.audit.query import AuditQuery
from sso.audit.record import AuditRecord
from sso.storage.audit_archive_question import TABLE_OF_ARCHIVE, archive_question
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_rows import KeptEntry, entries_of, records_of

MEMORY = "1GB"
_CLOSED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": MEMORY,
}


class ArchiveSearch:
    """Months that were copied into a folder, to be asked; close it."""

    def __init__(self, folder: Path, files: Sequence[Path], keys: AuditKeys) -> None:
        self._keys = keys
        self._connection = _opened(folder, files) if files else None

    def __enter__(self) -> "ArchiveSearch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def search(self, query: AuditQuery) -> Sequence[AuditRecord]:
        """Return a page of records, newest first; of what was shredded only what tells of nobody.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        return records_of(self._found(query), self._keys)

    def entries(self, query: AuditQuery) -> Sequence[Entry]:
        """Return a page of entries, newest first, in the groups that they are told in.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        return entries_of(self._found(query), self._keys)

    def _found(self, query: AuditQuery) -> list[KeptEntry]:
        if self._connection is None:
            return []
        statement, parameters = archive_question(query, self._keys)
        found: list[tuple[Any, ...]] = self._connection.execute(statement, parameters).fetchall()
        return [KeptEntry(*row) for row in found]


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
