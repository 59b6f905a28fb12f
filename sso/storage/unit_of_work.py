"""A unit of work: the statements of one transaction, and the rows that may wait for its end.

Round trips decide how fast a token endpoint is. Rows whose result nobody reads (grants, tokens, notices,
audit events) are collected and inserted just before the commit. `sso.storage.sqlite` and
`sso.storage.postgresql` say how.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Executable, Select, Table

from sso.audit.record import Origin
from sso.oidc.account import Subject
from sso.storage.errors import StorageUnavailable
from sso.storage.gates import Attempt, Gate, Overtaken
from sso.storage.tables import account, person
from sso.storage.transactions import Parameters, Transaction


class UnitOfWork:
    """One transaction. Every database error is StorageUnavailable and spoils the unit."""

    __slots__ = (
        *("_after_commit", "_attempt", "_collected", "_may_attempt", "_spoiled", "_transaction", "_writes"),
        *("origin", "subjects"),
    )

    def __init__(
        self, transaction: Transaction, origin: Origin, *, writes: bool, may_attempt: bool = False
    ) -> None:
        self.origin = origin
        self.subjects: dict[str, Subject] = {}
        """Subjects that were read together with a grant, by account id; forgotten when people change."""
        self._transaction = transaction
        self._writes = writes
        self._may_attempt = may_attempt
        self._attempt: tuple[Gate, Parameters] | None = None
        self._spoiled: StorageUnavailable | None = None
        self._collected: dict[Table, list[Parameters]] = {}
        self._after_commit: list[Callable[[], None]] = []

    def rows(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Any]:
        """Return every row that a statement finds or returns; its columns are attributes."""
        self._about_to_run(statement)
        try:
            return self._transaction.rows(statement, parameters)
        except StorageUnavailable as error:
            self._spoiled = error
            raise

    def rows_in_time(self, statement: Executable, seconds: float) -> Sequence[Any] | None:
        """Return every row that a SELECT finds, None where that takes longer than some seconds.

        The unit goes on either way.
        """
        self._about_to_run(statement)
        try:
            return self._transaction.rows_in_time(statement, seconds)
        except StorageUnavailable as error:
            self._spoiled = error
            raise

    def row(self, statement: Executable, parameters: Parameters | None = None) -> Any | None:
        """Return the first row that a statement finds or returns, or None."""
        found = self.rows(statement, parameters)
        return found[0] if found else None

    def change(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run an UPDATE or DELETE (or an INSERT whose count is not asked for); return the number of rows."""
        self._about_to_run(statement)
        try:
            return self._transaction.change(statement, parameters)
        except StorageUnavailable as error:
            self._spoiled = error
            raise

    def collect(self, table: Table, row: Parameters) -> None:
        """Insert a row at the end, or when someone is about to read it.

        Raises:
            RuntimeError: the transaction only reads.
        """
        if not self._writes:
            msg = "this transaction only reads: nothing can be recorded in it"
            raise RuntimeError(msg)
        self._collected.setdefault(table, []).append(row)

    def wins(self, gate: Gate, row: Parameters) -> bool:
        """Change the row that one caller alone may change; true for that one.

        A unit that may be done again is told so at once, and the commit finds out (`sso.storage.gates`).
        """
        if self._may_attempt and self._attempt is None and self._transaction.takes_attempts:
            self._attempt = gate, row
            return True
        self.flush()
        return self.change(gate.statement, gate.parameters(row)) == 1

    def flush(self) -> None:
        """Insert what was collected."""
        self._settle()
        if self._collected:
            collected, self._collected = self._collected, {}
            try:
                self._transaction.insert(collected)
            except StorageUnavailable as error:
                self._spoiled = error
                raise

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something in memory once the transaction is durable."""
        self._after_commit.append(action)

    def commit(self) -> None:
        """Insert what was collected and make everything durable.

        Raises:
            Overtaken: another caller won what this unit took itself for the winner of; nothing was kept.
            StorageUnavailable: it cannot be; also when an earlier statement failed and the error was
                swallowed, because PostgreSQL would answer such a COMMIT with a silent rollback.
        """
        if self._spoiled is not None:
            msg = "an earlier statement of this transaction failed"
            raise StorageUnavailable(msg) from self._spoiled
        collected, self._collected = self._collected, {}
        self._transaction.commit(collected, None if self._attempt is None else Attempt.of(*self._attempt))
        for action in self._after_commit:
            action()

    def _settle(self) -> None:
        """Make an attempt before whatever might look at what it changes. Raises Overtaken."""
        if self._attempt is not None:
            (gate, row), self._attempt = self._attempt, None
            if self.change(gate.statement, gate.parameters(row)) != 1:
                raise Overtaken

    def _about_to_run(self, statement: Executable) -> None:
        self._settle()
        if not isinstance(statement, Select) and getattr(statement, "table", None) in (account, person):
            self.subjects.clear()
