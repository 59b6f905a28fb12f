"""A hub in which anything that is recorded can be refused, on both databases; one a test module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.stage import Place, opened_place
from tests.servers.postgresql import PostgreSQL
from tests.storage.conftest import ON_POSTGRESQL


@pytest.fixture(scope="module", params=["sqlite", ON_POSTGRESQL])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("hub")
    if request.param == "sqlite":
        with opened_place(folder) as opened:
            yield opened
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.new_database()
    with opened_place(folder, url) as opened:
        yield opened
    server.drop_database(url)
