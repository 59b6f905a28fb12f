"""While the log cannot be written every call that must be recorded answers 503 and leaves nothing half-done.

What ends something goes on: its events wait in the spool (audit.md P1, P2).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.test import TestResponse

from sso.api.app import OPERATIONS
from sso.audit.record import Origin
from sso.authentication.clerks import account_of
from sso.directory.entry import Entry
from sso.directory.person import Role
from sso.oidc.client import SelfRegistration
from sso.oidc.digest import digest, new_id
from sso.worker.upkeep import take_in_spooled_events
from tests.api.conftest import Caller, Office, problem
from tests.api.test_clients import HOUSING
from tests.api.test_findings import ROTATED, find
from tests.api.test_people import clerk
from tests.authentication.examples import CIVIL
from tests.storage import examples
from tests.storage.unwritable import everything, unwritable
from tests.web.test_every_route_is_recorded import RECORDED

WHY = "as the file shows"
Ask = Callable[[Office], tuple[str, Any]]


def client_of(office: Office, method: str = "") -> str:
    made = office.officer(Role.CLIENT_MANAGER).post("/clients", HOUSING)
    return f"/clients/{made.json['client_id']}{method}"


def conflict(office: Office) -> str:
    name = new_id().lower()
    entry = Entry(directory_id="civil", immutable_id=name, dn="uid=b", login_name=name, attributes={})
    clerk(office, name)
    with office.hub.database.begin(Origin()) as stores:
        later = account_of(entry, CIVIL, stores, datetime.now(UTC)).id
    listed = office.officer(Role.PEOPLE_MANAGER).get("/directories/civil/conflicts").json["conflicts"]
    [found] = [each["conflict_id"] for each in listed if later in str(each["sides"])]
    return f"/directories/civil/conflicts/{found}"


def suppression(office: Office) -> str:
    asked = {"finding_id": find(office), "days": 1, "reason": WHY}
    made = office.officer(Role.AUDITOR).post("/audit/suppressions", asked)
    return f"/audit/suppressions/{made.json['suppression_id']}"


def self_registered(office: Office) -> str:
    path = client_of(office)
    with office.hub.database.begin(Origin()) as stores:
        client = stores.clients.get(path.removeprefix("/clients/"))
        assert client is not None
        came_by = SelfRegistration(token_id="token-1", imposed={})
        stores.clients.update(replace(client, self_registration=came_by), examples.NOW)
    return f"{path}/adoption"


def two_accounts(office: Office) -> dict[str, str]:
    name = new_id().lower()
    return {"account": office.person(None)[1], "other": clerk(office, name)[1], "reason": WHY}


def linked(office: Office) -> dict[str, str]:
    both = two_accounts(office)
    office.officer(Role.PEOPLE_MANAGER).post("/people/link", both)
    return {"account": both["other"], "reason": WHY}


REFUSED: dict[str, Ask] = {
    "adopt_client": lambda office: (self_registered(office), {}),
    "ask_audit_question": lambda _: (f"/audit/questions/Q11?reason={WHY}", None),
    "change_client": lambda office: (client_of(office), {"client_name": "Other"}),
    "change_finding": lambda office: (f"/audit/findings/{find(office)}", {"assignee": "me", "reason": WHY}),
    "count_audit_events": lambda _: (f"/audit/histogram?reason={WHY}", None),
    "find_accounts": lambda _: ("/people?login_name=tuya", None),
    "find_people": lambda _: (f"/audit/people?login_name=tuya&reason={WHY}", None),
    "lift_suppression": lambda office: (suppression(office), None),
    "link_accounts": lambda office: ("/people/link", two_accounts(office)),
    "list_conflict_queue": lambda _: ("/conflicts", None),
    "list_conflicts": lambda _: ("/directories/civil/conflicts", None),
    "list_findings": lambda _: (f"/audit/findings?reason={WHY}", None),
    "list_suppressions": lambda _: (f"/audit/suppressions?reason={WHY}", None),
    "register_client": lambda _: ("/clients", HOUSING),
    "resolve_conflict": lambda office: (conflict(office), {"resolution": "same", "reason": WHY}),
    "rotate_client_secret": lambda office: (client_of(office, "/secret"), {}),
    "search_audit_events": lambda _: (f"/audit/events?reason={WHY}", None),
    "suppress_findings": lambda office: (
        "/audit/suppressions",
        {"finding_id": find(office), "days": 1, "reason": WHY},
    ),
    "unlink_account": lambda office: ("/people/unlink", linked(office)),
    "view_audit_event": lambda office: (f"/audit/events/{office.record(ROTATED)[0]}?reason={WHY}", None),
    "view_conflict": lambda office: (conflict(office), None),
    "view_finding": lambda office: (f"/audit/findings/{find(office)}?reason={WHY}", None),
}
ENDS = {"disable_account", "remove_client", "sign_person_out"}
BY_NAME = {operation.name: operation for operation in OPERATIONS}


def test_every_call_that_is_recorded_is_tried_here() -> None:
    recorded = {name for name in BY_NAME if f"api.{name}" in RECORDED}

    assert REFUSED.keys() | ENDS == recorded


def asked(caller: Caller, name: str, path: str, body: Any) -> TestResponse:
    more = {} if body is None else {"json": body}
    return caller.call(BY_NAME[name].method, path, headers={"If-Match": "*"}, **more)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_recorded_is_refused_whole_and_can_be_done_later(office: Office, name: str) -> None:
    path, body = REFUSED[name](office)
    need = BY_NAME[name].need
    assert need is not None
    caller = office.officer(need.role)
    before = everything(office.hub.database)

    with unwritable(office.hub.database):
        refused = asked(caller, name, path, body)
        after = everything(office.hub.database)
    done = asked(caller, name, path, body)

    problem(refused, 503, "temporarily_unavailable")
    assert after == before
    assert done.status_code == BY_NAME[name].status, done.get_data(as_text=True)


def test_what_ends_something_over_the_api_does_not_wait_for_the_log(sql_office: Office) -> None:
    manager, path = sql_office.officer(Role.PEOPLE_MANAGER), client_of(sql_office)
    (_, signed_in), (person_id, leaving) = sql_office.person(None), sql_office.person(None)
    with sql_office.hub.database.begin(Origin()) as stores:
        for account_id in (signed_in, leaving):
            stores.sessions.add(examples.session(account_id=account_id), digest(account_id))
    clients = sql_office.officer(Role.CLIENT_MANAGER)

    with unwritable(sql_office.hub.database):
        signed_out = manager.post("/people/sign-out", {"account": signed_in, "reason": WHY})
        disabled = manager.post("/people/disable", {"account": leaving, "reason": WHY})
        whole = manager.post("/people/disable", {"account": leaving, "reason": WHY, "every_account": True})
        removed = clients.call("DELETE", path)
    with sql_office.hub.database.read() as stores:
        person, sessions = stores.people.person(person_id), stores.sessions.list_going_on()
        client = stores.clients.get(path.removeprefix("/clients/"))
    take_in_spooled_events(sql_office.hub)

    assert (signed_out.json, disabled.json, whole.json) == ({"sessions": 1}, *2 * ({"already": False},))
    assert (removed.status_code, client, list(sessions)) == (204, None, [])
    assert person is not None and person.disabled_at is not None
    expected = {"session.ended.admin": 2, "account.disabled": 1, "person.disabled": 1, "client.deleted": 1}
    for code, number in expected.items():
        records = sql_office.log(code)
        assert len(records) == number
        assert all(record["detail"]["late"] for record in records)
        assert {record["actor"] for record in records} <= {manager.account_id, clients.account_id}


def test_an_officer_is_signed_out_but_not_disabled_over_the_api(office: Office) -> None:
    manager, auditor = office.officer(Role.PEOPLE_MANAGER), office.officer(Role.AUDITOR)
    named = {"account": auditor.account_id, "reason": WHY}

    problem(manager.post("/people/disable", named), 403, "protected_person")
    problem(manager.post("/people/disable", {**named, "account": "nobody"}), 404, "not_found")
    assert manager.post("/people/sign-out", named).json == {"sessions": 0}
