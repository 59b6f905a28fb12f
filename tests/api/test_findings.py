"""The findings of detection rules over the API: auditors read and change them, all of it on record."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import update

from sso.audit.event import ClientSecretRotated, KeyRevoked, NodeStarted
from sso.audit.record import AuditEvent, Origin
from sso.audit.rules import queue
from sso.audit.rules.engine import Match
from sso.audit.rules.shipped import shipped_rule
from sso.directory.person import Role
from sso.storage.tables import finding
from sso.worker.detection import Detection
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.api.conftest import REASON, Office, problem

ROTATED = ClientSecretRotated(client_id="housing", previous_valid_until=None, source="command")


def find(office: Office, rule: str = "r17_client_changed", event: AuditEvent = ROTATED) -> str:
    """File what a rule would find in an event that is recorded now; return the finding's id."""
    now = datetime.now(UTC)
    (event_id,) = office.record(event, at=now)
    with office.hub.database.begin(Origin()) as stores:
        found = queue.file(Match(shipped_rule(rule), (event_id,), now, event_id), stores, now)
    assert found is not None
    return found.id


def test_an_auditor_reads_findings_and_each_look_is_recorded(sql_office: Office) -> None:
    first, second = find(sql_office), find(sql_office)
    worst = find(sql_office, "r29_key_revoked", KeyRevoked(kid="k", alg="RS256", signed=True))
    caller = sql_office.officer(Role.AUDITOR)

    page = caller.get("/audit/findings?level=high&limit=2&reason=case-7").json
    rest = caller.look(f"/audit/findings?limit=2&before={page['next_before']}").json
    opened = caller.get(f"/audit/findings/{first}?reason=case-8").json

    assert [each["finding_id"] for each in page["findings"]] == [worst, second]
    assert [each["finding_id"] for each in rest["findings"]] == [first]
    assert rest["next_before"] is None
    assert (opened["group"], opened["level"], opened["state"]) == ({"client_id": "housing"}, "high", "open")
    assert opened["search"]["client_id"] == "housing"
    assert opened["last_record_id"] in str(
        caller.look(f"/audit/events?{urlencode(opened['search'], doseq=True)}").json
    )
    counted = caller.get("/audit/findings/count?level=critical").json
    assert counted == {"findings": 1, "unjudged_since": None}
    listed, viewed = sql_office.log("finding.listed"), sql_office.log("finding.viewed")
    assert [each["detail"]["reason"] for each in listed] == [REASON, "case-7"]
    assert (listed[1]["account_id"], listed[1]["detail"]["results"]) == (caller.account_id, 2)
    assert viewed[0]["detail"] == {"finding_id": first, "reason": "case-8"}


def test_an_auditor_works_on_a_finding(sql_office: Office) -> None:
    finding_id, caller = find(sql_office), sql_office.officer(Role.AUDITOR)
    path = f"/audit/findings/{finding_id}"

    taken = caller.work(path, {"assignee": "me", "state": "in_progress"}).json
    mine = caller.look("/audit/findings?assignee=me").json["findings"]
    closed = caller.work(path, {"state": "closed", "closed_as": "benign", "comment": "their turn"}).json
    again = caller.work(path, {"state": "closed", "closed_as": "benign"}).json
    given_back = caller.work(path, {"state": "open", "assignee": None}).json

    assert (taken["assignee"], taken["assignee_name"]) == (caller.account_id, "Tuya Bat")
    assert [each["finding_id"] for each in mine] == [finding_id]
    assert (closed["state"], closed["closed_as"], closed["comments"][0]["text"]) == (
        *("closed", "benign", "their turn"),
    )
    assert closed["comments"][0]["author_name"] == "Tuya Bat"
    assert again == closed
    assert (given_back["assignee"], given_back["closed_as"]) == (None, None)
    looks = sql_office.log("finding.viewed")
    assert [each["detail"] for each in looks] == 4 * [{"finding_id": finding_id, "reason": REASON}]
    changed = sql_office.log("finding.changed")
    assert [each["detail"]["stage"] for each in changed] == ["open", "closed", "in_progress"]
    assert {(each["account_id"], each["client_id"]) for each in changed} == {(caller.account_id, "console")}


