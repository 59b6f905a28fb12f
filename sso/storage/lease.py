"""A connection to PostgreSQL for one unit, straight to the driver."""

from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from sso.storage.connected import none_free
from sso.storage.insertion import Written, together


class Lease:
    """A connection of the pool: taken with the first statement, given back by `close`.

    Its methods raise psycopg.Error, and StorageUnavailable where no connection is free.
    """

    __slots__ = ("_cursor", "_engine", "_taken")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._taken: PoolProxiedConnection | None = None
        self._cursor: psycopg.RawCursor[Any] | None = None

    def run(self, text: bytes, values: Sequence[Any]) -> psycopg.RawCursor[Any]:
        """Run a statement, prepared from its first use on, and return the cursor that has its rows."""
        cursor = self._cursor or self._take()
        try:
            return cursor.execute(text, values, prepare=True)
        except psycopg.Error:
            self._invalidate_if_lost(cursor)
            raise

    def begin(self, text: bytes) -> None:
        """Begin a transaction; until then each statement is one of its own."""
        cursor = self._cursor or self._take()
        try:
            cursor.execute(text)
        except psycopg.Error:
            self._invalidate_if_lost(cursor)
            raise

    def commit(self) -> None:
        """End the transaction that has begun, with all it did."""
        if self._cursor is not None:
            try:
                self._cursor.connection.commit()
            except psycopg.Error:
                self._invalidate_if_lost(self._cursor)
                raise

    def close(self) -> None:
        """Give the connection back; a transaction that has not ended is rolled back."""
        if self._taken is not None:
            taken, self._taken, self._cursor = self._taken, None, None
            taken.close()

    def _take(self) -> psycopg.RawCursor[Any]:
        try:
            self._taken = self._engine.raw_connection()
        except NoConnectionFree as error:
            raise none_free() from error
        driver: Any = self._taken.driver_connection
        self._cursor = psycopg.RawCursor(driver)
        return self._cursor

    def _invalidate_if_lost(self, cursor: psycopg.RawCursor[Any]) -> None:
        """A lost connection is not given back, and the resting ones are closed: they were lost with it."""
        if self._taken is not None and cursor.connection.closed:
            self._taken.invalidate()
            self._engine.dispose()

    def insert(self, rows: Written) -> None:
        """Insert rows by one statement."""
        statement = together(tuple(rows))
        arrays = {table.name: f"[{','.join(of_table)}]" for table, of_table in rows.items()}
        self.run(statement.text, statement.values(arrays))
