"""PostgreSQL: prepared statements straight to the driver, as few round trips as can be.

A unit takes a connection with its first statement, begins a transaction with its first write, and needs
neither where it only adds rows, or changes the one that whoever comes first may change: that goes with
everybody else's. Reads before the first write lose nothing, for under READ COMMITTED each statement sees its
own moment anyway.

Every connection: read committed, UTC, a limit on every statement, and never `synchronous_commit = off`.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Executable, create_engine

from sso.storage.compiled import DIALECT, Compiled, compiled
from sso.storage.connected import connected
from sso.storage.connections import Connections
from sso.storage.engines import Pool
from sso.storage.errors import RowsRefused, StorageUnavailable
from sso.storage.gates import Attempt
from sso.storage.group_commit import GroupCommit
from sso.storage.insertion import Written, written
from sso.storage.lease import Lease
from sso.storage.transactions import Collected, Parameters, Transaction

STATEMENT_SECONDS = 10
REST_SECONDS = 5.0
"""A connection that rested longer is tried before it is used."""
PREPARED_STATEMENTS = 300
"""More than there are: a statement is prepared once for each connection."""

_SETTINGS = (
    f"-c timezone=UTC -c statement_timeout={STATEMENT_SECONDS}s -c idle_in_transaction_session_timeout=60s "
    "-c jit=off"
)
_NEVER_RELAXED = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)


class PostgresqlEngines:
    """`sso.storage.engines.Engines` of a PostgreSQL database; options of the URL win over ours."""

    def __init__(self, url: URL, pool: Pool, rest_seconds: float = REST_SECONDS) -> None:
        arguments = _arguments(url, pool)
        self._connections = Connections(lambda: _connected(arguments), pool, rest_seconds)
        self._group = GroupCommit(self._insert)
        self._schema_engine = create_engine(
            url,
            pool_size=pool.size,
            max_overflow=0,
            pool_timeout=pool.wait_seconds,
            pool_pre_ping=True,
            isolation_level="READ COMMITTED",
            creator=lambda: _connected(arguments),
        )

    @contextmanager
    def transaction(self, *, writes: bool) -> Generator[Transaction]:
        """Open a transaction of a unit; it costs nothing until its first statement."""
        opened = PostgresqlTransaction(Lease(self._connections), self._group, writes=writes)
        try:
            yield opened
        finally:
            opened.close()

    @contextmanager
    def schema(self, *, writes: bool) -> Generator[Connection]:
        """Open a transaction of SQLAlchemy's and commit it."""
        engine = self._schema_engine.execution_options(postgresql_readonly=not writes)
        with connected(engine) as connection:
            yield connection
            connection.commit()

    def dispose(self) -> None:
        """Close what is not in use."""
        self._connections.close_resting()
        self._schema_engine.dispose()

    def abandon(self) -> None:
        """After a fork: forget the parent's connections without closing them."""
        self._connections.abandon()
        self._schema_engine.dispose(close=False)

    def _insert(self, rows: Written, attempts: Sequence[Attempt]) -> frozenset[int]:
        lease = Lease(self._connections)
        try:
            return lease.insert(rows, attempts)
        except psycopg.Error as error:
            if error.sqlstate is None:
                raise _unavailable(error) from error
            raise RowsRefused(type(error).__name__) from error
        finally:
            lease.close()


