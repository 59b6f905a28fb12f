"""The contract's three backends: the fakes, SQLite and PostgreSQL; and the two that are real."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sso.storage.database import Database
from sso.storage.schema import migrate
from sso.storage.sealing import Sealer
from sso.storage.tables import metadata, setting
from tests.fakes import FakeDatabase
from tests.servers.postgresql import PostgreSQL
from tests.storage.racing import THREADS, Race

SEALER = Sealer(bytes(range(32)))
ON_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


_CLEAN = ";".join(  # as replication would, past the trigger that keeps the log
    ["SET session_replication_role = replica", "DELETE FROM audit_keys.audit_key"]
    + [f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables) if table is not setting]
)


@pytest.fixture(scope="session")
def shared_postgresql_url(postgresql: PostgreSQL, postgresql_template: str) -> str:
    """One database for many tests, emptied before each: ten times faster than a new one."""
    return postgresql.new_database(postgresql_template)


def url_of(request: pytest.FixtureRequest, backend: str, folder: Path) -> str:
    if backend == "sqlite":
        return f"sqlite:///{folder / 'hub.db'}"
    url: str = request.getfixturevalue("shared_postgresql_url")
    with psycopg.connect(url) as connection:
        connection.execute(_CLEAN)
    return url


def opened(url: str, **options: Any) -> Database:
    database = Database(url, SEALER, **options)
    if database.dialect == "sqlite":
        migrate(database)
    return database


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def sql_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A real database with the hub's schema."""
    database = opened(url_of(request, request.param, tmp_path))
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def private_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A real database whose schema may be broken."""
    on_postgresql = request.param == "postgresql"
    url = request.getfixturevalue("postgresql_url") if on_postgresql else f"sqlite:///{tmp_path / 'hub.db'}"
    database = opened(url)
    yield database
    database.dispose()


@pytest.fixture(params=["fakes", "sqlite", ON_POSTGRESQL])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """What the contract holds for; the fakes stand in for a Database as far as the contract goes."""
    made = FakeDatabase() if request.param == "fakes" else opened(url_of(request, request.param, tmp_path))
    yield made  # type: ignore[misc]
    made.dispose()


@pytest.fixture
def race(sql_database: Database) -> Iterator[Race]:
    """Threads over two pools of connections to one database."""
    other = opened(sql_database._url.render_as_string(hide_password=False))
    with ThreadPoolExecutor(THREADS) as pool:
        yield Race((sql_database, other), pool)
    other.dispose()
