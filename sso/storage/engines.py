"""Connections: how each database is opened so that a commit is durable and a reader never waits.

SQLite: WAL, synchronous=FULL (a commit survives a power cut), BEGIN IMMEDIATE for writers (no dead end
when a reader wants to become one), readers that cannot write. PostgreSQL: read committed, UTC, a limit on
every statement, and never `synchronous_commit = off`.
"""

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, Protocol
from urllib.parse import quote

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

STATEMENT_SECONDS = 10
REST_SECONDS = 5.0
"""A PostgreSQL connection that rested longer is tried before it is used: a restart costs no request."""

_SETTINGS = (
    f"-c timezone=UTC -c statement_timeout={STATEMENT_SECONDS}s -c idle_in_transaction_session_timeout=60s"
)
_NEVER_RELAXED = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)


class _Cursor(Protocol):
    def execute(self, statement: str) -> object: ...
    def close(self) -> object: ...


class _DriverConnection(Protocol):
    """What the two drivers have in common (PEP 249)."""

    def cursor(self) -> _Cursor: ...
    def commit(self) -> object: ...
    def rollback(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Engines:
    """Where writers and readers connect; on PostgreSQL they share their connections."""

    writer: Engine
    reader: Engine

    def dispose(self) -> None:
        """Close what is not in use."""
        self.writer.dispose()
        self.reader.dispose()

    def abandon(self) -> None:
        """After a fork: forget the parent's connections without closing them."""
        self.writer.dispose(close=False)
        self.reader.dispose(close=False)


def database_url(url: str) -> URL:
    """Return the URL with its driver.

    Raises:
        ValueError: not `sqlite:///path` or `postgresql://...`; not repeated, for it may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is not None and parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed is not None and parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    msg = "a database URL is sqlite:///path/to/file or postgresql://user:password@host/name"
    raise ValueError(msg)


def sqlite_engines(url: URL, pool_size: int, wait_seconds: float) -> Engines:
    """Return the engines of a SQLite file.

    It must exist (`sso.storage.schema.migrate` makes it): a mistyped path is an error, not a new database.
    """
    file = f"file:{quote(os.path.abspath(url.database or ''))}"
    url = url.set(database=file, query={"mode": "rw", "uri": "true"})

    def engine(begin: str, *pragmas: str) -> Engine:
        made = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=wait_seconds,
            connect_args={"timeout": wait_seconds, "isolation_level": None, "check_same_thread": False},
        )

        @event.listens_for(made, "connect")
        def _open(connection: _DriverConnection, _record: object) -> None:
            _execute(connection, f"PRAGMA busy_timeout = {int(wait_seconds * 1000)}")
            _write_ahead(connection, wait_seconds)
            _execute(connection, *pragmas)

        @event.listens_for(made, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return made

    durable = ("PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")
    return Engines(
        writer=engine("BEGIN IMMEDIATE", *durable),
        reader=engine("BEGIN", *durable, "PRAGMA query_only = ON"),
    )


def postgresql_engines(
    url: URL, pool_size: int, wait_seconds: float, rest_seconds: float = REST_SECONDS
) -> Engines:
    """Return the engines of a PostgreSQL database; options of the URL win over ours."""
    given = url.query.get("options", "")
    options = given if isinstance(given, str) else " ".join(given)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=wait_seconds,
        isolation_level="READ COMMITTED",
        connect_args={
            "options": f"{_SETTINGS} {options}".strip(),
            "connect_timeout": int(wait_seconds),
            "application_name": "sso-hub",
        },
    )

    @event.listens_for(engine, "connect")
    def _open(connection: _DriverConnection, _record: object) -> None:
        _execute(connection, _NEVER_RELAXED)
        connection.commit()

    @event.listens_for(engine, "checkin")
    def _rest(connection: Any, record: Any) -> None:
        record.info["rests_since"] = monotonic()
        if connection is not None and connection.autocommit and not connection.closed:
            connection.autocommit = False

    @event.listens_for(engine, "checkout")
    def _wake(connection: _DriverConnection, record: Any, _proxy: object) -> None:
        if monotonic() - record.info.get("rests_since", monotonic()) > rest_seconds:
            _try(connection)

    return Engines(writer=engine, reader=engine.execution_options(postgresql_readonly=True))


def _execute(connection: _DriverConnection, *statements: str) -> None:
    cursor = connection.cursor()
    try:
        for statement in statements:
            cursor.execute(statement)
    finally:
        cursor.close()


def _write_ahead(connection: _DriverConnection, wait_seconds: float) -> None:
    """Switch to WAL. Where several processes meet a new file, SQLite refuses this one without waiting."""
    deadline = monotonic() + wait_seconds
    while True:
        try:
            _execute(connection, "PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(0.02)


def _try(connection: _DriverConnection) -> None:
    """Ask for a sign of life; without one the pool connects anew."""
    try:
        _execute(connection, "SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        with suppress(psycopg.Error):
            connection.rollback()
        raise DisconnectionError from error
