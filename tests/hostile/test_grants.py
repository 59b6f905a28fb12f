"""Hostile input on the grants beside the code: a client that may use all of them, and any value anywhere."""

import json
import string
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.stage import Stage, error_code

pytestmark = pytest.mark.slow

bounded = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CIBA = "urn:openid:params:grant-type:ciba"
ENDPOINTS: Mapping[str, dict[str, str]] = {
    "/oauth2/device_authorization": {"scope": "openid"},
    "/oauth2/bc-authorize": {"scope": "openid", "login_hint": "tuya"},
    f"/oauth2/token?{DEVICE}": {"grant_type": DEVICE, "device_code": "x"},
    f"/oauth2/token?{CIBA}": {"grant_type": CIBA, "auth_req_id": "x"},
    f"/oauth2/token?{BEARER}": {"grant_type": BEARER, "assertion": "x.y.z"},
    f"/oauth2/token?{EXCHANGE}": {
        "grant_type": EXCHANGE,
        "subject_token": "x.y.z",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    },
}
NAMES = (
    "scope resource audience device_code auth_req_id assertion subject_token subject_token_type actor_token "
    "actor_token_type requested_token_type login_hint id_token_hint login_hint_token binding_message "
    "requested_expiry acr_values client_notification_token user_code request authorization_details"
).split()
VALUES = (
    "",
    "\0",
    "\udcff",
    "\u202eevil",
    "😀" * 50,
    "a\r\nb: c",
    "-1",
    "1e999",
    "null",
    "[]",
    "{}",
    '[{"type": []}]',
    "x.y.z",
    "e30.e30.e30",
    "eyJhbGciOiJub25lIn0.e30.",
    "' OR 1=1--",
    "{{7*7}}",
    "A" * 20_000,
)
texts = st.text(max_size=30) | st.sampled_from(VALUES)


@pytest.fixture(scope="module")
def credentials(stage: Stage) -> dict[str, str]:
    """A client that is registered for everything that this hub has."""
    metadata: dict[str, Any] = {
        "grant_types": [DEVICE, EXCHANGE, BEARER, CIBA, "refresh_token"],
        "response_types": [],
        "scope": "openid email",
        "audience": ["https://a.example/"],
        "resource": ["https://b.example/"],
        "backchannel_token_delivery_mode": "poll",
    }
    file = stage.hub.folder / "everything.json"
    file.write_text(json.dumps(metadata), encoding="utf-8")
    client = stage.hub.add_client("--metadata-file", str(file), name="Everything")
    return {name: str(client[name]) for name in ("client_id", "client_secret")}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_takes_anything(
    stage: Stage, credentials: dict[str, str], endpoint: str, name: str
) -> None:
    path = endpoint.partition("?")[0]

    for value in VALUES:
        stage.check(stage.post(path, {**credentials, **ENDPOINTS[endpoint], name: value}), json=True)


@bounded
@given(st.sampled_from(sorted(ENDPOINTS)), st.dictionaries(st.sampled_from(NAMES), texts, max_size=6))
def test_any_combination_is_answered(
    stage: Stage, credentials: dict[str, str], endpoint: str, changes: dict[str, str]
) -> None:
    path = endpoint.partition("?")[0]

    stage.check(stage.post(path, {**credentials, **ENDPOINTS[endpoint], **changes}), json=True)


@bounded
@given(st.text(alphabet=string.printable, max_size=80) | texts)
def test_any_code_may_be_typed(stage: Stage, typed: str) -> None:
    """The page says that it is none, or that it was too many."""
    stage.visitor.open(f"{stage.hub.issuer}/device")
    token = stage.visitor.page.forms[0].fields["csrf_token"]

    answer = stage.check(stage.post("/device", {"csrf_token": token, "user_code": typed}, stage.cookie()))

    assert answer.status in (200, 400, 429)


@pytest.mark.parametrize("path", ["/device", "/approvals", "/answer/x", "/answer/%00"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_no_foreign_page_answers_for_anybody(stage: Stage, path: str, origin: str) -> None:
    form = {"user_code": "BCDF-GHJK", "request": "x", "decision": "allow"}

    answer = stage.check(stage.post(path, form, stage.cookie(), ("Origin", origin)))

    assert answer.status in (400, 403)
    assert error_code(answer) in {"forbidden_origin", "form_expired", "expired_page"}


@pytest.mark.parametrize("code", VALUES)
def test_any_complete_address_is_a_page(stage: Stage, code: str) -> None:
    """RFC 8628 3.3.1: what stands in the address is shown as text, whatever it is."""
    answer = stage.check(stage.send("GET", f"/device?user_code={quote(code, errors='surrogatepass')}"))

    assert answer.status in (200, 400, 414, 431)
