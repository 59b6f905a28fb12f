"""Whatever keeps an event out keeps its state out: a full disk, a database that only reads, a lock."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from sso.storage.database import Database
from sso.storage.engines import Pool
from sso.storage.errors import StorageUnavailable
from sso.storage.sqlite import SqliteEngines
from tests.storage.conftest import opened
from tests.storage.examples import NOW, ORIGIN, code
from tests.storage.test_database import EVENT
from tests.storage.unwritable import everything

MANY = 200
"""Codes that need more pages than there are."""

PATIENCE = Pool(size=1, wait_seconds=0.3)

Fault = Callable[[Database], AbstractContextManager[None]]


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of its own, whose one connection does not wait for long."""
    on_postgresql = request.param == "postgresql"
    url = request.getfixturevalue("postgresql_url") if on_postgresql else f"sqlite:///{tmp_path / 'hub.db'}"
    made = opened(url, pool=PATIENCE)
    yield made
    made.dispose()


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
    yield
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
    yield
    say("RESET ALL")


def url_of(database: Database) -> str:
    return database._url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("database", "fault", "words"),
    [
        ("sqlite", full_disk, "disk is full"),
        ("sqlite", read_only, "readonly"),
        ("sqlite", locked, "database is locked"),
        pytest.param("postgresql", read_only, "read-only", marks=pytest.mark.postgresql),
        pytest.param("postgresql", locked, "lock timeout", marks=pytest.mark.postgresql),
    ],
    indirect=["database"],
)
def test_nothing_is_kept_and_all_goes_on_afterwards(database: Database, fault: Fault, words: str) -> None:
    given = [code() for _ in range(MANY)]

    def issue() -> None:
        with database.begin(ORIGIN) as stores:
            for each in given:
                stores.codes.add(each)
                stores.audit.append(EVENT, NOW)

    before = everything(database)

    with fault(database), pytest.raises(StorageUnavailable) as caught:
        issue()

    assert words in str(caught.value.__cause__)
    assert everything(database) == before
    issue()
    assert everything(database) != before
