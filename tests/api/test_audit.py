"""Reading the audit log over the API: each facet, each page, and that every look is itself recorded."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from sso.api import audit_operations
from sso.audit.event import SignInFailed, SignInSucceeded, TokenIssued, UserinfoAccessed
from sso.audit.record import Origin
from sso.directory.person import Role
from sso.storage.errors import StorageUnavailable
from sso.storage.unit_of_work import UnitOfWork
from tests.api.conftest import REASON, Caller, Office, problem

HERE, THERE = (
    Origin(address="192.0.2.7", request_id="req-1"),
    Origin(address="2001:db8::9", request_id="req-2"),
)
HOUR = timedelta(hours=1)


def signed_in(
    account_id: str = "acc-1", session_id: str = "ses-1", client_id: str = "housing"
) -> SignInSucceeded:
    return SignInSucceeded(
        account_id=account_id,
        session_id=session_id,
        client_id=client_id,
        directory_id=None,
        acr="a",
        amr=("pwd",),
    )


def failed() -> SignInFailed:
    return SignInFailed(client_id="pensions", directory_id=None, status_code="UNKNOWN_USER", name_hmac="00")


@pytest.fixture
def past(sql_office: Office) -> dict[str, str]:
    """Four records, one an hour, the newest an hour ago; their ids by name."""
    now = datetime.now(UTC)
    issued = TokenIssued(
        client_id="housing",
        account_id="acc-2",
        session_id="ses-2",
        grant_id="grant-2",
        grant_type="refresh_token",
        jti="j",
        aud=("a",),
        scope=frozenset({"openid"}),
        expires_at=now,
    )
    read = UserinfoAccessed(
        client_id="housing",
        account_id="acc-1",
        grant_id="grant-1",
        jti="j",
        claims_released=frozenset({"name"}),
    )
    return {
        "issued": sql_office.record(issued, at=now - 4 * HOUR, origin=THERE)[0],
        "failed": sql_office.record(failed(), at=now - 3 * HOUR, origin=THERE)[0],
        "signed_in": sql_office.record(signed_in(), at=now - 2 * HOUR, origin=HERE)[0],
        "read": sql_office.record(read, at=now - HOUR, origin=HERE)[0],
    }


def ids(response: TestResponse) -> list[str]:
    assert response.status_code == 200, response.get_data(as_text=True)
    return [event["id"] for event in response.json["events"]]


def search(caller: Caller, **asked: Any) -> TestResponse:
    return caller.get(f"/audit/events?{urlencode({'reason': REASON, **asked}, doseq=True)}")


FACETS: list[tuple[dict[str, Any], set[str]]] = [
    ({"severity": 2}, {"failed"}),
    ({"status_code": "UNKNOWN_USER"}, {"failed"}),
    ({"acr": "a"}, {"signed_in"}),
    ({"directory_id": "civil"}, set()),
    ({"claim": "name"}, {"read"}),
    ({"trace_id": "0" * 32}, set()),
    ({"text": "login.succ"}, {"signed_in"}),
    ({"event": "auth.login.success"}, {"signed_in"}),
    ({"event": "auth.*"}, {"failed", "signed_in"}),
    ({"event": "auth."}, {"failed", "signed_in"}),
    ({"event": ["token.issued", "userinfo.accessed"]}, {"issued", "read"}),
    ({"outcome": "failure"}, {"failed"}),
    ({"client_id": "housing"}, {"issued", "signed_in", "read"}),
    ({"account_id": "acc-1"}, {"signed_in", "read"}),
    ({"session_id": "ses-2"}, {"issued"}),
    ({"grant_id": "grant-1"}, {"read"}),
    ({"request_id": "req-1"}, {"signed_in", "read"}),
    ({"address": "192.0.2.7"}, {"signed_in", "read"}),
    ({"address": "192.0.2.0/24"}, {"signed_in", "read"}),
    ({"address": "2001:db8::/47"}, {"issued", "failed"}),
    ({"address": "198.51.100.0/24"}, set()),
    ({"client_id": "housing", "account_id": "acc-1", "event": "auth."}, {"signed_in"}),
    ({"client_id": "housing' OR 1=1 --"}, set()),
]


def test_every_facet_finds_what_it_names_and_nothing_else(sql_office: Office, past: dict[str, str]) -> None:
    caller = sql_office.officer(Role.AUDITOR)
    until = (datetime.now(UTC) - timedelta(minutes=30)).isoformat()

    for asked, expected in FACETS:
        found = ids(search(caller, until=until, **asked))

        assert set(found) == {past[name] for name in expected}, asked
        assert found == sorted(found, reverse=True)


def test_the_time_range_includes_its_beginning_and_not_its_end(sql_office: Office) -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    (event_id,) = sql_office.record(signed_in(), at=at)
    caller = sql_office.officer(Role.AUDITOR)

    assert ids(search(caller, since=at.isoformat(), until=(at + HOUR).isoformat())) == [event_id]
    assert ids(search(caller, since=(at - HOUR).isoformat(), until=at.isoformat())) == []


def test_times_of_any_zone_are_understood(sql_office: Office) -> None:
    (event_id,) = sql_office.record(signed_in(), at=datetime(2026, 3, 4, 5, 0, tzinfo=UTC))
    caller = sql_office.officer(Role.AUDITOR)

    assert ids(search(caller, since="2026-03-04T12:59:59+08:00", until="2026-03-04T13:00:01+08:00")) == [
        event_id
    ]


def test_pages_follow_by_key_and_miss_nothing(sql_office: Office) -> None:
    at = datetime.now(UTC) - HOUR
    written = [sql_office.record(signed_in(), at=at + timedelta(seconds=n // 3))[0] for n in range(11)]
    caller = sql_office.officer(Role.AUDITOR)
    found, before = [], None

    for _ in range(6):
        asked = {"limit": 2, "event": "auth.login.success", **({} if before is None else {"before": before})}
        page = search(caller, **asked)
        found += ids(page)
        before = page.json["next_before"]

    assert before is None
    assert sorted(found) == sorted(written)


@pytest.mark.parametrize(
    ("before", "found"),
    [("ffffffff-ffff-7fff-8fff-ffffffffffff", 1), ("00000000-0000-7000-8000-000000000000", 0)],
    ids=["after the year 9999", "1970"],
)
def test_a_page_may_begin_at_an_id_of_any_time(sql_office: Office, before: str, found: int) -> None:
    sql_office.record(signed_in())

    page = search(sql_office.officer(Role.AUDITOR), event="auth.login.success", before=before)

    assert (page.status_code, len(ids(page))) == (200, found)


def test_a_search_that_takes_long_says_how_far_it_came_and_goes_on_from_there(
    sql_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database gives up the first statement, and one part is all that a request has time for."""
    at = datetime.now(UTC) - HOUR
    (old,) = sql_office.record(failed(), at=at)
    (new,) = sql_office.record(failed(), at=at + timedelta(minutes=59))
    caller = sql_office.officer(Role.AUDITOR)
    run, calls = UnitOfWork.rows_in_time, count()
    monkeypatch.setattr(UnitOfWork, "rows_in_time", lambda *given: None if next(calls) == 0 else run(*given))
    monkeypatch.setattr(audit_operations, "LOOK_SECONDS", -1.0)
    asked = {"status_code": "UNKNOWN_USER", "since": (at - HOUR).isoformat()}

    page = search(caller, **asked)
    rest = search(caller, **asked, before=page.json["next_before"])

    assert (ids(page), ids(rest)) == ([new], [old])
    assert at < datetime.fromisoformat(page.json["looked_back_to"]) < at + timedelta(minutes=59)
    assert (rest.json["looked_back_to"], rest.json["next_before"]) == (None, None)
    assert [each["detail"]["results"] for each in sql_office.log("audit.searched")] == [1, 1]