@pytest.mark.parametrize("meanwhile", ["closed", "grown"])
def test_nothing_is_done_with_a_finding_that_is_no_longer_what_was_seen(
    sql_office: Office, meanwhile: str
) -> None:
    finding_id, caller = find(sql_office), sql_office.officer(Role.AUDITOR)
    path = f"/audit/findings/{finding_id}"
    seen = caller.look(path).json
    if meanwhile == "closed":
        caller.work(path, {"state": "closed", "closed_as": "benign"})
    else:
        another = find(sql_office)
        with sql_office.hub.database.begin(Origin()) as stores:
            stores.findings.grow(finding_id, 1, another, datetime.now(UTC))
    now = caller.look(path).json

    taking = {"assignee": "me", "state": "in_progress", "changed_at": seen["changed_at"]}
    closing = {"state": "closed", "closed_as": "duplicate", "last_record_id": seen["last_record_id"]}
    stale = caller.work(path, taking if meanwhile == "closed" else closing)
    unchanged = caller.look(path).json
    names = ("changed_at", "last_record_id")
    fresh = caller.work(path, {**closing, "comment": "as I see", **{name: now[name] for name in names}})

    problem(stale, 412, "changed_meanwhile")
    assert unchanged == now
    assert fresh.json["closed_as"] == "duplicate"


def test_an_auditor_keeps_a_rule_quiet_for_a_while(sql_office: Office) -> None:
    finding_id, caller = find(sql_office), sql_office.officer(Role.AUDITOR)

    made = caller.post("/audit/suppressions", {"finding_id": finding_id, "days": 7, "reason": "they move"})
    listed = caller.look("/audit/suppressions").json["suppressions"]
    lifted = caller.call("DELETE", f"/audit/suppressions/{made.json['suppression_id']}")

    assert made.status_code == 201
    assert listed == [made.json]
    assert (made.json["group"], made.json["author_name"]) == ({"client_id": "housing"}, "Tuya Bat")
    lasts = datetime.fromisoformat(made.json["ends_at"]) - datetime.fromisoformat(made.json["created_at"])
    assert lasts == timedelta(days=7)
    assert lifted.status_code == 204
    assert caller.look("/audit/suppressions").json["suppressions"] == []
    assert len(sql_office.log("finding.suppressed")) == len(sql_office.log("finding.suppression.ended")) == 1


def test_an_auditor_hears_since_when_the_rules_have_not_looked(sql_office: Office) -> None:
    """A rule judges what has its place in the log; without a sequencer nothing is found any more."""
    caller, long_ago = sql_office.officer(Role.AUDITOR), datetime.now(UTC) - timedelta(minutes=2)
    with sql_office.hub.database.begin(Origin()) as stores:
        stores.audit.append(NodeStarted(node="n", version="1"), long_ago)

    told = caller.get("/audit/findings/count").json["unjudged_since"]
    sequencer = Sequencer(sql_office.hub, LastSigned(sql_office.hub.configuration.audit_last_signed_file))
    sequencer.sequence()
    unlooked = caller.get("/audit/findings/count").json["unjudged_since"]
    while Detection(sql_office.hub, list).judge(datetime.now(UTC)):
        pass

    assert datetime.fromisoformat(told) == long_ago.replace(microsecond=0)
    assert unlooked == told
    assert caller.get("/audit/findings/count").json["unjudged_since"] is None


@pytest.mark.parametrize("role", [None, Role.CLIENT_MANAGER, Role.PEOPLE_MANAGER])
def test_nobody_else_sees_or_changes_a_finding(office: Office, role: Role | None) -> None:
    finding_id, caller = find(office), office.officer(role)
    before = len(office.log("finding.changed"))

    for answer in (
        caller.look("/audit/findings"),
        caller.look(f"/audit/findings/{finding_id}"),
        caller.get("/audit/findings/count"),
        caller.look("/audit/suppressions"),
        caller.work(f"/audit/findings/{finding_id}", {"state": "closed", "closed_as": "benign"}),
        caller.post("/audit/suppressions", {"finding_id": finding_id, "days": 1, "reason": "x"}),
        caller.call("DELETE", f"/audit/suppressions/{finding_id}"),
    ):
        problem(answer, 403, "role_missing")
    assert len(office.log("finding.changed")) == before


