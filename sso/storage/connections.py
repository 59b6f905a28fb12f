"""The connections to PostgreSQL that units of one process share: the one that rested last is taken first."""

import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from sso.storage.connected import none_free
from sso.storage.engines import Pool

Cursor = psycopg.RawCursor[Any]
Connect = Callable[[], psycopg.Connection[Any]]
"""Opens a connection in autocommit mode. Raises psycopg.Error."""


class Connections:
    """Hands out the cursors of connections, each to one unit at a time.

    A connection that rested longer than `rest_seconds` is tried before it is used, so that a restart of the
    server costs no request.
    """

    def __init__(self, connect: Connect, pool: Pool, rest_seconds: float) -> None:
        self._connect = connect
        self._rest_seconds = rest_seconds
        self._wait_seconds = pool.wait_seconds
        self._free = threading.Semaphore(pool.size)
        self._resting: list[tuple[float, Cursor]] = []

    def take(self) -> Cursor:
        """Return a cursor for this unit alone; `give_back` follows.

        Raises:
            StorageUnavailable: every connection is in use.
            psycopg.Error: the server is not there.
        """
        if not self._free.acquire(timeout=self._wait_seconds):
            raise none_free()
        try:
            return self._rested() or psycopg.RawCursor(self._connect())
        except BaseException:
            self._free.release()
            raise

    def give_back(self, cursor: Cursor) -> None:
        """Let the next unit have it; a transaction that has not ended is rolled back."""
        try:
            if _usable(cursor):
                self._resting.append((monotonic(), cursor))
            else:
                # A lost connection was not the only one: let nobody else stumble over those that rest.
                _close(cursor)
                self.close_resting()
        finally:
            self._free.release()

    def close_resting(self) -> None:
        """Close what nobody uses."""
        while self._resting:
            with suppress(IndexError):  # another thread was faster
                _close(self._resting.pop()[1])

    def abandon(self) -> None:
        """After a fork: forget the parent's connections without closing them."""
        self._resting = []

    def _rested(self) -> Cursor | None:
        while self._resting:
            try:
                since, cursor = self._resting.pop()
            except IndexError:  # another thread was faster
                return None
            if monotonic() - since < self._rest_seconds or _answers(cursor):
                return cursor
            _close(cursor)
        return None


def _usable(cursor: Cursor) -> bool:
    """Whether the next unit can have it, after a rollback where one is due."""
    try:
        if cursor.connection.info.transaction_status is not TransactionStatus.IDLE:
            cursor.connection.rollback()
    except psycopg.Error:
        return False
    return not cursor.connection.closed


def _answers(cursor: Cursor) -> bool:
    try:
        cursor.execute(b"SELECT 1")
    except psycopg.Error:
        return False
    return True


def _close(cursor: Cursor) -> None:
    with suppress(psycopg.Error):
        cursor.connection.close()
