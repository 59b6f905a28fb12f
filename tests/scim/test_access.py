"""Who may manage a department's people: its own client, for itself, with a token for its own address."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from werkzeug.exceptions import UnsupportedMediaType

from sso.audit.record import Origin
from sso.cli.management_directories import measure_directories
from sso.scim.refusal import Refusals
from sso.storage.errors import StorageUnavailable
from tests.oidc.proofs import bound_to, hash_of, proof, proof_key
from tests.scim.conftest import ISSUER, USER, Department, error

KEY = proof_key("ES256", 5)
REFERENCE = "0f1e2d3c4b5a6978"
WATER = {"client_id": "pumps", "aud": f"{ISSUER}/scim/v2/water"}
BOLOR = {"schemas": [USER], "userName": "bolor"}


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({"aud": f"{ISSUER}/scim/v2/water"}, 401, "invalid_token"),
        ({"aud": f"{ISSUER}/scim/v2"}, 401, "invalid_token"),
        ({"aud": f"{ISSUER}/api/v1"}, 401, "invalid_token"),
        ({"exp": 1}, 401, "invalid_token"),
        ({"scope": "openid"}, 403, "insufficient_scope"),
        ({"client_id": "nobody"}, 401, "invalid_token"),
        ({"iss": "https://other.example"}, 401, "invalid_token"),
    ],
)
def test_a_token_that_is_not_for_this_is_refused_and_recorded(
    health: Department, claims: dict[str, Any], status: int, code: str
) -> None:
    """RFC 6750 3.1, RFC 9068 4, RFC 7644 3.12."""
    response = replace(health, claims=claims).call("POST", "/Users", BOLOR)

    error(response, status)
    challenge = response.headers["WWW-Authenticate"]
    assert f'error="{code}"' in challenge
    assert (
        'resource_metadata="http://127.0.0.1:8000/.well-known/oauth-protected-resource/scim/v2/health"'
        in challenge
    )
    assert health.log("bearer.rejected")[0]["detail"]["error"] == code
    assert health.found('userName eq "bolor"') == []


def test_without_a_token_nothing_is_said_but_how_to_ask(health: Department) -> None:
    """RFC 6750 3: no error where there were no credentials."""
    response = health.app.test_client().get("/scim/v2/health/Users")

    error(response, 401)
    assert "error=" not in response.headers["WWW-Authenticate"]


def test_the_token_of_a_department_opens_no_other(health: Department) -> None:
    user = health.add("altan")
    water = replace(health, directory_id="water")

    water.refused("GET", f"/Users/{user['id']}", status=401)
    water.refused("DELETE", f"/Users/{user['id']}", status=401)
    for nowhere in ("nowhere", "civil", "..", "%00"):
        replace(health, directory_id=nowhere).refused("GET", "/Users", status=404)


def test_the_id_of_another_departments_person_is_nobody_here(department: Department) -> None:
    user = department.add("altan")
    text = department.token(**WATER, cnf=bound_to(KEY).as_json())

    def asked(method: str, path: str) -> int:
        address = f"{ISSUER}/scim/v2/water{path}"
        sent = proof(key=KEY, htu=address, htm=method, ath=hash_of(text), at=datetime.now(UTC))
        headers = {"Authorization": f"DPoP {text}", "DPoP": sent}
        return (
            department.app.test_client()
            .open(f"/scim/v2/water{path}", method=method, headers=headers)
            .status_code
        )

    assert asked("GET", "/Users") == 200
    assert asked("GET", f"/Users/{user['id']}") == 404
    assert asked("DELETE", f"/Users/{user['id']}") == 404
    assert department.done("GET", f"/Users/{user['id']}") == user


def test_a_bound_token_is_taken_with_its_proof_once(department: Department) -> None:
    """RFC 9449 7.1, 11.1: a replayed proof creates nobody."""
    text = department.token(cnf=bound_to(KEY).as_json())
    address = f"{ISSUER}/scim/v2/health/Users"
    sent = proof(key=KEY, htu=address, htm="POST", ath=hash_of(text), at=datetime.now(UTC))
    headers = {"Authorization": f"DPoP {text}", "DPoP": sent}
    browser = department.app.test_client()

    first = browser.post("/scim/v2/health/Users", json=BOLOR, headers=headers)
    again = browser.post("/scim/v2/health/Users", json={**BOLOR, "userName": "tuya"}, headers=headers)

    assert first.status_code == 201, first.text
    error(again, 401)
    assert len(department.found("userName pr")) == 1


def test_a_department_can_refuse_tokens_that_anybody_could_use(health: Department) -> None:
    replace(health, directory_id="water", claims=WATER).refused("GET", "/Users", status=401)


def test_a_client_gets_the_scope_and_the_address_on_the_command_line_only(health: Department) -> None:
    """Whoever could register such a client could become any clerk."""
    from sso.config.registration import Registration

    settings = health.hub.settings
    assert settings.owns(f"{ISSUER}/scim/v2/health")
    assert not settings.owns(f"{ISSUER}/scim/v20")
    with pytest.raises(ValueError, match="scim"):
        Registration(scopes=("openid", "scim"))


def test_operators_hear_of_conflicts_of_a_department_over_scim_too(health: Department) -> None:
    registry = CollectorRegistry()

    measure_directories(health.hub, registry)

    assert registry.get_sample_value("sso_directory_conflicts", {"directory": "health"}) == 0


@pytest.mark.parametrize(
    ("raised", "status", "words"),
    [
        (StorageUnavailable("away"), 503, f"try again (reference {REFERENCE})"),
        (RuntimeError("secret"), 500, f"something unexpected happened (reference {REFERENCE})"),
        (UnsupportedMediaType(), 415, "send application/scim+json"),
    ],
)
def test_a_failure_names_the_reference_in_the_log_and_a_mistake_what_to_mend(
    health: Department, raised: Exception, status: int, words: str
) -> None:
    """RFC 7644 3.12."""
    refusals = Refusals(health.hub, lambda _: Origin(request_id=REFERENCE))

    with health.app.test_request_context("/scim/v2/health/Users"):
        sentence = error(refusals.raised(raised), status)  # type: ignore[arg-type]  # Flask's own response

    assert sentence.endswith(words)