class PostgresqlTransaction:
    """`sso.storage.transactions.Transaction` on a lease, and the group in which lonely rows are committed."""

    __slots__ = ("_begun", "_group", "_lease", "_writes")

    def __init__(self, lease: Lease, group: GroupCommit[str], *, writes: bool) -> None:
        self._lease = lease
        self._group = group
        self._writes = writes
        self._begun = False

    def rows(self, statement: Executable, parameters: Parameters | None) -> Sequence[Any]:
        """Return what a statement finds or returns."""
        known = compiled(statement, parameters)
        return [known.row(found) for found in self._run(known, parameters).fetchall()]

    def rows_in_time(self, statement: Executable, seconds: float) -> Sequence[Any] | None:
        """Return what a SELECT finds, None where that takes longer than some seconds.

        It is planned for its values: how much of a log a question finds depends on them. Going back to the
        savepoint mends a transaction in which the limit was reached, and only then, for the driver forgets
        what was prepared when anything is rolled back. Then it is given up, or what follows would be a
        transaction within as many others as there were such SELECTs.
        """
        self._begin()
        known = compiled(statement, None)
        try:
            self._lease.control(b"SAVEPOINT in_time")
            self._lease.control(b"SET LOCAL statement_timeout = %d" % max(1, int(seconds * 1000)))
            found = self._rows_unless_cancelled(known)
            if found is None:
                self._lease.control(b"ROLLBACK TO SAVEPOINT in_time")
            else:
                self._lease.control(b"SET LOCAL statement_timeout TO DEFAULT")
            self._lease.control(b"RELEASE SAVEPOINT in_time")
        except psycopg.Error as error:
            raise _unavailable(error) from error
        return found

    def _rows_unless_cancelled(self, known: Compiled) -> Sequence[Any] | None:
        try:
            found = self._lease.run(known.text, known.values(None), for_these=True)
            return [known.row(each) for each in found.fetchall()]
        except psycopg.errors.QueryCanceled:
            return None

    def change(self, statement: Executable, parameters: Parameters | None) -> int:
        """Run a statement and return the number of rows that it changed."""
        return self._run(compiled(statement, parameters), parameters).rowcount

    def insert(self, collected: Collected) -> None:
        """Insert rows now."""
        self._begin()
        self._insert(collected)

    @property
    def takes_attempts(self) -> bool:
        """Whether a change that one caller wins may still wait: until the transaction begins."""
        return not self._begun

    def commit(self, collected: Collected, attempt: Attempt | None = None) -> None:
        """Insert rows and make everything durable, if the attempt wins."""
        if not self._begun:
            self._lease.close()
            if attempt is not None:
                self._group.commit(written(collected, attempt.unit), attempt)
            elif collected:
                self._group.commit(written(collected))
            return
        if collected:
            self._insert(collected)
        try:
            self._lease.commit()
        except psycopg.Error as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Give the connection back; what was not committed is rolled back."""
        if self._begun and not self._writes:
            with suppress(psycopg.Error):
                self._lease.commit()  # after a rollback the driver would prepare every statement anew
        self._lease.close()

    def _run(self, known: Compiled, parameters: Parameters | None) -> psycopg.RawCursor[Any]:
        if known.changes or not self._writes:
            self._begin()
        try:
            return self._lease.run(known.text, known.values(parameters))
        except psycopg.Error as error:
            raise _unavailable(error) from error

    def _insert(self, collected: Collected) -> None:
        try:
            self._lease.insert(written(collected))
        except psycopg.Error as error:
            raise _unavailable(error) from error

    def _begin(self) -> None:
        """From here on nothing is durable before the commit."""
        if self._begun:
            return
        try:
            self._lease.control(b"BEGIN" if self._writes else b"BEGIN READ ONLY")
        except psycopg.Error as error:
            raise _unavailable(error) from error
        self._begun = True


def _unavailable(error: psycopg.Error) -> StorageUnavailable:
    return StorageUnavailable(type(error).__name__)


def _arguments(url: URL, pool: Pool) -> dict[str, Any]:
    """What psycopg connects with; options of the URL win over ours."""
    _, arguments = DIALECT.create_connect_args(url)  # type: ignore[no-untyped-call]  # untyped there
    return {
        **arguments,
        "options": f"{_SETTINGS} {arguments.get('options', '')}".strip(),
        "connect_timeout": int(pool.wait_seconds),
        "application_name": "sso-hub",
    }


def _connected(arguments: dict[str, Any]) -> psycopg.Connection[Any]:
    connection = psycopg.connect(**arguments, autocommit=True)
    connection.prepared_max = PREPARED_STATEMENTS
    connection.execute(_NEVER_RELAXED)
    return connection
