"""`sso audit search`: finds by every facet, newest first, and records who searched for what."""

import json
import os
import pwd
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from sso.audit.event import NodeStarted, SignInFailed, SignInSucceeded
from sso.audit.query import MAX_PAGE_SIZE
from sso.audit.record import AuditEvent, Origin
from sso.config import load
from sso.hub import build
from sso.storage.unit_of_work import UnitOfWork
from tests.cli.clerks import signed_in_clerk
from tests.cli.commands import Commands

ACCOUNT = "AAAAAAAAAAAAAAAAAAAAAA"
SUCCESS = SignInSucceeded(
    account_id=ACCOUNT, session_id="session-1", client_id="housing", directory_id=None, acr="1", amr=("pwd",)
)
FAILURE = SignInFailed(client_id="tax", directory_id=None, status_code="wrong", name_hmac="0" * 16)


def happened(
    cli: Commands, *events: AuditEvent, origin: Origin | None = None, ago: timedelta | None = None
) -> None:
    """Put events into the trail, some time ago."""
    built = build(load(str(cli.folder / "sso.toml"), {}))
    when = datetime.now(UTC) - (ago or timedelta(0))
    try:
        with built.database.begin(origin or Origin()) as stores:
            for number, event in enumerate(events):
                stores.audit.append(event, when + timedelta(milliseconds=number))
    finally:
        built.close()


@pytest.fixture
def trail(cli: Commands) -> Commands:
    """Two sign-ins of different kinds, now, and one of 40 days ago."""
    happened(cli, SUCCESS, origin=Origin(address="192.0.2.7", request_id="request-1", trace_id="0af7"))
    happened(cli, FAILURE, origin=Origin(address="2001:db8::9"))
    happened(cli, SUCCESS, ago=timedelta(days=40))
    return cli


@pytest.mark.parametrize(
    ("facet", "found"),
    [
        (("--event", "auth.login.success"), ["auth.login.success"]),
        (("--event", "auth.*"), ["auth.login.failure", "auth.login.success"]),
        (
            ("--event", "auth.login.failure", "--event", "auth.login.success"),
            ["auth.login.failure", "auth.login.success"],
        ),
        (("--outcome", "failure"), ["auth.login.failure"]),
        (("--client", "housing"), ["auth.login.success"]),
        (("--account", ACCOUNT), ["auth.login.success"]),
        (("--session", "session-1"), ["auth.login.success"]),
        (("--request-id", "request-1"), ["auth.login.success"]),
        (("--address", "192.0.2.7"), ["auth.login.success"]),
        (("--address", "192.0.2.0/24"), ["auth.login.success"]),
        (("--address", "192.0.2.99/24"), ["auth.login.success"]),
        (("--address", "2001:db8::/47"), ["auth.login.failure"]),
        (("--address", "198.51.100.0/24"), []),
        (("--since", "90d", "--until", "35d"), ["auth.login.success"]),
        (("--since", "90d", "--event", "auth.login.success"), ["auth.login.success", "auth.login.success"]),
        (("--client", "housing", "--outcome", "failure"), []),
        (("--status-code", "wrong"), ["auth.login.failure"]),
        (("--severity", "2", "--event", "auth.*"), ["auth.login.failure"]),
        (("--acr", "1"), ["auth.login.success"]),
        (("--directory", "civil"), []),
        (("--claim", "email"), []),
        (("--trace", "0af7"), ["auth.login.success"]),
        (("--text", "housing"), []),
        (("--text", "login.fail"), ["auth.login.failure"]),
    ],
)
def test_each_facet_finds_its_events_newest_first(
    trail: Commands, facet: tuple[str, ...], found: list[str]
) -> None:
    rows = trail.rows("audit", "search", *facet)

    assert [row["event"] for row in rows] == found
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)


