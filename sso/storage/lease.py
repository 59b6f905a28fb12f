"""A connection to PostgreSQL for one unit, straight to the driver."""

from collections.abc import Sequence
from typing import Any

from sso.storage.connections import Connections, Cursor
from sso.storage.gates import PARAMETER, Attempt, given
from sso.storage.insertion import Written, together

MANY_VALUES = 100
"""A statement with more of them is planned for these, each time.

A plan that is kept was made for the tables as they were when nothing was in them: it would compare each of
hundreds of values with each row, until PostgreSQL next analyses the table.
"""


class Lease:
    """A connection that is taken with the first statement and given back by `close`.

    Its methods raise psycopg.Error, and StorageUnavailable where no connection is free.
    """

    __slots__ = ("_connections", "_cursor")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._cursor: Cursor | None = None

    def run(self, text: bytes, values: Sequence[Any], *, for_these: bool = False) -> Cursor:
        """Run a statement, and return the cursor that has its rows.

        It is prepared, unless it has many values or is to be planned `for_these` alone.
        """
        return self._taken().execute(text, values, prepare=not for_these and len(values) <= MANY_VALUES)

    def insert(self, rows: Written, attempts: Sequence[Attempt] = ()) -> frozenset[int]:
        """Insert rows by one statement, those of a unit with an attempt if it wins; return who won."""
        statement = together(tuple(rows), [attempt.gate for attempt in attempts])
        parameters = {table.name: f"[{','.join(of_table)}]" for table, of_table in rows.items()}
        if not attempts:
            self.run(statement.text, statement.values(parameters))
            return frozenset()
        found = self.run(statement.text, statement.values({**parameters, PARAMETER: given(attempts)}))
        return frozenset(unit for (unit,) in found.fetchall())

    def control(self, text: bytes) -> None:
        """Begin a transaction (until then each statement is one of its own), or say something about it."""
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
