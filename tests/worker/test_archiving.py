"""Months of the log go to the archive before they are dropped: written, read back, on record."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso.archive.opening import digest_of
from sso.archive.parquet import ArchivedRow, read
from sso.archive.settings import ArchiveSettings, FolderSettings
from sso.audit.event import NodeStarted, SignInSucceeded
from sso.audit.merkle.tree import leaf_hash
from sso.audit.record import Origin
from sso.oidc.digest import new_id
from sso.storage.audit_months import Month
from sso.worker import archiving
from sso.worker.retention import keep_months
from tests.worker.conftest import Log, log_at

pytestmark = pytest.mark.postgresql
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MARCH, APRIL = Month(2026, 3), Month(2026, 4)
ACCOUNT = new_id()


@dataclass
class Archived:
    """A log with two old months, and its archive."""

    log: Log
    folder: Path

    def known(self) -> list[Month]:
        return known(self.log)

    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def rows(self, file: Path) -> list[ArchivedRow]:
        return [row for page in read(file) for row in page]


@pytest.fixture
def archived(empty_postgresql_url: str, tmp_path: Path) -> Iterator[Archived]:
    folder = tmp_path / "cold"
    folder.mkdir()
    with two_old_months(empty_postgresql_url, tmp_path, FolderSettings(folder)) as log:
        yield Archived(log, folder)


@contextmanager
def two_old_months(url: str, folder: Path, settings: ArchiveSettings) -> Iterator[Log]:
    """A log with two months that are past their retention, and where they are to be kept."""
    with log_at(url, folder) as log:
        log.keeping(retention_days=180)
        keep_in(log, settings)
        for month in (MARCH, APRIL):
            with log.hub.database.begin(Origin()) as stores:
                stores.audit_months.make(month)
            for number in range(3):
                with log.hub.database.begin(Origin(address="192.0.2.7")) as stores:
                    stores.audit.append(signed_in(), month.begin)
                    stores.audit.append(NodeStarted(node=f"n{number}", version="1"), month.begin)
        log.sequencer.sequence()
        log.sequencer.sign(NOW)
        yield log


def keep_in(log: Log, settings: ArchiveSettings) -> None:
    """Configure where months are kept."""
    configuration = replace(log.hub.configuration, audit_archive=settings)
    object.__setattr__(log.hub, "configuration", configuration)


def known(log: Log) -> list[Month]:
    """Return which of the two months are in the database."""
    with log.hub.database.read() as stores:
        return [month for month in stores.audit_months.known() if month in (MARCH, APRIL)]


def signed_in() -> SignInSucceeded:
    return SignInSucceeded(account_id=ACCOUNT, session_id="s", directory_id=None, acr="1", amr=())


def test_a_month_is_a_file_with_its_places_before_it_goes(
    archived: Archived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "PAGE", 4)

    keep_months(archived.log.hub, NOW)

    march, april = archived.files()
    rows = archived.rows(march) + archived.rows(april)
    with archived.log.hub.database.read() as stores:
        leaves = {leaf.event_id: leaf for leaf in stores.audit_tree.leaves(1, 0, archived.log.size)}
        events = stores.audit_archive
        archived.log.sequencer.sequence()
        said = events.archived()
        hashes, places = stores.audit_tree.leaf_hashes([row["id"] for row in rows]), events.leaves(MARCH)
    assert archived.known() == []
    assert len(rows) == 12
    assert all(leaf_hash(row["body"]) == row["leaf_hash"] == leaves[row["id"]].leaf_hash for row in rows)
    assert hashes == {row["id"]: row["leaf_hash"] for row in rows}
    assert places == 6
    assert [row["leaf_index"] for row in rows] == [leaves[row["id"]].index for row in rows]
    assert {each.archive_file: (each.entries, each.sha256) for each in said.values()} == {
        march.name: (6, digest_of(march)),
        april.name: (6, digest_of(april)),
    }
    assert archived.log.findings() == []


def test_what_the_log_says_of_months_outlives_the_month_that_it_was_said_in(archived: Archived) -> None:
    keep_months(archived.log.hub, NOW)
    archived.log.sequencer.sequence()
    with archived.log.hub.database.read() as stores:
        said = stores.audit_archive.archived()

    keep_months(archived.log.hub, NOW + timedelta(days=300))
    archived.log.sequencer.sequence()
    archived.log.sequencer.sign(NOW)

    with archived.log.hub.database.read() as stores:
        assert Month.of(NOW) not in stores.audit_months.known()
        assert stores.audit_archive.archived().items() >= said.items()
    assert archived.log.findings() == []


def test_a_file_tells_of_nobody(archived: Archived) -> None:
    """What opens it stays in the database, and is destroyed there: crypto-shredding reaches the archive."""
    keep_months(archived.log.hub, NOW)

    whole = b"".join(file.read_bytes() for file in archived.files())
    cells = [value for file in archived.files() for row in archived.rows(file) for value in row.values()]
    assert "auth.login.success" in cells
    assert ACCOUNT.encode() not in whole and b"192.0.2.7" not in whole
    assert not any(ACCOUNT in str(value) or "192.0.2.7" in str(value) for value in cells)


def test_a_month_stays_while_the_archive_does_not_take_it_and_it_is_said_once(archived: Archived) -> None:
    archived.folder.rmdir()

    keep_months(archived.log.hub, NOW)
    keep_months(archived.log.hub, NOW)

    assert archived.known() == [MARCH, APRIL]
    assert archived.log.codes().count("audit.month.not_archived") == 1
    with archived.log.hub.database.read() as stores:
        last = stores.audit_archive.last_said()
    assert last is not None
    assert last.detail == {
        "month": "2026-03",
        "reason": f"{archived.folder}: No such file or directory",
    }

    archived.folder.mkdir()
    keep_months(archived.log.hub, NOW)
    assert archived.known() == []


def test_a_month_stays_when_its_file_does_not_read_back(
    archived: Archived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a disk that lies: what is kept is not what was written."""
    put = archiving.place_of(FolderSettings(archived.folder)).put

    class Liar:
        def put(self, name: str, content: object) -> None:
            put(name, io.BytesIO())

        get = staticmethod(archiving.place_of(FolderSettings(archived.folder)).get)

    monkeypatch.setattr(archiving, "place_of", lambda _: Liar())
    keep_months(archived.log.hub, NOW)

    assert archived.known() == [MARCH, APRIL]
    assert "audit.month.archived" not in archived.log.codes()