def test_a_search_is_recorded_with_its_question_its_reason_and_who_asked(sql_office: Office) -> None:
    sql_office.record(signed_in())
    caller = sql_office.officer(Role.AUDITOR)

    search(caller, client_id="housing", reason="case 7/2026")

    (record,) = sql_office.log("audit.searched")
    assert record["account_id"] == record["actor"] == caller.account_id
    assert record["client_id"] == "console"
    assert record["detail"]["reason"] == "case 7/2026"
    assert record["detail"]["results"] == 1
    assert record["detail"]["query"]["client_id"] == "housing"
    assert {"since", "until"} <= record["detail"]["query"].keys()


def test_opening_a_record_is_recorded(sql_office: Office) -> None:
    (event_id,) = sql_office.record(signed_in(), origin=HERE)
    caller = sql_office.officer(Role.AUDITOR)

    opened = caller.get(f"/audit/events/{event_id}?reason=case-8")

    assert opened.json["event"] == "auth.login.success"
    assert opened.json["detail"]["amr"] == ["pwd"]
    assert opened.json["address"] == "192.0.2.7"
    (record,) = sql_office.log("audit.viewed")
    assert record["detail"] == {"record_id": event_id, "reason": "case-8"}


@pytest.mark.parametrize("event_id", ["x", "0" * 36, "%00", "a/b", "é", "x" * 5000])
def test_a_record_that_is_not_there_is_404_and_opens_nothing(office: Office, event_id: str) -> None:
    caller = office.officer(Role.AUDITOR)
    before = len(office.log("audit.viewed"))

    problem(caller.look(f"/audit/events/{event_id}"), 404, "not_found")

    assert len(office.log("audit.viewed")) == before


