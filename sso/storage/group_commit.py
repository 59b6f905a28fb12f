"""One commit for all who wait: units of several threads that only add rows share a transaction.

A commit waits for the disk. Whoever comes meanwhile queues up, and the next one to commit takes everybody's
rows along: the busier the hub, the fewer statements, commits and waits for each request. Each unit still
answers only when its own rows are durable, and one that the database refuses takes nobody with it.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Table

from sso.storage.errors import RowsRefused, StorageUnavailable
from sso.storage.gates import Attempt, Overtaken

MAX_UNITS = 64
PLACES = 4
"""How many statements are under way at once: the next ones get ready while the disk has one."""

Row = TypeVar("Row")
Rows = Mapping[Table, Sequence[Row]]

Insert = Callable[[Rows[Row], Sequence[Attempt]], frozenset[int]]
"""Inserts rows, all or none, durable when it returns the attempts that won. Raises StorageUnavailable."""


class _Unit(Generic[Row]):
    """Rows that wait, and how it went with them."""

    __slots__ = ("attempt", "done", "durable", "failure", "rows", "woken")

    def __init__(self, rows: Rows[Row], attempt: Attempt | None) -> None:
        self.rows = rows
        self.attempt = attempt
        self.done = False
        self.durable = False
        self.failure: BaseException | None = None
        self.woken = threading.Lock()
        self.woken.acquire()


class GroupCommit(Generic[Row]):
    """The queue of one process. A unit that finds a place leads: it commits itself and all who wait."""

    def __init__(self, insert: Insert[Row], places: int = PLACES) -> None:
        self._insert = insert
        self._guard = threading.Lock()
        self._waiting: deque[_Unit[Row]] = deque()
        self._places = places

    def commit(self, rows: Rows[Row], attempt: Attempt | None = None) -> None:
        """Return when the rows are durable, and what the attempt changes.

        Raises:
            StorageUnavailable: they are not.
            Overtaken: they are not, because another caller changed it before.
        """
        mine = _Unit(rows, attempt)
        if not self._takes_a_place(mine):
            mine.woken.acquire()  # until a leader has committed it, or left it the place
        if not mine.done:
            self._lead(mine)
        failure = mine.failure
        if isinstance(failure, Overtaken):
            raise failure
        if isinstance(failure, StorageUnavailable):  # not the one that the others raise, too
            raise StorageUnavailable(str(failure)) from failure.__cause__ or failure
        if not mine.durable:
            raise StorageUnavailable(type(failure).__name__) from failure

    def _takes_a_place(self, unit: _Unit[Row]) -> bool:
        with self._guard:
            if self._places > 0:
                self._places -= 1
                return True
            self._waiting.append(unit)
            return False

    def _lead(self, mine: _Unit[Row]) -> None:
        with self._guard:
            others = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_UNITS - 1))]
        try:
            self._commit([mine, *others])
        finally:
            for unit in others:
                unit.done = True
                unit.woken.release()
            self._leave_the_place()

    def _leave_the_place(self) -> None:
        with self._guard:
            successor = self._waiting.popleft() if self._waiting else None
            if successor is None:
                self._places += 1
        if successor is not None:
            successor.woken.release()

    def _commit(self, units: Sequence[_Unit[Row]]) -> None:
        attempts = [unit.attempt for unit in units if unit.attempt is not None]
        try:
            won = self._insert(_joined(units), attempts)
        except BaseException as error:
            for unit in units:
                unit.failure = error
            if not isinstance(error, StorageUnavailable):
                raise
            if len(units) > 1 and isinstance(error, RowsRefused):
                for unit in units:
                    self._commit([unit])
        else:
            for unit in units:
                unit.durable = unit.attempt is None or unit.attempt.unit in won
                unit.failure = None if unit.durable else Overtaken()


def _joined(units: Sequence[_Unit[Row]]) -> Rows[Row]:
    if len(units) == 1:
        return units[0].rows
    rows: dict[Table, list[Row]] = {}
    for unit in units:
        for table, of_table in unit.rows.items():
            rows.setdefault(table, []).extend(of_table)
    return rows