def test_a_month_that_grew_since_it_was_archived_is_archived_again(
    archived: Archived, monkeypatch: pytest.MonkeyPatch
) -> None:
    retire = archiving._archived

    def grow_meanwhile(*given: object) -> object:
        kept = retire(*given)  # type: ignore[arg-type]
        with archived.log.hub.database.begin(Origin()) as stores:
            stores.audit.append(NodeStarted(node="late", version="1"), MARCH.begin)
        archived.log.sequencer.sequence()
        monkeypatch.undo()
        return kept

    monkeypatch.setattr(archiving, "_archived", grow_meanwhile)

    keep_months(archived.log.hub, NOW)
    assert archived.known() == [MARCH]
    keep_months(archived.log.hub, NOW + timedelta(hours=1))

    assert archived.known() == []
    archived.log.sequencer.sequence()
    with archived.log.hub.database.read() as stores:
        assert stores.audit_archive.archived()["2026-03"].entries == 7


def test_what_was_archived_and_not_dropped_is_not_archived_again(
    archived: Archived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash between the two."""
    archiving.archived(archived.log.hub, MARCH, NOW)
    archived.log.sequencer.sequence()
    [file] = archived.files()
    written = file.stat().st_mtime_ns

    keep_months(archived.log.hub, NOW)

    assert archived.known() == []
    assert archived.files()[0].stat().st_mtime_ns == written
    assert archived.log.codes().count("audit.month.archived") == 2
