"""Whoever reads the log over the API says why: every operation that shows any of it demands a reason."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from sso.api.app import OPERATIONS
from sso.api.audit_parameters import Look
from sso.api.officer import Need
from sso.directory.person import Role
from tests.api.conftest import Caller, Office, problem
from tests.api.test_findings import ROTATED, find

Lead = Callable[[Office], str]

LOOKS: dict[str, tuple[Lead, tuple[str, ...]]] = {
    "ask_audit_question": (lambda _: "/audit/questions/Q9", ("audit.searched",)),
    "change_finding": (lambda office: f"/audit/findings/{find(office)}", ("finding.viewed",)),
    "count_audit_events": (lambda _: "/audit/histogram", ("audit.searched",)),
    "find_people": (lambda _: "/audit/people?login_name=tuya", ("audit.searched",)),
    "list_findings": (lambda _: "/audit/findings", ("finding.listed",)),
    "list_suppressions": (lambda _: "/audit/suppressions", ("finding.listed",)),
    "search_audit_events": (lambda _: "/audit/events", ("audit.searched",)),
    "view_audit_event": (lambda office: f"/audit/events/{office.record(ROTATED)[0]}", ("audit.viewed",)),
    "view_finding": (lambda office: f"/audit/findings/{find(office)}", ("finding.viewed",)),
}
"""Every operation that shows what is in the log: where it is, and the event of the look."""

EXPLAINED = {
    "count_findings": "a number of all findings of a level tells of nobody",
    "lift_suppression": "shows nothing",
    "list_audit_questions": "the same for every auditor",
    "list_client_names": "shows registrations",
    "list_event_types": "the same for every auditor",
    "suppress_findings": "has a reason of its own, which its event carries",
}
"""Every other operation of auditors, and why it may go without."""

BY_NAME = {operation.name: operation for operation in OPERATIONS}
BLANK = {"none": None, "empty": "", "spaces": " \t", "an ideographic space": "\u3000"}


def call(caller: Caller, name: str, path: str, reason: str | None) -> TestResponse:
    """Call an operation, with its parameters in the query or in a body."""
    operation = BY_NAME[name]
    if operation.in_body:
        body = {"assignee": "me"} if reason is None else {"assignee": "me", "reason": reason}
        return caller.call(operation.method, path, json=body)
    given = "" if reason is None else f"{'&' if '?' in path else '?'}reason={quote(reason)}"
    return caller.call(operation.method, f"{path}{given}")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Whatever any database is asked while the block lasts."""
    heard: list[str] = []

    def note(*told: Any) -> None:
        heard.append(str(told[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def of_the_log(heard: list[str]) -> list[str]:
    return [each for each in heard if "audit_" in each or "finding" in each]


def test_every_operation_of_auditors_demands_a_reason_or_says_why_not() -> None:
    of_auditors = {operation.name for operation in OPERATIONS if operation.need is Need.AUDIT}
    demanding = {operation.name for operation in OPERATIONS if issubclass(operation.asked, Look)}

    assert demanding == LOOKS.keys()
    assert of_auditors - demanding == EXPLAINED.keys(), "make it a Look, or say why it is none"


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("reason", BLANK.values(), ids=BLANK)
def test_without_a_reason_nothing_is_read(office: Office, name: str, reason: str | None) -> None:
    caller, path = office.officer(Role.AUDITOR), LOOKS[name][0](office)

    with statements() as heard:
        refused = call(caller, name, path, reason)
    with statements() as heard_later:
        call(caller, name, path, "case 7")

    [flaw] = problem(refused, 400, "reason_missing")["errors"]
    assert (flaw["parameter"], flaw["code"]) == ("reason", "missing" if reason is None else "too_short")
    assert heard  # the token, and whose it is
    assert of_the_log(heard) == []
    assert of_the_log(heard_later)


@pytest.mark.parametrize("name", LOOKS)
def test_the_event_of_a_look_has_its_reason(office: Office, name: str) -> None:
    lead, codes = LOOKS[name]
    caller, path = office.officer(Role.AUDITOR), lead(office)

    answer = call(caller, name, path, f" why {name} ")

    assert answer.status_code == 200, answer.get_data(as_text=True)
    for code in codes:
        newest = office.log(code)[0]
        assert (newest["detail"]["reason"], newest["account_id"]) == (f"why {name}", caller.account_id)


def test_a_change_of_nothing_is_a_look_all_the_same(office: Office) -> None:
    finding_id, caller = find(office), office.officer(Role.AUDITOR)

    answer = caller.work(f"/audit/findings/{finding_id}", {"state": "open"})

    assert answer.status_code == 200
    assert office.log("finding.viewed")[0]["detail"]["finding_id"] == finding_id


def test_other_flaws_are_named_beside_the_missing_reason(office: Office) -> None:
    refused = office.officer(Role.AUDITOR).get("/audit/events?limit=0")

    named = {error["parameter"] for error in problem(refused, 400, "reason_missing")["errors"]}
    assert named == {"limit", "reason"}
