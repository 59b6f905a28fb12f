"""A unit of work: the statements of one transaction, and the rows that may wait for its end.

Round trips decide how fast a token endpoint is. Rows whose result nobody reads (grants, tokens, notices,
audit events) are collected and inserted just before the commit, one statement a table, parents first.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, Row, Table, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from sso.audit.record import Origin
from sso.storage.errors import StorageUnavailable
from sso.storage.tables import audit_event, authorization_code, grant, logout_notice, refresh_token

Parameters = Mapping[str, Any]

# The order of insertion: a foreign key's target comes first. PostgreSQL's INSERT .. ON CONFLICT is
# SQLite's, word for word, and SQLAlchemy compiles the one construct for both.
_COLLECTED = {
    "grant": insert(grant),
    "authorization_code": insert(authorization_code),
    "refresh_token": insert(refresh_token),
    "logout_notice": postgresql.insert(logout_notice).on_conflict_do_nothing(),
    "audit_event": insert(audit_event),
}


class UnitOfWork:
    """One transaction's connection. Every database error becomes StorageUnavailable and spoils the unit."""

    __slots__ = ("_after_commit", "_collected", "_connection", "_spoiled", "_writes", "origin")

    def __init__(self, connection: Connection, origin: Origin, *, writes: bool) -> None:
        self.origin = origin
        self._connection = connection
        self._writes = writes
        self._spoiled: DBAPIError | None = None
        self._collected: dict[str, list[Parameters]] = {}
        self._after_commit: list[Callable[[], None]] = []

    def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Row[Any]]:
        """Return every row that a statement finds or returns."""
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except DBAPIError as error:
            raise self._unavailable(error) from error

    def row(self, statement: Executable, parameters: Parameters | None = None) -> Row[Any] | None:
        """Return the first row that a statement finds or returns, or None."""
        try:
            return self._connection.execute(statement, parameters).first()
        except DBAPIError as error:
            raise self._unavailable(error) from error

    def change(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run an UPDATE or DELETE (or an INSERT whose count is not asked for); return the number of rows."""
        try:
            return self._connection.execute(statement, parameters).rowcount
        except DBAPIError as error:
            raise self._unavailable(error) from error

    def collect(self, table: Table, row: Parameters) -> None:
        """Insert a row at the end, or when someone is about to read it.

        Raises:
            RuntimeError: the transaction only reads.
        """
        if not self._writes:
            msg = "this transaction only reads: nothing can be recorded in it"
            raise RuntimeError(msg)
        self._collected.setdefault(table.name, []).append(row)

    def flush(self) -> None:
        """Insert what was collected."""
        if not self._collected:
            return
        collected, self._collected = self._collected, {}
        for name, statement in _COLLECTED.items():
            rows = collected.get(name)
            if rows is not None:
                self._insert(statement, rows)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something in memory once the transaction is durable."""
        self._after_commit.append(action)

    def commit(self) -> None:
        """Insert what was collected and make everything durable.

        Raises:
            StorageUnavailable: it cannot be; also when an earlier statement failed and the error was
                swallowed, because PostgreSQL would answer such a COMMIT with a silent rollback.
        """
        if self._spoiled is not None:
            msg = "an earlier statement of this transaction failed"
            raise StorageUnavailable(msg) from self._spoiled
        self.flush()
        try:
            self._connection.commit()
        except DBAPIError as error:
            raise self._unavailable(error) from error
        for action in self._after_commit:
            action()

    def _insert(self, statement: Executable, rows: list[Parameters]) -> None:
        try:
            self._connection.execute(statement, rows[0] if len(rows) == 1 else rows)
        except DBAPIError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: DBAPIError) -> StorageUnavailable:
        self._spoiled = error
        return StorageUnavailable(type(error.orig).__name__)
