"""A connection to PostgreSQL for one unit, straight to the driver."""

from collections.abc import Sequence
from typing import Any

from sso.storage.connections import Connections, Cursor
from sso.storage.insertion import Written, together


class Lease:
    """A connection that is taken with the first statement and given back by `close`.

    Its methods raise psycopg.Error, and StorageUnavailable where no connection is free.
    """

    __slots__ = ("_connections", "_cursor")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._cursor: Cursor | None = None

    def run(self, text: bytes, values: Sequence[Any]) -> Cursor:
        """Run a statement, prepared from its first use on, and return the cursor that has its rows."""
        return self._taken().execute(text, values, prepare=True)

    def insert(self, rows: Written) -> None:
        """Insert rows by one statement."""
        statement = together(tuple(rows))
        arrays = {table.name: f"[{','.join(of_table)}]" for table, of_table in rows.items()}
        self.run(statement.text, statement.values(arrays))

    def begin(self, text: bytes) -> None:
        """Begin a transaction; until then each statement is one of its own."""
        self._taken().execute(text)

    def commit(self) -> None:
        """End the transaction that has begun, with all it did."""
        self._taken().connection.commit()

    def close(self) -> None:
        """Give the connection back; a transaction that has not ended is rolled back."""
        if self._cursor is not None:
            cursor, self._cursor = self._cursor, None
            self._connections.give_back(cursor)

    def _taken(self) -> Cursor:
        if self._cursor is None:
            self._cursor = self._connections.take()
        return self._cursor
