"""A unit of work: the statements of one transaction, and the rows that may wait for its end.

Round trips decide how fast a token endpoint is. Rows whose result nobody reads (grants, tokens, notices,
audit events) are collected and inserted just before the commit: on PostgreSQL by one statement, on SQLite by
one a table, parents first.

On PostgreSQL a unit begins its transaction with its first write, and one that only collects needs none: its
one statement commits by itself. Reads before that lose nothing, for under READ COMMITTED each statement
sees its own moment anyway.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, CursorResult, Executable, Row, Select, Table
from sqlalchemy.exc import DBAPIError

from sso.audit.record import Origin
from sso.oidc.account import Subject
from sso.storage.errors import StorageUnavailable
from sso.storage.insertion import MAX_ROWS, PARENTS_FIRST, insertion_of, together
from sso.storage.tables import account, person

Parameters = Mapping[str, Any]

_COLLECTED = {table.name: insertion_of(table) for table in PARENTS_FIRST}


class Switch(Protocol):
    """The driver's connection on PostgreSQL: while `autocommit` is on, each statement is a transaction."""

    autocommit: bool
    Error: type[Exception]


class UnitOfWork:
    """One transaction's connection. Every database error becomes StorageUnavailable and spoils the unit."""

    __slots__ = (
        "_after_commit",
        "_collected",
        "_connection",
        "_not_begun",
        "_spoiled",
        "_writes",
        "origin",
        "subjects",
    )

    def __init__(
        self, connection: Connection, origin: Origin, *, writes: bool, not_begun: Switch | None = None
    ) -> None:
        self.origin = origin
        self.subjects: dict[str, Subject] = {}
        """Subjects that were read together with a grant, by account id; forgotten when people change."""
        self._connection = connection
        self._writes = writes
        self._not_begun = not_begun
        self._spoiled: DBAPIError | None = None
        self._collected: dict[str, list[Parameters]] = {}
        self._after_commit: list[Callable[[], None]] = []

    def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Row[Any]]:
        """Return every row that a statement finds or returns."""
        try:
            return self._run(statement, parameters).fetchall()
        except DBAPIError as error:
            raise self._unavailable(error) from error

    def row(self, statement: Executable, parameters: Parameters | None = None) -> Row[Any] | None:
        """Return the first row that a statement finds or returns, or None."""
        try:
            return self._run(statement, parameters).first()
        except DBAPIError as error:
            raise self._unavailable(error) from error

    def change(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run an UPDATE or DELETE (or an INSERT whose count is not asked for); return the number of rows."""
        try:
            return self._run(statement, parameters).rowcount
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
        if self._collected:
            self._begin()
            self._insert_collected()

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
        if not self._is_one_statement():
            self.flush()
        self._insert_collected()
        try:
            self._connection.commit()
        except DBAPIError as error:
            raise self._unavailable(error) from error
        for action in self._after_commit:
            action()

    def _run(self, statement: Executable, parameters: Parameters | None) -> CursorResult[Any]:
        if not isinstance(statement, Select) or statement._for_update_arg is not None:
            self._begin()
            if getattr(statement, "table", None) in (account, person):
                self.subjects.clear()
        return self._connection.execute(statement, parameters)

    def _begin(self) -> None:
        """From here on nothing is durable before the commit; the driver sends BEGIN with what comes next."""
        if self._not_begun is not None:
            try:
                self._not_begun.autocommit = False
            except self._not_begun.Error as error:
                raise StorageUnavailable(type(error).__name__) from error
            self._not_begun = None

    def _is_one_statement(self) -> bool:
        """Whether all that was collected can be inserted at once."""
        rows = sum(map(len, self._collected.values()))
        return self._connection.dialect.name == "postgresql" and 0 < rows <= MAX_ROWS

    def _insert_collected(self) -> None:
        at_once = self._is_one_statement()
        collected, self._collected = self._collected, {}
        try:
            if at_once:
                self._connection.execute(*together(collected))
                return
            for name, statement in _COLLECTED.items():
                if rows := collected.get(name):
                    self._connection.execute(statement, rows[0] if len(rows) == 1 else rows)
        except DBAPIError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: DBAPIError) -> StorageUnavailable:
        self._spoiled = error
        return StorageUnavailable(type(error.orig).__name__)
