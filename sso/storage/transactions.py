"""How a unit of work speaks to its database: what SQLite and PostgreSQL do differently."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable, Table

from sso.storage.gates import Attempt

Parameters = Mapping[str, Any]
Collected = Mapping[Table, Sequence[Parameters]]
"""Rows that may wait, by their table."""


class Transaction(Protocol):
    """One transaction. Every error of the database is StorageUnavailable."""

    def rows(self, statement: Executable, parameters: Parameters | None) -> Sequence[Any]:
        """Return what a statement finds or returns: rows whose columns are attributes."""
        ...

    def rows_in_time(self, statement: Executable, seconds: float) -> Sequence[Any] | None:
        """Return what a SELECT finds, None where that takes longer than some seconds; it goes on anyway."""
        ...

    def change(self, statement: Executable, parameters: Parameters | None) -> int:
        """Run a statement and return the number of rows that it changed."""
        ...

    def insert(self, collected: Collected) -> None:
        """Insert rows now."""
        ...

    @property
    def takes_attempts(self) -> bool:
        """Whether a change that one caller wins may still wait for the commit."""
        ...

    def commit(self, collected: Collected, attempt: Attempt | None = None) -> None:
        """Insert rows and make everything durable, if the attempt wins.

        Raises:
            Overtaken: it did not; nothing was kept.
        """
        ...
