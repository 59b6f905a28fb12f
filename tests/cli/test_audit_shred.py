"""`sso audit shred` and `hold`: who may be forgotten when, and what forbids it; each on record."""

import hashlib
from datetime import timedelta

import pytest

from sso.audit.record import Origin
from tests.cli.commands import Commands
from tests.cli.test_audit import SUCCESS, happened

LONG_AGO = timedelta(days=400)
WHY = ("--basis", "Archives Act 12", "--reason", "order 7")


@pytest.fixture
def forgotten(cli: Commands) -> Commands:
    """Somebody who last signed in long ago, whose account is gone."""
    happened(cli, SUCCESS, origin=Origin(address="192.0.2.7"), ago=LONG_AGO)
    return cli


def digest(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()


def old(cli: Commands) -> dict[str, object]:
    [row] = cli.rows("audit", "search", "--since", "60w", "--until", "300d")
    return row


def test_what_is_old_enough_is_forgotten_for_good(forgotten: Commands) -> None:
    cli, account = forgotten, str(SUCCESS.account_id)
    before = old(cli)

    said = cli.ok("audit", "shred", "--person", account, *WHY, "--yes")

    assert said.startswith("1 keys destroyed")
    after = old(cli)
    assert (before["account_id"], before["address"]) == (account, "192.0.2.7")
    assert {"account_id", "address"} & after.keys() == set()
    assert after["id"] == before["id"]
    assert cli.rows("audit", "search", "--since", "60w", "--until", "300d", "--person", account) == []
    [ordered], [done] = cli.events("audit.shredding.ordered"), cli.events("audit.subject.shredded")
    assert ordered["detail"]["subject_sha256"] == done["detail"]["subject_sha256"] == digest(account)
    assert (ordered["detail"]["basis"], ordered["detail"]["reason"]) == ("Archives Act 12", "order 7")
    assert (done["detail"]["keys"], done["detail"]["keys_kept"]) == (1, 0)
    assert account not in str([ordered, done])


def test_what_is_younger_than_the_minimum_stays(forgotten: Commands) -> None:
    cli, account = forgotten, str(SUCCESS.account_id)
    happened(cli, SUCCESS, ago=timedelta(days=1))

    said = cli.ok("audit", "shred", "--person", account, *WHY, "--yes")
    refused = cli.refused("audit", "shred", "--person", account, *WHY, "--yes")

    assert "1 keys destroyed" in said and "kept: " in said
    assert refused.startswith("sso: nothing may go yet: the first of it on ")
    [event] = cli.events("audit.shredding.refused")
    assert event["detail"]["cause"] == "retention"
    assert event["outcome"] == "failure"


def test_a_hold_forbids_it_until_it_is_lifted(forgotten: Commands) -> None:
    cli, account = forgotten, str(SUCCESS.account_id)
    hold = cli.ok("audit", "hold", "set", "--person", account, *WHY).strip()
    everything = cli.ok("audit", "hold", "set", *WHY).strip()

    refused = cli.refused("audit", "shred", "--person", account, *WHY, "--yes")

    assert hold in refused and everything in refused
    assert [event["detail"]["cause"] for event in cli.events("audit.shredding.refused")] == ["hold"]
    assert {row["id"]: row["of"] for row in cli.rows("audit", "hold", "list")} == {
        hold: account,
        everything: "the whole log",
    }
    for each in (hold, everything):
        cli.ok("audit", "hold", "lift", each, "--reason", "case closed")
    assert cli.refused("audit", "hold", "lift", hold, "--reason", "again") == f"sso: no hold {hold}"
    assert "1 keys destroyed" in cli.ok("audit", "shred", "--person", account, *WHY, "--yes")
    digests = [event["detail"].get("subject_sha256") for event in cli.events("audit.hold.lifted")]
    assert sorted(digests, key=str) == sorted([digest(account), None], key=str)
    assert len(cli.events("audit.hold.set")) == 2


def test_a_person_goes_with_every_account(cli: Commands) -> None:
    account = cli.add_person()

    assert "no account named nobody" in cli.refused("audit", "shred", "--person", "nobody", *WHY, "--yes")
    assert "nothing may go yet" in cli.refused("audit", "shred", "--person", "tuya", *WHY, "--yes")
    found = {event["event"] for event in cli.rows("audit", "search", "--person", account)}
    assert {"account.created"} <= found


def test_it_asks_first_and_wants_its_reasons(forgotten: Commands) -> None:
    account = str(SUCCESS.account_id)

    asked = forgotten.run("audit", "shred", "--person", account, *WHY, stdin="n\n")
    assert (asked.exit_code, "Go on?" in asked.stdout) == (1, True)
    assert "--basis" in forgotten.refused("audit", "shred", "--person", account, code=2)
    assert old(forgotten)["account_id"] == account


def test_the_minimum_cannot_be_configured_away(forgotten: Commands) -> None:
    file = forgotten.folder / "sso.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n[audit]\nminimum_retention_days = 179\n", encoding="utf-8")

    assert "minimum_retention_days" in forgotten.refused("audit", "hold", "list", code=78)