def test_what_cannot_be_recorded_is_not_shown(sql_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    (event_id,) = sql_office.record(signed_in())
    caller = sql_office.officer(Role.AUDITOR)
    with sql_office.hub.database._schema_writer() as connection:
        connection.exec_driver_sql("ALTER TABLE audit_event ADD COLUMN spoiler INTEGER NOT NULL DEFAULT 0")
        if sql_office.hub.database.dialect == "postgresql":
            connection.exec_driver_sql("ALTER TABLE audit_event ADD CHECK (spoiler = 1) NOT VALID")
        else:
            connection.exec_driver_sql(
                "CREATE TRIGGER spoil BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END"
            )

    answers = [
        search(caller),
        caller.look(f"/audit/events/{event_id}"),
        caller.look("/audit/histogram"),
        caller.look("/audit/people?login_name=x"),
    ]

    for answer in answers:
        problem(answer, 503, "temporarily_unavailable")
        assert "Retry-After" in answer.headers
    problem(Caller(sql_office, caller.client, "no token", "", "").get("/me"), 503, "temporarily_unavailable")
    assert StorageUnavailable.__name__ not in answers[0].get_data(as_text=True)


def test_a_histogram_counts_what_a_search_finds(sql_office: Office, past: dict[str, str]) -> None:
    caller = sql_office.officer(Role.AUDITOR)
    until = datetime.now(UTC) - timedelta(minutes=30)
    asked = {"since": (until - 4 * HOUR).isoformat(), "until": until.isoformat(), "bars": 4}

    counted = caller.look(f"/audit/histogram?{urlencode(asked)}").json

    assert [(bar["success"], bar["failure"]) for bar in counted["bars"]] == [(1, 0), (0, 1), (1, 0), (1, 0)]
    assert (counted["success"], counted["failure"]) == (3, 1)
    assert sql_office.log("audit.searched")[0]["detail"]["results"] == 4


def test_a_page_with_a_broken_entry_shows_the_others_and_names_that_one(
    sql_office: Office, past: dict[str, str]
) -> None:
    caller = sql_office.officer(Role.AUDITOR)
    spoil(sql_office, past["read"])

    asked = {"event": ["token.issued", "userinfo.accessed"]}
    page = search(caller, **asked, reason="case-9").json
    first = search(caller, **asked, limit=1).json
    second = search(caller, **asked, limit=1, before=first["next_before"]).json
    answer = caller.get("/audit/questions/Q8?client_id=housing&reason=case-9").json

    assert (page["broken"], [event["id"] for event in page["events"]]) == ([past["read"]], [past["issued"]])
    assert (first["events"], first["broken"], first["next_before"]) == ([], [past["read"]], past["read"])
    assert (second["broken"], second["next_before"]) == ([], None)
    assert (answer["broken"], [event["id"] for event in answer["events"]]) == (
        [past["read"]],
        [past["issued"]],
    )
    looks = sql_office.log("audit.searched")
    assert [(each["detail"]["results"], each["detail"].get("broken")) for each in looks] == [
        (1, 1),
        (1, None),
        (0, 1),
        (1, 1),
    ]


def test_a_broken_entry_is_not_opened_and_the_look_is_recorded(
    sql_office: Office, past: dict[str, str]
) -> None:
    spoil(sql_office, past["read"])

    refused = sql_office.officer(Role.AUDITOR).get(f"/audit/events/{past['read']}?reason=case-9")

    problem(refused, 500, "entry_broken")
    [viewed] = sql_office.log("audit.viewed")
    assert viewed["detail"] == {"record_id": past["read"], "reason": "case-9"}


def spoil(office: Office, entry_id: str) -> None:
    """Change an entry as somebody with full rights to the database would."""
    on_sqlite = office.hub.database.dialect == "sqlite"
    with office.hub.database._schema_writer() as connection:
        if on_sqlite:
            connection.exec_driver_sql("DROP TRIGGER audit_event_no_update")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        body = "x'7b7d'" if on_sqlite else "'{}'::bytea"
        connection.exec_driver_sql(f"UPDATE audit_event SET body = {body} WHERE id = '{entry_id}'")


def test_a_count_that_takes_too_long_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_operations, "COUNT_SECONDS", -1.0)

    refused = office.officer(Role.AUDITOR).look("/audit/histogram")

    problem(refused, 400, "invalid_parameter")
    assert [(each["parameter"], each["code"]) for each in refused.json["errors"]] == [
        ("since", "takes_too_long")
    ]


