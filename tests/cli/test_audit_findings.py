"""`sso audit findings`: a finding from the first look to its end, each step on record."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from sso.config import load
from sso.hub import build
from sso.worker.detection import Detection
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.cli.commands import Commands


def judge(cli: Commands) -> None:
    hub = build(load(str(cli.folder / "sso.toml")))
    Sequencer(hub, LastSigned(cli.folder / "signed.json")).sequence()
    detection = Detection(hub, name="one")
    while detection.judge(datetime.now(UTC)):
        pass
    hub.close()


@pytest.fixture
def client_id(cli: Commands) -> str:
    """An application whose new secret is a finding."""
    client_id = cli.add_client()["client_id"]
    cli.ok("client", "rotate-secret", client_id)
    judge(cli)
    return client_id


def the_finding(cli: Commands, *more: str) -> dict[str, object]:
    (found,) = cli.rows("audit", "findings", "list", "--rule", "r17_client_changed", *more)
    return found


def test_a_finding_is_shown_with_what_its_records_have_in_common(cli: Commands, client_id: str) -> None:
    (rotated,) = cli.events("client.secret.rotated")

    found = the_finding(cli, "--reason", "the morning")
    (shown,) = cli.rows("audit", "findings", "show", str(found["finding_id"]))

    assert found["group"] == {"client_id": client_id}
    assert (found["level"], found["state"], found["records"]) == ("high", "open", 1)
    assert found["last_record_id"] == rotated["id"]
    search = shown["search"]
    assert (search["client_id"], search["event"]) == (client_id, ["client.secret.rotated", "client.updated"])
    options = ("--client", client_id, "--since", search["since"], "--until", search["until"])
    behind = cli.rows("audit", "search", *options, "--event", search["event"][0])
    assert [record["id"] for record in behind] == [rotated["id"]]
    assert f"client_id={client_id}" in cli.ok("audit", "findings", "list")
    assert [event["detail"]["reason"] for event in cli.events("finding.listed")] == ["a test", "the morning"]
    assert [event["detail"]["finding_id"] for event in cli.events("finding.viewed")] == [found["finding_id"]]


def test_a_finding_is_assigned_commented_closed_and_opened_again(cli: Commands, client_id: str) -> None:
    ana = cli.add_person("ana", "Ana Auditor")
    cli.add_person("tuya", "Tuya Bat")
    finding_id = str(the_finding(cli)["finding_id"])

    assert "no auditor" in cli.refused("audit", "findings", "assign", finding_id, "--to", "ana")
    cli.ok("person", "grant-role", "ana", "auditor")
    cli.ok("audit", "findings", "assign", finding_id, "--to", "ana")
    assigned = the_finding(cli)
    cli.ok("audit", "findings", "comment", finding_id, "asked the housing office")
    cli.ok("audit", "findings", "close", finding_id, "--as", "benign", "--comment", "it was their turn")

    assert (assigned["state"], assigned["assignee"]) == ("in_progress", ana)
    assert the_finding(cli, "--closed")["closed_as"] == "benign"
    assert cli.rows("audit", "findings", "list", "--rule", "r17_client_changed") == []
    (shown,) = cli.rows("audit", "findings", "show", finding_id)
    assert [each["text"] for each in shown["comments"]] == ["asked the housing office", "it was their turn"]
    assert "is like that already" in cli.refused("audit", "findings", "close", finding_id, "--as", "benign")
    cli.ok("audit", "findings", "reopen", finding_id)
    assert the_finding(cli)["closed_as"] is None
    changes = [event["detail"] for event in reversed(cli.events("finding.changed"))]
    assert [change["stage"] for change in changes] == ["in_progress", "in_progress", "closed", "open"]
    assert changes[0]["assigned"] == {"account_id": ana}
    assert changes[2]["comment"] == "it was their turn"


def test_a_suppression_is_made_listed_and_lifted(cli: Commands, client_id: str) -> None:
    finding_id = str(the_finding(cli)["finding_id"])
    other = cli.add_client("--client-id", "pensions")["client_id"]

    made = cli.ok(
        "audit", "findings", "suppress", finding_id, "--for", "30d", "--reason", "they rotate daily"
    )
    for client in (client_id, other):
        cli.ok("client", "rotate-secret", client)
    judge(cli)

    (row,) = cli.rows("audit", "findings", "suppressions")
    assert made.startswith(row["suppression_id"])
    assert (row["group"], row["matches"]) == ({"client_id": client_id}, 1)
    found = cli.rows("audit", "findings", "list", "--rule", "r17_client_changed")
    assert [(each["group"]["client_id"], each["records"]) for each in found] == [(other, 1), (client_id, 1)]
    cli.ok("audit", "findings", "lift", row["suppression_id"])
    assert cli.rows("audit", "findings", "suppressions") == []
    (ended,) = cli.events("finding.suppression.ended")
    assert ended["detail"]["count"] == 1
    assert "goes on" in cli.refused("audit", "findings", "lift", row["suppression_id"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--rule", "r17_client_changed", "--for", "91d"), "within 90 days"),
        (("--rule", "r99_nothing", "--for", "1d"), "no rule is named"),
        (("--for", "1d"), "name a finding, or a --rule"),
        (("01234567-89ab-7def-8123-456789abcdef", "--for", "1d"), "no finding"),
    ],
)
def test_a_suppression_that_makes_no_sense_is_refused(
    cli: Commands, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in cli.refused("audit", "findings", "suppress", *arguments, "--reason", "a test")


def test_what_is_like_a_finding_of_an_earlier_release_cannot_be_suppressed(
    cli: Commands, client_id: str
) -> None:
    finding_id = str(the_finding(cli)["finding_id"])
    with closing(sqlite3.connect(cli.folder / "hub.db")) as database, database:
        database.execute("UPDATE finding SET group_digest = ''")  # as migration 0018 did

    said = cli.refused("audit", "findings", "suppress", finding_id, "--for", "1d", "--reason", "a test")

    assert said == "sso: it is of an earlier release, and nobody knows what is like it: suppress its --rule"
    assert cli.rows("audit", "findings", "suppressions") == []
