"""`sso audit shred` and `hold`: who may be forgotten when, and what forbids it; each on record."""

import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest

from sso.audit.record import Origin, new_event_id
from sso.audit.rules import queue
from sso.audit.rules.engine import Match
from sso.audit.rules.finding import Change, CloseReason, Officer, State
from sso.audit.rules.shipped import shipped_rule
from sso.cli import audit_shred
from sso.config import load
from sso.hub import build
from sso.storage.detection import Place, Remembered
from tests.cli.clerks import signed_in_clerk
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


def test_where_people_were_is_forgotten_by_the_rules_with_it(forgotten: Commands) -> None:
    cli = forgotten
    hub = build(load(str(cli.folder / "sso.toml"), {}))
    try:
        with hub.database.begin(Origin()) as stores:
            for name in ("r05_impossible_travel", "r12_new_application_of_clerk"):
                stores.detection.remember(Remembered(name, "d", Place(1, 0), b"what it knows"))

        cli.ok("audit", "shred", "--person", str(SUCCESS.account_id), *WHY, "--yes")

        with hub.database.read() as stores:
            kept = [each.name for each in stores.detection.remembered()]
    finally:
        hub.close()
    assert kept == ["r12_new_application_of_clerk"]


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


def test_a_hold_keeps_every_account_whomever_it_belongs_to_later(cli: Commands) -> None:
    """An order that names a person must not be got round by linking or unlinking an account of theirs."""
    citizen, clerk = cli.add_person(), signed_in_clerk(cli, "bolor").id
    cli.ok("person", "link", citizen, clerk, "--reason", "one human")
    hold = cli.ok("audit", "hold", "set", "--person", citizen, *WHY).strip()
    cli.ok("person", "unlink", clerk, "--reason", "an error")

    for each in (citizen, clerk):
        assert f"a hold keeps it: {hold}" in cli.refused("audit", "shred", "--person", each, *WHY, "--yes")

    another = cli.add_person("saran", "Saran Bat")
    cli.ok("person", "link", another, clerk, "--reason", "one human")
    assert f"a hold keeps it: {hold}" in cli.refused("audit", "shred", "--person", another, *WHY, "--yes")


def test_a_hold_that_is_set_while_the_question_waits_is_obeyed(
    forgotten: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli, account = forgotten, str(SUCCESS.account_id)

    def confirm(*_: object, **__: object) -> bool:
        cli.ok("audit", "hold", "set", "--person", account, *WHY)
        return True

    monkeypatch.setattr(click, "confirm", confirm)
    assert "a hold keeps it" in cli.refused("audit", "shred", "--person", account, *WHY)

    assert old(cli)["account_id"] == account
    assert cli.events("audit.shredding.ordered") == []
    assert len(cli.events("audit.shredding.refused")) == 1


def test_a_hold_that_is_set_after_the_order_keeps_the_keys(
    forgotten: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli, account, destroy = forgotten, str(SUCCESS.account_id), audit_shred._destroy

    def late(*arguments: Any) -> int:
        cli.ok("audit", "hold", "set", *WHY)
        return destroy(*arguments)

    monkeypatch.setattr(audit_shred, "_destroy", late)
    assert "a hold keeps it" in cli.refused("audit", "shred", "--person", account, *WHY, "--yes")

    assert old(cli)["account_id"] == account
    assert len(cli.events("audit.shredding.ordered")) == len(cli.events("audit.shredding.refused")) == 1
    assert cli.events("audit.subject.shredded") == []


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


@pytest.fixture
def officer(cli: Commands) -> tuple[str, str]:
    """An auditor who worked on a finding long ago, and that finding: ids."""
    account, at = cli.add_person("ana", "Ana Auditor"), datetime.now(UTC) - LONG_AGO
    hub = build(load(str(cli.folder / "sso.toml"), {}))
    with hub.database.begin(Origin()) as stores:
        match = Match(shipped_rule("r17_client_changed"), (new_event_id(at),), at, "housing")
        found = queue.file(match, stores, at)
        assert found is not None
        wanted = Change(state=State.CLOSED, closed_as=CloseReason.BENIGN, assignee=account, comment="known")
        queue.change(found, wanted, Officer(account, account), stores, at)
    hub.close()
    return account, found.id


def test_an_officer_who_is_forgotten_is_taken_off_old_findings(
    cli: Commands, officer: tuple[str, str]
) -> None:
    """Adding the account is younger than the minimum: this year stays, what was done long ago goes."""
    account, finding_id = officer
    (before,) = cli.rows("audit", "findings", "show", finding_id)

    said = cli.ok("audit", "shred", "--person", account, *WHY, "--yes")

    assert "kept: " in said
    (after,) = cli.rows("audit", "findings", "show", finding_id)
    assert (before["assignee"], before["comments"][0]["author"]) == (account, account)
    assert (after["assignee"], after["comments"][0]["author"]) == (None, "")
    assert {**after, "assignee": account, "comments": before["comments"]} == before


@pytest.mark.parametrize(
    "trigger",
    [
        "BEFORE UPDATE ON finding",
        "BEFORE INSERT ON audit_event WHEN NEW.event = 'audit.subject.shredded'",
    ],
    ids=["its other half", "its end"],
)
def test_a_shredding_of_which_only_the_keys_went_is_finished_by_the_next(
    cli: Commands, officer: tuple[str, str], trigger: str
) -> None:
    """The keys are in another database: what could not be written after them is not refused for ever."""
    account, finding_id = officer
    shred = ("audit", "shred", "--person", account, *WHY, "--yes")
    with closing(sqlite3.connect(cli.folder / "hub.db")) as connection:
        connection.execute(f"CREATE TRIGGER full {trigger} BEGIN SELECT RAISE(ABORT, 'full'); END")

        assert "the database cannot be used" in cli.refused(*shred, code=75)
        connection.execute("DROP TRIGGER full")

    assert cli.ok(*shred).startswith("0 keys destroyed")
    (after,) = cli.rows("audit", "findings", "show", finding_id)
    assert (after["assignee"], after["comments"][0]["author"]) == (None, "")
    [done] = cli.events("audit.subject.shredded")
    assert (done["detail"]["keys"], done["detail"]["keys_kept"]) == (0, 1)
    assert "nothing may go yet" in cli.refused(*shred)
