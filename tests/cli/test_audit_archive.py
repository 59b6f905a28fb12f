"""`sso audit search --archive`: months that left the database are found as if they were there."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from sso.archive.opening import digest_of
from sso.archive.parquet import read, write
from sso.audit.event import NodeStarted, SignInSucceeded
from sso.audit.record import AuditEvent, Origin
from sso.cli import audit_archive
from sso.config import load
from sso.hub import build
from sso.storage.audit_months import Month
from sso.worker.archiving import archived
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.cli.commands import Commands

NOW = datetime.now(UTC)
OLD = Month.of(NOW - timedelta(days=200)).begin + timedelta(days=3)
HOUR = timedelta(hours=1)
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
    return frozen(cli, *[signed_in()] * 3)


def frozen(cli: Commands, *events: AuditEvent, place: str = '[audit.archive]\nfolder = "cold"\n') -> Cold:
    """Have events happen an hour apart in a month that goes into the archive; and one today."""
    (cli.folder / "cold").mkdir()
    with (cli.folder / "sso.toml").open("a") as file:
        file.write(f"\n{place}")
    hub = build(load(str(cli.folder / "sso.toml"), {}))
    try:
        with hub.database.begin(Origin(address=ADDRESS)) as stores:
            ids = [stores.audit.append(each, OLD + hour * HOUR) for hour, each in enumerate(events)]
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
    """As dropping the month does on PostgreSQL: its entries go, and its counts."""
    end = Month.of(OLD).next
    with sqlite3.connect(folder / "hub.db") as connection:
        connection.execute("DROP TRIGGER audit_event_no_delete")
        connection.execute("DELETE FROM audit_event WHERE id < ?", (end.first_id,))
        connection.execute("DELETE FROM audit_hour WHERE hour < ?", (int(end.begin.timestamp()) * 1_000_000,))
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


def test_an_export_holds_both(cold: Cold) -> None:
    oldest, second, third, now = cold.ids
    file = cold.cli.folder / "found.jsonl"
    facets = (*WITHIN, "--event", "auth.*", "--event", "node.*", "--redact", "who")

    cold.cli.ok("audit", "export", "--archive", *facets, "--reason", "court 4", "--output", str(file))

    records = [json.loads(line) for line in file.read_text().splitlines()]
    assert [record["id"] for record in records] == [now, third, second, oldest]
    assert [record.get("address") for record in records] == [ADDRESS] * 4
    assert not any("account_id" in record for record in records)
    assert cold.cli.events("audit.exported")[0]["detail"]["query"]["archive"] is True


def test_an_export_during_which_a_month_left_the_database_is_none(
    cold: Cold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The month would be in neither of the places that were asked."""
    hub = build(load(str(cold.cli.folder / "sso.toml"), {}))
    answers = [audit_archive.gone(hub)]
    hub.close()
    monkeypatch.setattr(audit_archive, "gone", lambda _: answers.pop() if answers else {})
    file = cold.cli.folder / "found.jsonl"

    said = cold.cli.refused(
        *("audit", "export", "--archive", *WITHIN, "--reason", "x", "--output", str(file))
    )

    assert said == "sso: a month went into the archive meanwhile: ask again"
    assert not file.exists()


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


def test_a_check_of_no_archive_ends_before_the_log_is_read(cli: Commands) -> None:
    """A whole log takes its time; here it cannot even be read."""
    with sqlite3.connect(cli.folder / "hub.db") as connection:
        connection.execute("DROP TABLE audit_head")
    connection.close()

    said = cli.refused("audit", "verify", "--archive")

    assert said == "sso: no archive is configured: [audit.archive]"


def rewritten(cold: Cold, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change a file and what the log says of it, as somebody with both in hand would."""
    file = cold.file
    rows = [dict(row) for page in read(file) for row in page]
    change(rows)
    write(file, [rows])
    tell_digest(cold)


def tell_digest(cold: Cold) -> None:
    """Have the log say that the file is the one that was archived."""
    file = cold.file
    with sqlite3.connect(cold.cli.folder / "hub.db") as connection:
        connection.execute("DROP TRIGGER audit_event_no_update")
        [(body,)] = connection.execute("SELECT body FROM audit_event WHERE event = 'audit.month.archived'")
        said = json.loads(body)["public"]["sha256"].encode()
        other = body.replace(said, digest_of(file).encode())
        connection.execute("UPDATE audit_event SET body = ? WHERE body = ?", (other, body))
    connection.close()


def archive_findings(cold: Cold) -> list[str]:
    result = cold.cli.run("audit", "verify", "--archive", "--json")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert told[-1]["archived_months"] == 1
    return [each["what"] for each in told[:-1] if cold.file.name in each["sentence"]]


def change_body(rows: list[dict[str, Any]]) -> None:
    rows[1]["body"] = rows[1]["body"].replace(b"success", b"failure")


def change_column(rows: list[dict[str, Any]]) -> None:
    rows[1]["session_id"] = "another"


def leave_out(rows: list[dict[str, Any]]) -> None:
    del rows[1]


def put_in(rows: list[dict[str, Any]]) -> None:
    rows.append({**rows[2], "id": rows[2]["id"] + "0"})


def test_an_archive_that_is_what_was_logged_verifies(cold: Cold) -> None:
    assert archive_findings(cold) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [(change_body, ["changed"]), (change_column, []), (leave_out, ["deleted"]), (put_in, ["inserted"])],
)
def test_a_file_that_was_rewritten_together_with_its_digest_is_found(
    cold: Cold, change: Callable[[list[dict[str, Any]]], None], found: list[str]
) -> None:
    """The digest stands in the log, so that the log finds it too; and the tree tells which entry it is."""
    rewritten(cold, change)

    result = cold.cli.run("audit", "verify", "--archive")

    assert result.exit_code == 3
    assert archive_findings(cold) == found
    assert (change is change_column) == ("is filed under another session_id" in result.stdout)


def one_column(file: Path) -> None:
    parquet.write_table(pyarrow.table({"id": ["a"]}), file)


def no_parquet(file: Path) -> None:
    file.write_bytes(b"a month")


@pytest.mark.parametrize("replace", [one_column, no_parquet])
def test_a_file_that_is_no_month_is_named_whatever_the_log_says_of_it(
    cold: Cold, replace: Callable[[Path], None]
) -> None:
    replace(cold.file)
    tell_digest(cold)

    said = cold.cli.refused("audit", "search", "--archive", *WITHIN)
    found = cold.cli.run("audit", "verify", "--archive")

    assert said.startswith(f"sso: {cold.file.name} could not be asked: ")
    assert found.exit_code == 3
    assert f"archive: {cold.file.name} is no month of the log" in found.stdout


def test_a_file_that_is_gone_is_a_finding(cold: Cold) -> None:
    name = cold.file.name
    cold.file.unlink()

    result = cold.cli.run("audit", "verify", "--archive")

    assert result.exit_code == 3
    assert f"archive: {cold.cli.folder / 'cold' / name} is not there" in result.stdout