def test_people_are_found_by_the_name_they_type_and_nothing_more_is_told(sql_office: Office) -> None:
    person_id, account_id = sql_office.person(None, "tuya")
    caller = sql_office.officer(Role.AUDITOR)

    found = caller.look("/audit/people?login_name=%20TUYA").json["people"]

    assert found == [
        {
            "account_id": account_id,
            "person_id": person_id,
            "kind": "citizen",
            "login_name": "tuya",
            "name": "Tuya Bat",
            "directory_id": None,
            "directory_name": None,
        }
    ]
    assert caller.look(f"/audit/people?account_id={account_id}").json["people"] == found
    recorded = sql_office.log("audit.searched")
    assert {record["detail"]["query"].get("account_id") for record in recorded} == {account_id}
    assert {"name_hmac" in record["detail"]["query"] for record in recorded} == {True, False}
    assert "tuya" not in str(recorded)


@pytest.mark.parametrize(
    "query", ["", "login_name=", "login_name=%00", "login_name=a&account_id=b", "name=x"]
)
def test_people_are_asked_for_in_one_way(office: Office, query: str) -> None:
    problem(office.officer(Role.AUDITOR).look(f"/audit/people?{query}"), 400, "invalid_parameter")


def test_a_question_is_asked_by_name_and_recorded(sql_office: Office, past: dict[str, str]) -> None:
    caller = sql_office.officer(Role.AUDITOR)

    listed = caller.get("/audit/questions").json["questions"]
    answer = caller.get("/audit/questions/Q1?account_id=acc-1&reason=case-7").json
    computed = caller.get("/audit/questions/Q8?reason=case-7").json
    log = caller.get("/audit/questions/Q12?reason=case-7").json

    assert [question["question"] for question in listed] == [f"Q{n}" for n in range(1, 13)]
    assert [event["id"] for event in answer["events"]] == [past["read"]]
    assert answer["table"] is None
    assert computed["table"]["columns"][0] == "client_id"
    assert log["table"]["columns"] == [
        *("log", "entries", "kept_from", "signed_entries", "signed_at", "waiting")
    ]
    recorded = [record["detail"] for record in sql_office.log("audit.searched")]
    assert {detail["query"]["question"]: detail["reason"] for detail in recorded} == dict.fromkeys(
        ("Q1", "Q8", "Q12"), "case-7"
    )


@pytest.mark.parametrize(
    ("path", "parameter", "code"),
    [
        ("Q1?reason=x", "account_id", "missing"),
        ("Q4?reason=x", "address", "missing"),
        ("Q9?reason=x&client_id=housing", "client_id", "not_asked_about"),
        ("Q7?reason=x", "client_id", "missing"),
        ("Q1?reason=x&account_id=a&address=192.0.2.7", "address", "not_asked_about"),
        ("Q4?reason=x&address=10.0.0.0/8", "address", "network_too_wide"),
        ("Q9?reason=x&since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "since", "empty_range"),
    ],
)
def test_a_question_that_lacks_something_says_what(
    office: Office, path: str, parameter: str, code: str
) -> None:
    answer = office.officer(Role.AUDITOR).get(f"/audit/questions/{path}")

    problem(answer, 400, "invalid_parameter")
    assert [(error["parameter"], error["code"]) for error in answer.json["errors"]] == [(parameter, code)]
    problem(office.officer(Role.AUDITOR).get("/audit/questions/Q13?reason=x"), 404, "not_found")


def test_every_event_type_is_explained(office: Office) -> None:
    from sso.audit.event import EVENT_CLASSES

    types = office.officer(Role.AUDITOR).get("/audit/event-types").json["event_types"]

    assert len(types) == len(EVENT_CLASSES)
    assert all(kind["description"].endswith(".") for kind in types)
    assert {"event": "node.stopped", "outcome": "success", "severity": 1, "fields": ["node"]}.items() <= next(
        kind for kind in types if kind["event"] == "node.stopped"
    ).items()
