"""An entry that somebody broke in the database: every command shows the others and names that one."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.commands import Commands
from tests.cli.test_audit import ACCOUNT, FAILURE, SUCCESS, happened

SPOILT = "UPDATE audit_event SET body = x'7b7d' WHERE id = ?"
RESEALED = "UPDATE audit_event SET sealed = x'00' WHERE id = ?"
ADVICE = "`sso audit verify` says what is wrong"


def spoil(cli: Commands, entry_id: str, how: str) -> None:
    with sqlite3.connect(cli.folder / "hub.db") as connection:
        connection.execute("DROP TRIGGER IF EXISTS audit_event_no_update")
        connection.execute(how, (entry_id,))
    connection.close()


@pytest.fixture
def spoilt(cli: Commands, request: pytest.FixtureRequest) -> tuple[Commands, str, list[str]]:
    """A log in which the second of three sign-ins is broken; its id, and the others', newest first."""
    happened(cli, SUCCESS, SUCCESS, SUCCESS)
    newest, middle, oldest = (row["id"] for row in cli.events("auth.login.success"))
    spoil(cli, middle, getattr(request, "param", SPOILT))
    return cli, middle, [newest, oldest]


def looks(cli: Commands) -> list[tuple[object, object]]:
    """What the log says of the looks at sign-ins, newest first: how many were shown, how many broken."""
    found = (each["detail"] for each in cli.events("audit.searched"))
    return [(each["results"], each.get("broken")) for each in found if "auth" in str(each["query"])]


@pytest.mark.parametrize("spoilt", [SPOILT, RESEALED], indirect=True)
def test_a_search_shows_the_others_and_names_the_broken_one(
    spoilt: tuple[Commands, str, list[str]],
) -> None:
    cli, middle, others = spoilt

    rows = cli.rows("audit", "search", "--event", "auth.*")
    table = cli.ok("audit", "search", "--event", "auth.*").splitlines()

    assert [row["id"] for row in rows] == [others[0], middle, others[1]]
    assert rows[1] == {"id": middle, "broken": True}
    assert [row.get("account_id") for row in rows] == [ACCOUNT, None, ACCOUNT]
    assert len(table) == 4
    assert "BROKEN" in table[2]
    assert f"entry {middle}: {ADVICE}" in table[2]
    assert looks(cli)[:2] == [(2, 1), (2, 1)]


def test_pages_go_on_behind_a_broken_entry(spoilt: tuple[Commands, str, list[str]]) -> None:
    cli, middle, others = spoilt
    options = ("--event", "auth.*", "--limit", "2")

    assert [row["id"] for row in cli.rows("audit", "search", *options)] == [others[0], middle]


def test_a_question_is_answered_from_what_can_be_read(spoilt: tuple[Commands, str, list[str]]) -> None:
    cli, middle, others = spoilt
    arguments = ("audit", "ask", "Q3", "--person", ACCOUNT, "--reason", "case 9")
    [answer] = cli.rows(*arguments)
    told = cli.run("audit", "ask", "Q5", "--person", ACCOUNT, "--reason", "case 9")

    assert answer["broken"] == []
    assert middle in told.stdout
    assert f"sso: broken, and left out: {middle}; {ADVICE}" in told.stderr
    [answer] = cli.rows("audit", "ask", "Q5", "--person", ACCOUNT, "--reason", "case 9")
    assert answer["broken"] == [middle]
    assert [record["id"] for record in answer["records"]] == others


def test_one_that_is_broken_is_shown_as_that(spoilt: tuple[Commands, str, list[str]]) -> None:
    cli, middle, _ = spoilt

    [shown] = cli.rows("audit", "show", middle, "--reason", "case 9")

    assert (shown["id"], shown["broken"], shown["place"]) == (middle, True, "waiting")
    [viewed] = cli.events("audit.viewed")
    assert viewed["detail"] == {"record_id": middle, "reason": "case 9"}


@pytest.mark.parametrize("kind", ["jsonl", "csv", "ocsf", "parquet"])
def test_an_export_leaves_it_out_and_says_so(
    spoilt: tuple[Commands, str, list[str]], kind: str, tmp_path: Path
) -> None:
    cli, middle, others = spoilt
    file = tmp_path / "export"

    done = cli.run(
        *("audit", "export", "--event", "auth.*", "--format", kind),
        *("--reason", "case 9", "--output", str(file)),
    )

    assert done.exit_code == 0
    assert done.stdout.startswith("2 records in ")
    assert f"sso: broken, and left out: {middle}; {ADVICE}" in done.stderr
    if kind == "jsonl":
        assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == others
    [exported] = cli.events("audit.exported")
    assert (exported["detail"]["results"], exported["detail"]["broken"]) == (2, 1)


def test_evidence_is_not_sealed_without_it(spoilt: tuple[Commands, str, list[str]], tmp_path: Path) -> None:
    cli, middle, _ = spoilt
    sealing = (
        "audit",
        "seal",
        "--event",
        "auth.*",
        "--reason",
        "case 9",
        "--output",
        str(tmp_path / "x.zip"),
    )

    assert cli.refused(*sealing) == f"sso: entry {middle} is broken: run `sso audit verify`"
    assert not (tmp_path / "x.zip").exists()


def test_a_dry_run_of_rules_says_what_it_could_not_read(spoilt: tuple[Commands, str, list[str]]) -> None:
    cli, middle, _ = spoilt

    done = cli.run("audit", "rules", "dry-run", "--since", "1d", "--reason", "case 9", "--json")

    assert done.exit_code == 0
    assert f"broken, and left out: {middle}; {ADVICE}" in done.stderr
    newest = cli.events("audit.searched")[0]
    assert newest["detail"]["broken"] == 1


def test_a_log_without_broken_entries_speaks_of_none(cli: Commands) -> None:
    happened(cli, SUCCESS, FAILURE)

    done = cli.run("audit", "ask", "Q4", "--address", "192.0.2.7", "--reason", "case 9")

    assert (done.exit_code, done.stderr) == (0, "")
    cli.ok("audit", "search", "--event", "auth.*")
    assert looks(cli)[0] == (2, None)
