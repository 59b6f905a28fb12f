"""`sso audit search --archive`: months that left the database are found as if they were there."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso.audit.event import NodeStarted, SignInSucceeded
from sso.audit.record import Origin
from sso.config import load
from sso.hub import build
from sso.storage.audit_months import Month
from sso.worker.archiving import archived
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.cli.commands import Commands

NOW = datetime.now(UTC)
OLD = Month.of(NOW - timedelta(days=200)).begin + timedelta(days=3)
ACCOUNT = "AAAAAAAAAAAAAAAAAAAAAA"
ADDRESS = "192.0.2.7"
WITHIN = ("--since", "400d")


@dataclass
class Cold:
    """A hub whose old month is in its archive alone; SQLite drops none, so the test takes it out."""

    cli: Commands
    ids: list[str]

    @property
    def file(self) -> Path:
        [file] = (self.cli.folder / "cold").iterdir()
        return file

    def found(self, *facets: str) -> list[str]:
        return [row["id"] for row in self.cli.rows("audit", "search", "--archive", *WITHIN, *facets)]


@pytest.fixture
def cold(cli: Commands) -> Cold:
    (cli.folder / "cold").mkdir()
    with (cli.folder / "sso.toml").open("a") as file:
        file.write('\n[audit.archive]\nfolder = "cold"\n')
    hub = build(load(str(cli.folder / "sso.toml"), {}))
    try:
        with hub.database.begin(Origin(address=ADDRESS)) as stores:
            ids = [stores.audit.append(signed_in(), OLD + timedelta(hours=hour)) for hour in range(3)]
            ids.append(stores.audit.append(NodeStarted(node="n", version="1"), NOW))
        sequencer = Sequencer(hub, LastSigned(hub.configuration.audit_last_signed_file))
        sequencer.sequence()
        archived(hub, Month.of(OLD), NOW)
        sequencer.sequence()
        sequencer.sign(NOW)
    finally:
        hub.close()
    take_out(cli.folder)
    return Cold(cli, ids)


def signed_in() -> SignInSucceeded:
    return SignInSucceeded(account_id=ACCOUNT, session_id="s", directory_id=None, acr="1", amr=("pwd",))


def take_out(folder: Path) -> None:
    with sqlite3.connect(folder / "hub.db") as connection:
        connection.execute("DROP TRIGGER audit_event_no_delete")
        connection.execute("DELETE FROM audit_event WHERE id < ?", (Month.of(OLD).next.first_id,))
    connection.close()


def test_both_are_one_answer_newest_first(cold: Cold) -> None:
    oldest, second, third, now = cold.ids

    assert cold.found("--event", "auth.*", "--event", "node.*") == [now, third, second, oldest]
    assert cold.found("--event", "auth.*", "--limit", "2") == [third, second]
    assert cold.cli.rows("audit", "search", *WITHIN, "--event", "auth.*") == []


def test_people_and_addresses_are_found_and_shown(cold: Cold) -> None:
    [row] = cold.cli.rows(
        *("audit", "search", "--archive", *WITHIN, "--account", ACCOUNT, "--address", ADDRESS, "--limit", "1")
    )

    assert (row["account_id"], row["address"]) == (ACCOUNT, ADDRESS)


def test_the_search_is_on_record_as_one_of_the_archive(cold: Cold) -> None:
    cold.found("--event", "auth.*")

    [search] = cold.cli.events("audit.searched")[:1]
    assert search["detail"]["query"]["archive"] is True
    assert search["detail"]["results"] == 3


def test_what_was_shredded_is_not_read_in_the_archive_either(cold: Cold) -> None:
    with sqlite3.connect(cold.cli.folder / "hub-audit-keys.db") as connection:
        connection.execute("UPDATE audit_key SET sealed = NULL WHERE account_id = ?", (ACCOUNT,))
    connection.close()

    [row] = cold.cli.rows("audit", "search", "--archive", *WITHIN, "--event", "auth.*", "--limit", "1")

    assert row["detail"] == {"acr": "1", "amr": ["pwd"]}
    assert not {"account_id", "address"} & row.keys()


def test_a_file_that_somebody_exchanged_is_not_asked(cold: Cold) -> None:
    content = bytearray(cold.file.read_bytes())
    content[100] ^= 1
    cold.file.write_bytes(content)

    said = cold.cli.refused("audit", "search", "--archive", *WITHIN)

    assert f"{cold.file.name} is not the file that was archived" in said


def test_months_outside_of_the_question_are_not_fetched(cold: Cold) -> None:
    cold.file.unlink()

    assert cold.cli.ok("audit", "search", "--archive", "--since", "7d")


def test_without_an_archive_it_is_said_what_is_missing(cli: Commands) -> None:
    assert "no archive is configured: [audit.archive]" in cli.refused("audit", "search", "--archive")
