"""Who may call the API: the token, its audience and scope, the person's role at this moment."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sso.audit.record import Origin
from sso.directory.person import Departure, Role
from tests.api.conftest import API, ISSUER, SCOPES, Caller, Office, problem
from tests.storage import examples

AUDIT = [
    "/audit/events?reason=x",
    "/audit/histogram?reason=x",
    "/audit/event-types",
    "/audit/people?login_name=x&reason=x",
    "/audit/clients",
]
CLIENTS = ["/clients", "/clients/x"]


@pytest.mark.parametrize("path", [*AUDIT, "/audit/events/x", *CLIENTS, "/me"])
def test_without_a_token_every_operation_answers_401_with_a_bare_challenge(office: Office, path: str) -> None:
    response = office.app.test_client().get(f"/api/v1{path}")

    problem(response, 401, "invalid_token")
    offered = response.headers.getlist("WWW-Authenticate")
    assert offered[0].startswith('Bearer realm="sso", resource_metadata=')
    assert "error" not in "".join(offered)  # RFC 6750 3.1: no error code
    assert offered[1].startswith('DPoP realm="sso", ')  # RFC 9449 7.1


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ISSUER},
        {"aud": f"{API}/"},
        {"aud": None},
        {"iss": "https://other.example"},
        {"exp": 1},
        {"exp": None},
        {"jti": "unknown.jti"},
    ],
)
def test_a_token_that_is_not_for_this_api_or_not_alive_is_refused(
    office: Office, claims: dict[str, Any]
) -> None:
    _, account_id = office.person(Role.AUDITOR)
    caller = Caller(office, office.app.test_client(), office.token(account_id, **claims), "", account_id)

    response = caller.get("/audit/event-types")

    problem(response, 401, "invalid_token")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer \xff", "x" * 9000]
)
def test_a_header_that_is_no_token_is_refused(office: Office, header: str) -> None:
    response = office.app.test_client().get("/api/v1/me", headers={"Authorization": header})

    problem(response, 401, "invalid_token")


def test_a_token_in_the_query_is_not_looked_at(office: Office) -> None:
    caller = office.officer(Role.AUDITOR)

    response = office.app.test_client().get(f"/api/v1/me?access_token={caller.token}")

    problem(response, 401, "invalid_token")


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        *((Role.AUDITOR, path, 200) for path in AUDIT),
        *((Role.AUDITOR, path, 403) for path in CLIENTS),
        *((Role.CLIENT_MANAGER, path, 403) for path in AUDIT),
        (Role.CLIENT_MANAGER, "/clients", 200),
        (Role.CLIENT_MANAGER, "/clients/x", 404),
        *((role, path, 403) for role in (None, Role.PEOPLE_MANAGER) for path in [*AUDIT, *CLIENTS]),
        *((role, "/me", 200) for role in (None, *Role)),
    ],
)
def test_a_role_opens_its_own_operations_only(
    office: Office, role: Role | None, path: str, status: int
) -> None:
    response = office.officer(role).get(path)

    assert response.status_code == status
    if status == 403:
        problem(response, 403, "role_missing")


@pytest.mark.parametrize("role", list(Role))
def test_the_role_is_not_enough_without_the_scope(office: Office, role: Role) -> None:
    _, account_id = office.person(role)
    caller = Caller(
        office, office.app.test_client(), office.token(account_id, scope="openid"), "", account_id
    )
    method, path = {
        Role.AUDITOR: ("GET", "/audit/events"),
        Role.CLIENT_MANAGER: ("GET", "/clients"),
        Role.PEOPLE_MANAGER: ("POST", "/people/link"),
    }[role]
    scope = SCOPES[role]

    response = caller.call(method, path)

    problem(response, 403, "insufficient_scope")
    assert f'scope="{scope}"' in response.headers["WWW-Authenticate"]


def test_a_client_that_acts_for_itself_is_no_officer(office: Office) -> None:
    caller = Caller(office, office.app.test_client(), office.token(None), "", "")

    problem(caller.get("/clients"), 403, "role_missing")


def test_a_lost_role_ends_access_at_once(sql_office: Office) -> None:
    caller = sql_office.officer(Role.AUDITOR)
    before = caller.get("/audit/event-types")

    with sql_office.hub.database.begin(Origin()) as stores:
        stores.people.revoke_role(caller.person_id, Role.AUDITOR)

    assert before.status_code == 200
    problem(caller.get("/audit/event-types"), 403, "role_missing")
    assert caller.get("/me").json["roles"] == []


def test_a_clerk_is_an_officer_as_a_clerk_only(sql_office: Office) -> None:
    """A citizen's password must not do for the department's: decision 5."""
    citizen = sql_office.officer(Role.AUDITOR)
    clerk = examples.clerk(citizen.person_id)
    with sql_office.hub.database.begin(Origin()) as stores:
        stores.people.add_account(clerk, datetime.now(UTC))
    as_clerk = replace(citizen, token=sql_office.token(clerk.id), account_id=clerk.id)

    problem(citizen.get("/audit/event-types"), 403, "role_missing")
    assert citizen.get("/me").json["roles"] == []
    assert as_clerk.get("/audit/event-types").status_code == 200


def test_a_disabled_account_ends_access_at_once(sql_office: Office) -> None:
    caller = sql_office.officer(Role.AUDITOR)

    with sql_office.hub.database.begin(Origin()) as stores:
        stores.people.disable_account(caller.account_id, Departure.OFFICER, datetime.now(UTC))

    problem(caller.get("/me"), 401, "invalid_token")


def test_a_refusal_is_recorded_with_its_private_reason(sql_office: Office) -> None:
    caller = sql_office.officer(None)

    caller.get("/clients")

    (record,) = sql_office.log("bearer.rejected")
    assert record["detail"]["endpoint"] == "/api/v1/clients"
    assert record["detail"]["error"] == "role_missing"
    assert caller.account_id in record["detail"]["reason"]


def test_me_tells_who_calls(office: Office) -> None:
    caller = office.officer(Role.CLIENT_MANAGER)

    assert caller.get("/me").json == {
        "account_id": caller.account_id,
        "name": "Tuya Bat",
        "roles": ["client_manager"],
        "client_id": "console",
        "scope": "audit:read clients:manage openid people:manage",
    }


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/none", "/api/v1/audit", "/api/v1/clients/a/b"])
def test_what_is_not_there_is_a_problem_too(office: Office, path: str) -> None:
    problem(office.app.test_client().get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/me", "GET, HEAD"),
        ("PUT", "/clients", "GET, HEAD, POST"),
        ("OPTIONS", "/audit/events", "GET, HEAD"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
    ],
)
def test_another_method_is_405_with_those_that_are_offered(
    office: Office, method: str, path: str, allow: str
) -> None:
    response = office.app.test_client().open(f"/api/v1{path}", method=method)

    problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == allow
    assert "Access-Control-Allow-Origin" not in response.headers
