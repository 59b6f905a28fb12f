"""Counting, showing and the twelve questions over months that left the database, on record as any look."""

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sso.audit.event import AuthorizationAccepted, SignInFailed, TokenIssued
from sso.audit.questions import QUESTIONS, Need
from sso.audit.record import Origin
from sso.storage.audit_months import Month
from tests.cli.commands import Commands
from tests.cli.test_audit import happened
from tests.cli.test_audit_archive import ACCOUNT, ADDRESS, NOW, OLD, WITHIN, Cold, frozen, signed_in

FAILED = SignInFailed(account_id=ACCOUNT, directory_id=None, status_code="BAD", name_hmac="h")
ISSUED = TokenIssued(
    client_id="housing",
    account_id=ACCOUNT,
    grant_type="authorization_code",
    jti="j",
    aud=(),
    scope=frozenset(),
    expires_at=OLD,
    claims_released=frozenset({"email"}),
)
ASKED = AuthorizationAccepted(
    client_id="housing",
    redirect_host="h",
    scope=frozenset(),
    claims_requested=frozenset({"email"}),
    acr_values=(),
    prompt=frozenset(),
    pkce=True,
)


@pytest.fixture
def cold(cli: Commands) -> Cold:
    return frozen(cli, FAILED, FAILED, FAILED, signed_in(), ISSUED)


def test_both_are_counted(cold: Cold) -> None:
    [counted] = cold.cli.rows(
        *("audit", "count", "--archive", "--since", f"{OLD:%Y-%m-%dT%H:%M}", "--bars", "2"),
        *("--until", f"{OLD + timedelta(hours=4):%Y-%m-%dT%H:%M}", "--reason", "court 4"),
    )
    [whole] = cold.cli.rows("audit", "count", "--archive", *WITHIN, "--event", "auth.*", "--event", "node.*")

    assert [(bar["success"], bar["failure"]) for bar in counted["bars"]] == [(0, 2), (1, 1)]
    assert (whole["success"], whole["failure"]) == (2, 3)
    [asked] = [
        each["detail"] for each in cold.cli.events("audit.searched") if each["detail"]["reason"] == "court 4"
    ]
    assert (asked["query"]["archive"], asked["query"]["bars"], asked["reason"]) == (True, 2, "court 4")


def test_one_archived_record_is_shown_with_its_place(cold: Cold) -> None:
    [shown] = cold.cli.rows("audit", "show", cold.ids[1], "--archive", "--reason", "court 4")

    assert (shown["id"], shown["account_id"]) == (cold.ids[1], ACCOUNT)
    assert shown["place"].endswith("of epoch 1")
    assert shown["signed"].startswith("in the checkpoint of")
    [viewed] = cold.cli.events("audit.viewed")
    assert viewed["detail"] == {"record_id": cold.ids[1], "reason": "court 4"}


def test_where_a_record_is_that_the_database_lacks_is_said(cold: Cold) -> None:
    said = cold.cli.refused("audit", "show", cold.ids[0])

    assert said == f"sso: no record {cold.ids[0]}: {Month.of(OLD)} is in the archive (--archive)"
    nobody = "ffffffff-ffff-7000-8000-000000000000"
    assert cold.cli.refused("audit", "show", nobody) == f"sso: no record {nobody}"
    assert cold.cli.refused("audit", "show", nobody, "--archive") == f"sso: no record {nobody}"
    assert cold.cli.events("audit.viewed") == []


def ask(cold: Cold, name: str, *more: str) -> dict[str, Any]:
    whole = ("audit", "ask", name, "--archive", "--reason", f"for {name}", *more, "--json")
    answer: dict[str, Any] = json.loads(cold.cli.ok(*whole))
    return answer


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_can_be_asked_of_both_and_is_on_record(cold: Cold, name: str) -> None:
    given = {
        Need.PERSON: ("--person", ACCOUNT),
        Need.CLIENT: ("--client", "housing"),
        Need.ADDRESS: ("--address", ADDRESS),
        Need.NOTHING: (),
    }[QUESTIONS[name].may]

    answer = ask(cold, name, *given, *WITHIN)

    assert (answer["table"] is None) == (QUESTIONS[name].table is None)
    [searched] = cold.cli.events("audit.searched")
    query = searched["detail"]["query"]
    assert (query["question"], query["archive"], searched["detail"]["reason"]) == (name, True, f"for {name}")
    assert searched["detail"]["results"] == len(answer["records"])


def test_somebody_s_sign_ins_are_found_in_both(cold: Cold) -> None:
    records = ask(cold, "Q4", "--address", ADDRESS, *WITHIN)["records"]

    assert [record["id"] for record in records] == cold.ids[3::-1]


def test_what_somebody_could_reach_is_told_from_both(cold: Cold) -> None:
    """Q3: used in the archived month and again today."""
    happened(cold.cli, ISSUED, origin=Origin())

    [row] = ask(cold, "Q3", "--person", ACCOUNT, *WITHIN)["table"]

    assert (row["client_id"], row["records"]) == ("housing", 2)
    assert row["first"].startswith(f"{OLD:%Y-%m-%d}") and row["last"].startswith(f"{NOW:%Y-%m-%d}")


def test_an_attack_is_told_by_its_records_in_the_archive(cold: Cold) -> None:
    """Q5: three failures and a success, all of them in the archived month."""
    [attack] = ask(cold, "Q5", "--person", ACCOUNT, *WITHIN)["table"]

    assert (attack["failures"], attack["success_from"]) == (3, "an address that had failed")


def test_who_was_there_last_in_an_archived_month_woke_up_today(cold: Cold) -> None:
    """Q10: the question is about seven days, and looks back as far as there is anything."""
    happened(cold.cli, ISSUED, signed_in(), origin=Origin())

    rows = ask(cold, "Q10")["table"]

    assert {(row["what"], row["id"]) for row in rows} == {("account_id", ACCOUNT), ("client_id", "housing")}
    assert all(row["last_seen_before"].startswith(f"{OLD:%Y-%m-%d}") for row in rows)
    assert json.loads(cold.cli.ok("audit", "ask", "Q10", "--reason", "x", "--json"))["table"] == []


def test_what_an_application_asked_for_before_is_known_from_the_archive(cold: Cold) -> None:
    """Q8: compared with as long a time before, which is an archived one here."""
    happened(cold.cli, ASKED, replace(ISSUED, claims_released=frozenset()), origin=Origin())

    [row] = ask(cold, "Q8", "--since", "150d")["table"]

    assert (row["client_id"], row["first_seen"], row["asked_anew"]) == ("housing", "no", ["email"])


@pytest.mark.parametrize(
    "look",
    [
        ("search", *WITHIN),
        ("count", *WITHIN),
        ("ask", "Q9", *WITHIN),
        ("show", "ID"),
    ],
)
def test_a_look_that_cannot_be_recorded_shows_nothing(cold: Cold, look: tuple[str, ...]) -> None:
    with sqlite3.connect(cold.cli.folder / "hub.db") as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    connection.close()
    words = [cold.ids[0] if word == "ID" else word for word in look]

    said = cold.cli.refused("audit", *words, "--archive", "--reason", "x", code=75)

    assert "the database cannot be used" in said
