"""SQLite: WAL, synchronous=FULL, one writer at a time, readers that cannot write and never wait.

A commit survives a power cut. BEGIN IMMEDIATE for writers: no dead end when a reader wants to become one.
Threads of one process queue up for their turn, because SQLite's own lock would make them sleep and retry.
Those that only add rows are committed together by whoever has the turn (`sso.storage.group_commit`).
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Executable, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from sso.storage.connected import connected, unavailable
from sso.storage.engines import Pool
from sso.storage.errors import RowsRefused, StorageUnavailable
from sso.storage.gates import Attempt
from sso.storage.group_commit import GroupCommit, Rows
from sso.storage.insertion import insertion_of, parents_first
from sso.storage.transactions import Collected, Parameters, Transaction

_INSTRUCTIONS = 10_000
"""So many of its own SQLite runs, in a fraction of a millisecond, before it looks at the time again."""
_DURABLE = ("PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")


class SqliteEngines:
    """`sso.storage.engines.Engines` of a file.

    It must exist (`sso.storage.schema.migrate` makes it): a mistyped path is an error, not a new database.
    """

    def __init__(self, url: URL, pool: Pool) -> None:
        file = f"file:{quote(os.path.abspath(url.database or ''))}"
        self._url = url.set(database=file, query={"mode": "rw", "uri": "true"})
        self._pool = pool
        self._turn = threading.Lock()
        self._group = GroupCommit[Parameters](self._insert, places=1)
        self._writer = self._engine("BEGIN IMMEDIATE", *_DURABLE)
        self._reader = self._engine("BEGIN", *_DURABLE, "PRAGMA query_only = ON")

    @contextmanager
    def transaction(self, *, writes: bool) -> Generator[Transaction]:
        """Open a transaction of a unit; a writer waits for its turn, at its first statement."""
        if not writes:
            with connected(self._reader) as connection:
                yield SqliteTransaction(lambda: connection, self._group)
            return
        with ExitStack() as ends:
            yield SqliteTransaction(lambda: ends.enter_context(self._writing()), self._group)

    @contextmanager
    def schema(self, *, writes: bool) -> Generator[Connection]:
        """Open a transaction of SQLAlchemy's and commit it."""
        if not writes:
            with connected(self._reader) as connection:
                yield connection
            return
        with self._writing() as connection:
            yield connection
            connection.commit()

    def dispose(self) -> None:
        """Close what is not in use."""
        self._writer.dispose()
        self._reader.dispose()

    def abandon(self) -> None:
        """After a fork: forget the parent's connections without closing them."""
        self._writer.dispose(close=False)
        self._reader.dispose(close=False)

    def _insert(self, rows: Rows[Parameters], _attempts: Sequence[Attempt]) -> frozenset[int]:
        with self._writing() as connection:
            _add(rows, connection)
            connection.commit()
        return frozenset()

    @contextmanager
    def _writing(self) -> Generator[Connection]:
        if not self._turn.acquire(timeout=self._pool.wait_seconds):
            msg = "another writer holds the database"
            raise StorageUnavailable(msg)
        try:
            with connected(self._writer) as connection:
                yield connection
        finally:
            self._turn.release()

    def _engine(self, begin: str, *pragmas: str) -> Engine:
        wait_seconds = self._pool.wait_seconds
        made = create_engine(
            self._url,
            pool_size=self._pool.size,
            max_overflow=0,
            pool_timeout=wait_seconds,
            connect_args={"timeout": wait_seconds, "isolation_level": None, "check_same_thread": False},
        )

        @event.listens_for(made, "connect")
        def _open(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute(f"PRAGMA busy_timeout = {int(wait_seconds * 1000)}")
            _write_ahead(connection, wait_seconds)
            for pragma in pragmas:
                connection.execute(pragma)

        @event.listens_for(made, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return made


class SqliteTransaction:
    """`sso.storage.transactions.Transaction` on a connection that begins with the first statement."""

    __slots__ = ("_begin", "_begun", "_group")

    def __init__(self, begin: Callable[[], Connection], group: GroupCommit[Parameters]) -> None:
        self._begin = begin
        self._begun: Connection | None = None
        self._group = group

    @property
    def _connection(self) -> Connection:
        if self._begun is None:
            self._begun = self._begin()
        return self._begun

    def rows(self, statement: Executable, parameters: Parameters | None) -> Sequence[Any]:
        """Return what a statement finds or returns."""
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except DBAPIError as error:
            raise unavailable(error) from error

    def rows_in_time(self, statement: Executable, seconds: float) -> Sequence[Any] | None:
        """Return what a SELECT finds, None where that takes longer than some seconds."""
        driver: Any = self._connection.connection.driver_connection
        ends = monotonic() + seconds
        driver.set_progress_handler(lambda: monotonic() > ends, _INSTRUCTIONS)
        try:
            return self.rows(statement, None)
        except StorageUnavailable as error:
            if _was_interrupted(error):
                return None
            raise
        finally:
            driver.set_progress_handler(None, 0)

    def change(self, statement: Executable, parameters: Parameters | None) -> int:
        """Run a statement and return the number of rows that it changed."""
        try:
            return self._connection.execute(statement, parameters).rowcount
        except DBAPIError as error:
            raise unavailable(error) from error

    def insert(self, collected: Collected) -> None:
        """Insert rows now."""
        _add(collected, self._connection)

    @property
    def takes_attempts(self) -> bool:
        """Never: of writers that take turns, each sees what the one before has won."""
        return False

    def commit(self, collected: Collected, attempt: Attempt | None = None) -> None:
        """Insert rows and make everything durable; there is never an attempt."""
        if self._begun is None:
            if collected:
                self._group.commit(collected)
            return
        self.insert(collected)
        try:
            self._begun.commit()
        except DBAPIError as error:
            raise unavailable(error) from error


def _add(rows: Collected, connection: Connection) -> None:
    """Insert rows; what one leaves out and another has is NULL."""
    try:
        for table in parents_first(rows):
            absent: Parameters = dict.fromkeys(name for row in rows[table] for name in row)
            connection.execute(insertion_of(table), [{**absent, **row} for row in rows[table]])
    except OperationalError as error:
        raise unavailable(error) from error
    except DBAPIError as error:
        raise RowsRefused(type(error.orig).__name__) from error
    except (StatementError, OverflowError) as error:  # a value that no database takes: a fault of ours
        raise RowsRefused(type(error).__name__) from error


def _was_interrupted(error: StorageUnavailable) -> bool:
    original = error.__cause__.orig if isinstance(error.__cause__, DBAPIError) else None
    return getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT


def _write_ahead(connection: sqlite3.Connection, wait_seconds: float) -> None:
    """Switch to WAL. Where several processes meet a new file, SQLite refuses this one without waiting."""
    deadline = monotonic() + wait_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.02)
        else:
            return
