"""Whatever keeps an event out keeps its state out: a full disk, a database that only reads, a lock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sso.storage.database import Database
from sso.storage.engines import Pool
from sso.storage.errors import StorageUnavailable
from tests.storage.conftest import opened
from tests.storage.examples import NOW, ORIGIN, code
from tests.storage.faults import Fault, full_disk, locked, read_only
from tests.storage.test_database import EVENT
from tests.storage.unwritable import everything

MANY = 200
"""Codes that need more pages than there are."""

PATIENCE = Pool(size=1, wait_seconds=0.3)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of its own, whose one connection does not wait for long."""
    on_postgresql = request.param == "postgresql"
    url = request.getfixturevalue("postgresql_url") if on_postgresql else f"sqlite:///{tmp_path / 'hub.db'}"
    made = opened(url, pool=PATIENCE)
    yield made
    made.dispose()


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