@pytest.mark.parametrize(
    ("change", "parameter", "code"),
    [
        ({"state": "closed"}, "closed_as", "missing"),
        ({"closed_as": "benign"}, "closed_as", "only_when_closed"),
        ({"closed_as": "boring", "state": "closed"}, "closed_as", "not_offered"),
        ({"comment": "x" * 501}, "comment", "too_long"),
        ({"comment": "a\u202eb"}, "comment", "not_readable"),
        ({"assignee": "somebody"}, "assignee", "not_an_auditor"),
        ({"status": "closed"}, "status", "unknown"),
        ({"comment": 7}, "comment", "malformed"),
    ],
)
def test_a_change_that_makes_no_sense_names_what_is_wrong(
    office: Office, change: dict[str, Any], parameter: str, code: str
) -> None:
    answer = office.officer(Role.AUDITOR).work(f"/audit/findings/{find(office)}", change)

    problem(answer, 400, "invalid_parameter")
    assert [(error["parameter"], error["code"]) for error in answer.json["errors"]] == [(parameter, code)]


@pytest.mark.parametrize(
    ("asked", "parameter", "code"),
    [
        ({"days": 7}, "finding_id", "not_one_of_two"),
        ({"days": 7, "rule": "r99"}, "rule", "not_known"),
        ({"days": 7, "finding_id": "01234567-89ab-7def-8123-456789abcdef"}, "finding_id", "not_known"),
        ({"days": 91, "rule": "r14_role_granted"}, "days", "out_of_range"),
    ],
)
def test_a_suppression_that_makes_no_sense_names_what_is_wrong(
    office: Office, asked: dict[str, Any], parameter: str, code: str
) -> None:
    answer = office.officer(Role.AUDITOR).post("/audit/suppressions", {"reason": "x", **asked})

    problem(answer, 400, "invalid_parameter")
    assert [(error["parameter"], error["code"]) for error in answer.json["errors"]] == [(parameter, code)]


def test_what_is_like_a_finding_of_an_earlier_release_is_not_suppressed(sql_office: Office) -> None:
    """Migration 0018 took its group away."""
    finding_id = find(sql_office)
    with sql_office.hub.database.begin(Origin()) as stores:
        stores.findings._unit.change(update(finding).values(group_digest=""))

    answer = sql_office.officer(Role.AUDITOR).post(
        "/audit/suppressions", {"reason": "x", "days": 7, "finding_id": finding_id}
    )

    problem(answer, 400, "invalid_parameter")
    assert [(error["parameter"], error["code"]) for error in answer.json["errors"]] == [
        ("finding_id", "group_unknown")
    ]


def test_what_is_not_there_is_not_found(office: Office) -> None:
    caller = office.officer(Role.AUDITOR)

    for path in ("x", "\u00e9", "01234567-89ab-7def-8123-456789abcdef"):
        problem(caller.look(f"/audit/findings/{path}"), 404, "not_found")
        problem(caller.work(f"/audit/findings/{path}", {"comment": "x"}), 404, "not_found")
        problem(caller.call("DELETE", f"/audit/suppressions/{path}"), 404, "not_found")


def test_the_answers_are_what_the_document_says(office: Office) -> None:
    finding_id, caller = find(office), office.officer(Role.AUDITOR)
    document = caller.get("/openapi.json").json

    whole = caller.work(f"/audit/findings/{finding_id}", {"comment": "x", "assignee": "me"}).json
    answers = {"WholeFinding": whole, "FindingPage": caller.look("/audit/findings").json}

    for schema, answer in answers.items():
        described = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
        assert [error.message for error in Draft202012Validator(described).iter_errors(answer)] == []
