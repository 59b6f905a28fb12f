"""`sso audit rules` on a real hub's log."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sso.audit.record import Origin
from tests.cli.commands import Commands
from tests.cli.test_audit import SUCCESS, happened
from tests.geography.written import BEIJING, ULAANBAATAR, write_places


@pytest.fixture
def geography(cli: Commands) -> Path:
    """The file of a hub that has a geography."""
    write_places(cli.folder / "city.mmdb")
    file = cli.folder / "sso.toml"
    file.write_text(f'{file.read_text()}\n[audit.geography]\ndatabase = "city.mmdb"\n')
    return cli.folder / "city.mmdb"


def dry_run(cli: Commands, rule: str) -> list[dict[str, Any]]:
    return cli.rows("audit", "rules", "dry-run", "--rule", rule, "--since", "1h")


def test_every_rule_passes_its_examples_and_is_listed(cli: Commands) -> None:
    tested = cli.rows("audit", "rules", "test")
    listed = cli.rows("audit", "rules", "list")

    assert {row["ok"] for row in tested} == {True}
    assert [row["name"] for row in listed] == [row["name"] for row in tested]


def test_a_dry_run_finds_what_happened_and_is_on_record(cli: Commands) -> None:
    cli.add_person()
    client = cli.add_client()
    cli.ok("client", "rotate-secret", client["client_id"])

    found = cli.rows(
        "audit", "rules", "dry-run", "--rule", "r17_client_changed", "--since", "1h", "--reason", "review"
    )

    assert [(row["rule"], row["level"], row["records"]) for row in found] == [
        ("r17_client_changed", "high", 1)
    ]
    (rotated,) = cli.events("client.secret.rotated")
    assert found[0]["last"] == rotated["id"]
    (asked, *_) = [event for event in cli.events("audit.searched") if "rules" in event["detail"]["query"]]
    assert asked["detail"]["query"]["rules"] == ["r17_client_changed"]
    assert asked["detail"]["reason"] == "review"


def test_a_new_name_of_an_application_is_no_finding_and_a_new_address_is(cli: Commands) -> None:
    client_id = cli.add_client()["client_id"]

    cli.ok("client", "change", client_id, "--metadata", "client_name=Land registry")
    assert dry_run(cli, "r17_client_changed") == []
    cli.ok("client", "change", client_id, "--metadata", "redirect_uris=https://elsewhere.example/cb")

    assert [row["records"] for row in dry_run(cli, "r17_client_changed")] == [1]


def test_keys_by_command_are_a_finding_but_not_the_first_ones(cli: Commands) -> None:
    assert {event["detail"]["first"] for event in cli.events("key.created")} == {True}
    assert dry_run(cli, "r22_new_trust") == []

    cli.ok("keys", "rotate")

    assert [row["records"] for row in dry_run(cli, "r22_new_trust")] == [2]


def test_a_rule_of_ones_own_is_run_and_a_broken_one_is_refused(cli: Commands, tmp_path: Path) -> None:
    cli.add_person()
    rule = tmp_path / "own.yml"
    rule.write_text(
        "title: New accounts\nid: 7\nname: new_accounts\nlevel: low\ndescription: x\n"
        "detection:\n  wanted:\n    event: account.created\n  condition: wanted\n",
        encoding="utf-8",
    )

    assert len(cli.rows("audit", "rules", "dry-run", "--file", str(rule), "--since", "1h")) == 1
    rule.write_text("title: nothing\n", encoding="utf-8")
    assert "own.yml" in cli.refused("audit", "rules", "dry-run", "--file", str(rule))
    assert "no rule is named x" in cli.refused("audit", "rules", "dry-run", "--rule", "x")


def travel(cli: Commands) -> None:
    happened(cli, SUCCESS, origin=Origin(address=ULAANBAATAR), ago=timedelta(minutes=20))
    happened(cli, SUCCESS, origin=Origin(address=BEIJING), ago=timedelta(minutes=10))


def test_what_is_not_judged_for_want_of_a_geography_is_said_so(cli: Commands) -> None:
    travel(cli)

    listed = {row["name"]: row["judged"] for row in cli.rows("audit", "rules", "list")}
    tried = cli.run("audit", "rules", "dry-run", "--rule", "r05_impossible_travel", "--since", "1h")

    assert [name for name, judged in listed.items() if not judged] == ["r05_impossible_travel"]
    assert "not judged: no geography" in cli.ok("audit", "rules", "list")
    assert tried.stderr == "not judged, no geography: r05_impossible_travel\n"
    assert "0 findings" in tried.stdout


def test_with_a_geography_travel_is_found_in_a_dry_run(cli: Commands, geography: Path) -> None:
    travel(cli)

    (row,) = dry_run(cli, "r05_impossible_travel")

    assert (row["level"], row["records"]) == ("high", 2)
    assert {row["judged"] for row in cli.rows("audit", "rules", "list")} == {True}


def test_a_geography_that_cannot_be_read_ends_a_dry_run(cli: Commands, geography: Path) -> None:
    geography.write_bytes(b"\xab\xcd\xefMaxMind.com and nothing more")

    said = cli.refused("audit", "rules", "dry-run", "--rule", "r05_impossible_travel", "--since", "1h")

    assert "city.mmdb is no MaxMind DB file" in said
    assert dry_run(cli, "r17_client_changed") == []
