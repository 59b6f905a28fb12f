"""One commit for all who wait: units of several threads that only add rows share a statement.

A commit waits for the disk. Whoever comes meanwhile queues up, and the next one to commit takes everybody's
rows along: the busier the hub, the fewer statements, commits and waits for each request. Each unit still
answers only when its own rows are durable, and one that PostgreSQL refuses takes nobody with it.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence

import psycopg
from sqlalchemy import Table

from sso.storage.errors import StorageUnavailable
from sso.storage.insertion import Written

MAX_UNITS = 64

Insert = Callable[[Written], None]
"""Inserts rows in one statement, durable when it returns. Raises psycopg.Error."""


class _Unit:
    """Rows that wait, and how it went with them."""

    __slots__ = ("done", "failure", "rows")

    def __init__(self, rows: Written) -> None:
        self.rows = rows
        self.done = False
        self.failure: BaseException | None = None


class GroupCommit:
    """The queue of one process."""

    def __init__(self, insert: Insert) -> None:
        self._insert = insert
        self._waiting: deque[_Unit] = deque()
        self._turn = threading.Lock()

    def commit(self, rows: Written) -> None:
        """Return when the rows are durable.

        Raises:
            StorageUnavailable: they are not.
        """
        mine = _Unit(rows)
        self._waiting.append(mine)
        with self._turn:
            while not mine.done:
                self._commit_waiting()
        if mine.failure is not None:
            raise StorageUnavailable(type(mine.failure).__name__) from mine.failure

    def _commit_waiting(self) -> None:
        """Commit the first MAX_UNITS of those who wait."""
        units = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_UNITS))]
        try:
            self._insert(_joined(units))
        except psycopg.Error as error:
            refused = len(units) > 1 and error.sqlstate is not None  # by the server, which is still there
            for unit in units:
                unit.failure = self._alone(unit) if refused else error
        except BaseException as error:
            for unit in units:
                unit.failure = error
            raise
        finally:
            for unit in units:
                unit.done = True

    def _alone(self, unit: _Unit) -> psycopg.Error | None:
        try:
            self._insert(unit.rows)
        except psycopg.Error as error:
            return error
        return None


def _joined(units: Sequence[_Unit]) -> Written:
    if len(units) == 1:
        return units[0].rows
    rows: dict[Table, list[str]] = {}
    for unit in units:
        for table, of_table in unit.rows.items():
            rows.setdefault(table, []).extend(of_table)
    return rows
