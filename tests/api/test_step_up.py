"""A change through the API needs a recent sign-in where the operator says so (RFC 9470), and RFC 9728."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from sso.api.app import register
from sso.directory.person import Role
from sso.web.app import create_app
from sso.web.proof_of_key import header_token_of
from sso.web.visit import origin_of
from tests.api.conftest import API, ISSUER, Caller, Office, problem

METADATA = {"client_name": "Housing", "redirect_uris": ["https://housing.example/cb"]}


@pytest.fixture
def strict_office(office: Office) -> Office:
    """The same hub, where changes need a sign-in of the last five minutes."""
    settings = replace(office.hub.settings, api_max_age=timedelta(minutes=5))
    hub = replace(office.hub, settings=settings)
    app: Flask = create_app(hub)
    register(app, hub, lambda r: origin_of(r, ()), lambda r: header_token_of(r, hub.settings, ()))
    return Office(hub, app)


def manager(office: Office, age: timedelta, role: Role = Role.CLIENT_MANAGER) -> Caller:
    person_id, account_id = office.person(role)
    text = office.token(account_id, auth_time=datetime.now(UTC) - age)
    return Caller(office, office.app.test_client(), text, person_id, account_id)


def test_an_old_sign_in_may_read_and_may_not_change(strict_office: Office) -> None:
    caller = manager(strict_office, timedelta(minutes=6))

    assert caller.get("/clients").status_code == 200
    answer = caller.post("/clients", METADATA)

    problem(answer, 401, "insufficient_user_authentication")
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'max_age="300"' in challenge
    assert strict_office.log("bearer.rejected")[0]["detail"]["reason"] == "signed in too long ago"


def test_an_old_sign_in_of_an_auditor_may_not_change_a_finding(strict_office: Office) -> None:
    caller = manager(strict_office, timedelta(minutes=6), Role.AUDITOR)

    assert caller.look("/audit/findings").status_code == 200
    problem(caller.patch("/audit/findings/x", {}), 401, "insufficient_user_authentication")


def test_a_recent_sign_in_may_change(strict_office: Office) -> None:
    assert manager(strict_office, timedelta(minutes=4)).post("/clients", METADATA).status_code == 201


def test_without_the_setting_any_sign_in_will_do(office: Office) -> None:
    assert manager(office, timedelta(days=3)).post("/clients", METADATA).status_code == 201


@pytest.mark.parametrize("path", ["/api/v1", "/oauth2/userinfo"])
def test_the_resources_describe_themselves(office: Office, path: str) -> None:
    """RFC 9728 3."""
    answer = office.app.test_client().get(f"/.well-known/oauth-protected-resource{path}")

    assert answer.status_code == 200
    assert answer.get_json()["resource"] == f"{ISSUER}{path}"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/v1/", "/oauth2/token", "/api/v1/me"])
def test_nothing_else_is_described(office: Office, path: str) -> None:
    assert office.app.test_client().get(f"/.well-known/oauth-protected-resource{path}").status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/me", "/oauth2/userinfo"])
def test_a_refusal_says_where_the_resource_is_described(office: Office, path: str) -> None:
    """RFC 9728 5.1."""
    answer = office.app.test_client().get(path)

    resource = API if path.startswith("/api") else f"{ISSUER}{path}"
    address = resource.replace(ISSUER, f"{ISSUER}/.well-known/oauth-protected-resource")
    for challenge in answer.headers.getlist("WWW-Authenticate"):
        assert f'resource_metadata="{address}"' in challenge
