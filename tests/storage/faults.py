"""Faults of a real database: a file that may not grow, one that only reads, somebody who holds the log."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import psycopg

from sso.storage.database import Database
from sso.storage.sqlite import SqliteEngines

Fault = Callable[[Database], AbstractContextManager[None]]
"""While the block lasts the database has it."""


@contextmanager
def full_disk(database: Database) -> Iterator[None]:
    """A file that may not grow; PostgreSQL is given no small disk here."""
    with pragma(database, "max_page_count = 1", "max_page_count = 1073741823"):
        yield


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    if database.dialect == "sqlite":
        with pragma(database, "query_only = on", "query_only = off"):
            yield
        return
    with setting(database, "default_transaction_read_only = on"):
        yield


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Somebody else holds the log for longer than anyone waits."""
    if database.dialect == "sqlite":
        with closing(sqlite3.connect(str(database._url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    with setting(database, "lock_timeout = '300ms'"), psycopg.connect(url_of(database)) as other:
        other.execute("LOCK TABLE audit_event IN EXCLUSIVE MODE")
        yield


@contextmanager
def pragma(database: Database, broken: str, mended: str) -> Iterator[None]:
    def say(what: str) -> None:
        engines = database._my_engines()
        assert isinstance(engines, SqliteEngines)
        with closing(engines._writer.raw_connection()) as connection:
            connection.cursor().execute(f"PRAGMA {what}")

    say(broken)
    try:
        yield
    finally:
        say(mended)


@contextmanager
def setting(database: Database, what: str) -> Iterator[None]:
    """What every new connection to the database has."""
    name = str(database._url.database)

    def say(what: str) -> None:
        with psycopg.connect(url_of(database), autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f'ALTER DATABASE "{name}" {what}'.encode())
        database.dispose()

    say(f"SET {what}")
    try:
        yield
    finally:
        say("RESET ALL")


def url_of(database: Database) -> str:
    return database._url.set(drivername="postgresql").render_as_string(hide_password=False)