def test_a_line_of_json_is_the_whole_record(trail: Commands) -> None:
    [row] = trail.rows("audit", "search", "--request-id", "request-1")

    assert {name: row[name] for name in row if name not in {"id", "occurred_at", "severity"}} == {
        "event": "auth.login.success",
        "outcome": "success",
        "client_id": "housing",
        "account_id": ACCOUNT,
        "session_id": "session-1",
        "address": "192.0.2.7",
        "request_id": "request-1",
        "trace_id": "0af7",
        "detail": {"acr": "1", "amr": ["pwd"]},
    }


def test_a_txn_finds_all_that_its_request_recorded(trail: Commands) -> None:
    [row] = trail.rows("audit", "search", "--request-id", "request-1")

    assert [each["id"] for each in trail.rows("audit", "search", "--transaction", row["id"])] == [row["id"]]
    assert "not the id of a record" in trail.refused("audit", "search", "--transaction", "7", code=2)
    assert "3 to 200" in trail.refused("audit", "search", "--text", "ab", code=2)


def test_a_count_says_how_many_and_when(trail: Commands) -> None:
    [row] = trail.rows("audit", "count", "--since", "90d", "--event", "auth.*", "--bars", "3")

    assert (row["records"], row["success"], row["failure"]) == (3, 2, 1)
    assert [bar["success"] + bar["failure"] for bar in row["bars"]] == [0, 1, 2]
    shown = trail.ok("audit", "count", "--since", "90d", "--event", "auth.*", "--bars", "3").splitlines()
    assert shown[-1] == "3 records: 2 succeeded, 1 failed"
    assert {event["detail"]["results"] for event in trail.events("audit.searched")} >= {3}


def test_a_table_for_people_says_the_same_in_columns(trail: Commands) -> None:
    shown = trail.ok("audit", "search", "--event", "auth.*").splitlines()

    assert shown[0].split() == ["time", "(UTC)", "event", "outcome", "client", "account", "address", "detail"]
    assert "auth.login.failure  failure  tax" in shown[1]
    assert f"auth.login.success  success  housing  {ACCOUNT}  192.0.2.7" in shown[2]


def test_an_account_is_found_by_the_name_that_people_know(cli: Commands) -> None:
    citizen = cli.add_person()
    clerk = signed_in_clerk(cli, "Bolor").id

    found = {
        name: {row["account_id"] for row in cli.rows("audit", "search", "--account", name)}
        for name in ("TUYA", "bolor@civil.example", citizen)
    }

    assert found == {"TUYA": {citizen}, "bolor@civil.example": {clerk}, citizen: {citizen}}


def test_an_account_that_nobody_has_is_an_error_unless_it_is_an_id(cli: Commands) -> None:
    assert cli.refused("audit", "search", "--account", "nobody") == "sso: no account named nobody"
    assert cli.ok("audit", "search", "--account", ACCOUNT) == "none\n"


def test_a_search_is_recorded_with_its_question_its_reason_and_its_author(trail: Commands) -> None:
    trail.rows("audit", "search", "--event", "auth.*", "--outcome", "failure", "--reason", "complaint 17")

    [event] = trail.events("audit.searched")

    assert event["actor"] == f"command:{pwd.getpwuid(os.getuid()).pw_name}"
    detail = event["detail"]
    assert (detail["results"], detail["reason"]) == (1, "complaint 17")
    assert detail["query"]["events"] == ["auth.*"]
    assert detail["query"]["outcome"] == "failure"
    assert datetime.fromisoformat(detail["query"]["since"]) < datetime.now(UTC) - timedelta(days=29)


def test_the_environment_cannot_sign_a_search_with_another_name(cli: Commands) -> None:
    forged = {"LOGNAME": "somebody", "USER": "somebody", "SUDO_USER": "somebody"}
    cli.run("audit", "search", env=forged)

    assert "somebody" not in str(cli.events("audit.searched"))


def test_a_search_that_finds_nothing_is_recorded_too(cli: Commands) -> None:
    assert cli.ok("audit", "search", "--client", "nobody") == "none\n"

    assert cli.events("audit.searched")[0]["detail"]["results"] == 0


