"""Access tokens that are bound to a key at the management API (RFC 9449 7)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.test import TestResponse

from sso.directory.person import Role
from tests.api.conftest import API, Office, problem
from tests.oidc.proofs import bound_to, hash_of, proof, proof_key

KEY, OTHER = proof_key("ES256", 5), proof_key("ES256", 6)


def bound_token(office: Office) -> str:
    _, account_id = office.person(Role.AUDITOR)
    return office.token(account_id, cnf=bound_to(KEY).as_json())


def proof_for(text: str, **changes: Any) -> str:
    good = {"htu": f"{API}/me", "htm": "GET", "ath": hash_of(text), "at": datetime.now(UTC)}
    return proof(**{**good, **changes})


def call(office: Office, text: str, scheme: str, dpop: str | None) -> TestResponse:
    headers = {"Authorization": f"{scheme} {text}"}
    if dpop is not None:
        headers["DPoP"] = dpop
    return office.app.test_client().get("/api/v1/me?", headers=headers)


def test_a_bound_token_is_taken_with_its_proof_once(sql_office: Office) -> None:
    """RFC 9449 7.1, 11.1."""
    text = bound_token(sql_office)
    spent = proof_for(text)

    answer = call(sql_office, text, "DPoP", spent)

    assert answer.status_code == 200, answer.text
    assert answer.headers["DPoP-Nonce"]
    problem(call(sql_office, text, "DPoP", spent), 401, "invalid_dpop_proof")
    reasons = {event["detail"]["reason"] for event in sql_office.log("bearer.rejected")}
    assert "jti was used before" in reasons


@pytest.mark.parametrize(
    ("scheme", "changes", "code"),
    [
        ("Bearer", {}, "invalid_token"),
        ("DPoP", None, "invalid_dpop_proof"),
        ("DPoP", {"key": OTHER}, "invalid_token"),
        ("DPoP", {"htu": f"{API}/clients"}, "invalid_dpop_proof"),
        ("DPoP", {"htm": "POST"}, "invalid_dpop_proof"),
        ("DPoP", {"ath": None}, "invalid_dpop_proof"),
        ("DPoP", {"nonce": "stale"}, "use_dpop_nonce"),
    ],
)
def test_a_bound_token_without_a_proof_that_fits_is_refused(
    office: Office, scheme: str, changes: dict[str, Any] | None, code: str
) -> None:
    """RFC 9449 7.1, 7.2."""
    text = bound_token(office)

    answer = call(office, text, scheme, None if changes is None else proof_for(text, **changes))

    problem(answer, 401, code)
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("DPoP ")
    assert f'error="{code}"' in challenge


def test_a_bearer_token_is_refused_with_the_dpop_scheme(office: Office) -> None:
    """RFC 9449 7.1."""
    _, account_id = office.person(Role.AUDITOR)
    text = office.token(account_id)

    problem(call(office, text, "DPoP", proof_for(text)), 401, "invalid_token")
