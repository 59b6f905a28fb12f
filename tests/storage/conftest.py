"""The contract's three backends: the fakes, SQLite and PostgreSQL; and the two that are real."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sso.storage.database import Database
from sso.storage.schema import migrate
from sso.storage.sealing import Sealer
from tests.fakes import FakeDatabase

SEALER = Sealer(bytes(range(32)))
ON_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


def url_of(request: pytest.FixtureRequest, backend: str, folder: Path) -> str:
    if backend == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{folder / 'hub.db'}"


def opened(url: str, pool_size: int = 10) -> Database:
    database = Database(url, SEALER, pool_size=pool_size)
    if database.dialect == "sqlite":
        migrate(database)
    return database


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def sql_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A real database with the hub's schema."""
    database = opened(url_of(request, request.param, tmp_path))
    yield database
    database.dispose()


@pytest.fixture(params=["fakes", "sqlite", ON_POSTGRESQL])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """What the contract holds for; the fakes stand in for a Database as far as the contract goes."""
    made = FakeDatabase() if request.param == "fakes" else opened(url_of(request, request.param, tmp_path))
    yield made  # type: ignore[misc]
    made.dispose()
