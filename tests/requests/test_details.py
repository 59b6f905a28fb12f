"""RFC 9396 over HTTP: what a service wants to do stands on the page in words, and then in its token."""

import json
from typing import Any

import httpx
import jwt
import pytest

from tests.relying_parties.visitor import Visitor
from tests.requests.developer import REDIRECT_URI, Developer, answer_of, registered, signed_in
from tests.servers.hub import PASSWORD, StartHub

pytestmark = pytest.mark.slow

TYPES = """
[[authorization_details_type]]
type = "tax-return"
label = { en = "Your tax return", "zh-CN" = "您的纳税申报表" }
actions = { read = { en = "Read it", "zh-CN" = "查看" }, submit = { en = "Hand it in" } }
fields = { year = { label = { en = "Year", "zh-CN" = "年份" }, required = true } }

[[authorization_details_type]]
type = "letters"
label = { en = "Your letters" }
ask_every_time = false
"""
RETURN: dict[str, Any] = {"type": "tax-return", "actions": ["read", "submit"], "year": 2025}
LETTERS: dict[str, Any] = {"type": "letters"}


@pytest.fixture(scope="module")
def developer(start_hub: StartHub) -> Developer:
    hub = start_hub(extra=TYPES)
    hub.add_citizen()
    return registered(hub, authorization_details_types=["tax-return", "letters"])


def ask(developer: Developer, visitor: Visitor, *details: dict[str, Any], **changes: str) -> str:
    request_uri = developer.push(authorization_details=json.dumps(details), **changes)
    return visitor.open(developer.pushed_address(request_uri), until=REDIRECT_URI)


def test_a_person_reads_words_and_the_service_gets_what_they_allowed(developer: Developer) -> None:
    """RFC 9396 1, 7."""
    with Visitor() as visitor:
        ask(developer, visitor, RETURN)
        visitor.fill("login_name", "tuya")
        visitor.press("continue")
        visitor.fill("password", PASSWORD)
        visitor.press("sign_in")
        page = visitor.page.html
        heading = visitor.text("detail_1")
        tokens = developer.redeem(answer_of(visitor.press("allow", until=REDIRECT_URI))["code"]).json()
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    told = developer.post("/oauth2/introspect", {"token": tokens["access_token"]}).json()

    assert heading == "Your tax return"
    assert all(word in page for word in ("Read it", "Hand it in", "Year", "2025"))
    assert "tax-return" not in page
    assert tokens["authorization_details"] == claims["authorization_details"] == [RETURN]
    assert told["authorization_details"] == [RETURN]


def test_what_is_done_once_is_asked_every_time_and_the_rest_is_not(developer: Developer) -> None:
    with signed_in(developer.hub) as visitor:
        for details in ((RETURN,), (LETTERS,)):
            ask(developer, visitor, *details, prompt="consent")
            visitor.press("allow", until=REDIRECT_URI)
        again = ask(developer, visitor, LETTERS)
        ask(developer, visitor, RETURN)
        asked = visitor.has("allow")
        silent = ask(developer, visitor, RETURN, prompt="none")

    assert "code" in answer_of(again)
    assert asked
    assert answer_of(silent)["error"] == "consent_required"


def test_what_was_refused_is_not_given(developer: Developer) -> None:
    with signed_in(developer.hub) as visitor:
        ask(developer, visitor, RETURN)
        answer = answer_of(visitor.press("deny", until=REDIRECT_URI))

    assert answer["error"] == "access_denied"


@pytest.mark.parametrize("wrong", [RETURN | {"year": None}, RETURN | {"to": "x"}, {"type": "payment"}])
def test_what_has_no_words_is_refused(developer: Developer, wrong: dict[str, Any]) -> None:
    """RFC 9396 5."""
    form = developer.params(authorization_details=json.dumps([wrong]))

    answer = developer.post("/oauth2/par", form)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_authorization_details")


def test_they_are_described(developer: Developer) -> None:
    """RFC 9396 10."""
    metadata = httpx.get(f"{developer.hub.issuer}/.well-known/openid-configuration", trust_env=False).json()

    assert metadata["authorization_details_types_supported"] == ["tax-return", "letters"]