def test_nothing_is_shown_when_the_search_cannot_be_recorded(trail: Commands) -> None:
    with sqlite3.connect(trail.folder / "hub.db") as connection:
        connection.execute(
            "CREATE TRIGGER no_more BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    connection.close()

    result = trail.run("audit", "search", "--json")

    assert (result.exit_code, result.stdout) == (75, "")


def test_a_limit_ends_the_answer_and_all_does_not(cli: Commands) -> None:
    happened(cli, *[NodeStarted(node=f"node-{n}", version="1") for n in range(MAX_PAGE_SIZE + 5)])

    def nodes(*options: str) -> list[str]:
        rows = cli.rows("audit", "search", "--event", "node.started", *options)
        return [row["detail"]["node"] for row in rows]

    newest_first = [f"node-{n}" for n in range(MAX_PAGE_SIZE + 4, -1, -1)]
    assert nodes() == newest_first[:100]
    assert nodes("--limit", "3") == newest_first[:3]
    assert nodes("--limit", str(MAX_PAGE_SIZE + 2)) == newest_first[: MAX_PAGE_SIZE + 2]
    assert nodes("--all") == newest_first
    assert [event["detail"]["results"] for event in cli.events("audit.searched")[:2]] == [5, MAX_PAGE_SIZE]


def test_a_search_that_takes_long_says_how_far_it_is_and_finds_all(
    trail: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database gives up the first statement, and one part is all that a look has time for."""
    run, calls = UnitOfWork.rows_in_time, count()
    monkeypatch.setattr(UnitOfWork, "rows_in_time", lambda *given: None if next(calls) == 0 else run(*given))
    monkeypatch.setattr("sso.cli.audit.LOOK_SECONDS", -1.0)

    found = trail.run("audit", "search", "--text", "auth.login", "--since", "60d", "--json")

    assert found.exit_code == 0
    assert [json.loads(line)["event"] for line in found.stdout.splitlines()] == [
        *("auth.login.failure", "auth.login.success", "auth.login.success")
    ]
    (told,) = re.findall(r"^sso: looked back to (\S+ \S+) UTC so far$", found.stderr, re.MULTILINE)
    looked = datetime.now(UTC) - datetime.fromisoformat(f"{told}+00:00")
    assert timedelta(days=1) < looked < timedelta(days=3)
    monkeypatch.undo()
    assert [event["detail"]["results"] for event in trail.events("audit.searched")[:2]] == [1, 2]


def test_a_misspelt_event_is_pointed_out(cli: Commands) -> None:
    result = cli.run("audit", "search", "--event", "token.isued", "--event", "tokn.*")

    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "sso: no event of this release is called token.isued; did you mean token.issued?",
        "sso: no event of this release is called tokn.*",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", "yesterday"),
        ("--since", "7"),
        ("--since", "999999w"),
        ("--since", "1h", "--until", "2h"),
        ("--address", "192.0.2.300"),
        ("--address", "localhost"),
        ("--outcome", "maybe"),
        ("--limit", "0"),
        ("--limit", "many"),
    ],
)
def test_a_question_that_makes_no_sense_is_a_usage_error(cli: Commands, arguments: tuple[str, ...]) -> None:
    assert cli.refused("audit", "search", *arguments, code=2)


@pytest.mark.parametrize(
    ("since", "included"),
    [
        ("24h", True),
        ("90m", True),
        ("3600s", True),
        ("2w", True),
        ("2020-01-01", True),
        ("2999-01-01T00:00Z", False),
    ],
)
def test_a_time_is_how_long_ago_or_a_date(trail: Commands, since: str, included: bool) -> None:
    result = trail.run(
        "audit", "search", "--request-id", "request-1", "--since", since, "--until", "3000-01-01"
    )

    assert ("auth.login.success" in result.stdout) is included


def test_text_of_a_stranger_cannot_move_the_cursor(cli: Commands) -> None:
    happened(cli, SUCCESS, origin=Origin(address="\x1b[2Jnowhere", user_agent="\u202e"))

    shown = cli.ok("audit", "search", "--event", "auth.*")

    assert "\x1b" not in shown
