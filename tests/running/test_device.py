"""The device authorization grant over HTTP: a device that polls, and a person at a browser (RFC 8628)."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, StartHub

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
EXTRA = "\n[tokens]\npolling_interval_seconds = 1\n\n[throttle]\naccount_limit = 5\nnetwork_limit = 300\n"


@dataclass(frozen=True)
class Television:
    """A device of a public client: it shows codes and polls."""

    hub: HubServer
    client_id: str

    def ask(self, **params: str) -> dict[str, Any]:
        answer = self.post("/oauth2/device_authorization", **{"scope": "openid email", **params})
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        body: dict[str, Any] = answer.json()
        return body

    def poll(self, asked: dict[str, Any]) -> httpx.Response:
        return self.post("/oauth2/token", grant_type=GRANT_TYPE, device_code=asked["device_code"])

    def error(self, asked: dict[str, Any]) -> str:
        answer = self.poll(asked)
        assert answer.status_code == 400
        return str(answer.json()["error"])

    def post(self, path: str, **form: str) -> httpx.Response:
        headers = {"User-Agent": "Television/1"}
        whole = {"client_id": self.client_id, **form}
        url = self.hub.issuer + path
        return httpx.post(url, data=whole, headers=headers, trust_env=False, verify=False, timeout=20)


@pytest.fixture(scope="module")
def television(start_hub: StartHub) -> Television:
    hub = start_hub(extra=EXTRA)
    hub.add_citizen()
    hub.add_citizen("bolor", name="Bolor Erdene", email="bolor@example.org")
    arguments = ("--public", "--grant-type", GRANT_TYPE, "--scope", "openid email")
    return Television(hub, hub.add_client(*arguments, name="Television")["client_id"])


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as one:
        yield one


def sign_in(visitor: Visitor, login_name: str = "tuya") -> None:
    visitor.fill("login_name", login_name)
    visitor.press("continue")
    visitor.fill("password", PASSWORD)
    visitor.press("sign_in")


def type_code(visitor: Visitor, hub: HubServer, code: str) -> None:
    visitor.open(f"{hub.issuer}/device")
    visitor.fill("user_code", code)
    visitor.press("continue")


def test_a_person_signs_a_device_in(television: Television, visitor: Visitor) -> None:
    """RFC 8628 3: the whole way."""
    asked = television.ask()
    assert television.error(asked) == "authorization_pending"
    type_code(visitor, television.hub, asked["user_code"].lower().replace("-", " "))
    assert visitor.page.title.startswith("Sign in to Television")
    sign_in(visitor)
    assert visitor.text("asking_service") == "Television"
    assert "the network that you are using now" in visitor.text("asked_from")
    assert visitor.text("software") == "Television/1"
    time.sleep(1.1)
    assert television.error(asked) == "authorization_pending"

    visitor.press("allow")

    assert visitor.has("answered")
    tokens = television.poll(asked)
    assert tokens.status_code == 200
    bearer = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
    told = httpx.get(f"{television.hub.issuer}/oauth2/userinfo", headers=bearer, trust_env=False)
    assert told.json()["email"] == "tuya@example.org"
    visitor.open(television.hub.issuer)
    assert visitor.text("services") == "Television"
    assert [
        event["event"] for event in television.hub.audit("--client", television.client_id, "--limit", "30")
    ].count("authz.deferred.allowed") == 1


def test_the_end_of_the_session_ends_the_device(television: Television, visitor: Visitor) -> None:
    """The approval belongs to the session that gave it."""
    asked = television.ask()
    type_code(visitor, television.hub, asked["user_code"])
    sign_in(visitor)
    visitor.press("allow")
    token = television.poll(asked).json()["access_token"]

    visitor.open(f"{television.hub.issuer}/sign-out")
    assert "Television" in visitor.text("services")
    visitor.press("sign_out")

    bearer = {"Authorization": f"Bearer {token}"}
    told = httpx.get(f"{television.hub.issuer}/oauth2/userinfo", headers=bearer, trust_env=False)
    assert told.status_code == 401


def test_a_person_who_says_no_is_obeyed(television: Television, visitor: Visitor) -> None:
    asked = television.ask()
    type_code(visitor, television.hub, asked["user_code"])
    sign_in(visitor)

    visitor.press("deny")

    assert "Nothing was shared with Television" in visitor.text("answered")
    assert television.error(asked) == "access_denied"


def test_the_complete_address_still_asks(television: Television, visitor: Visitor) -> None:
    """RFC 8628 3.3.1: a link that somebody sent must not be enough."""
    asked = television.ask()

    visitor.open(asked["verification_uri_complete"])

    assert visitor.has("compare")
    visitor.press("continue")
    sign_in(visitor)
    assert visitor.has("allow")
    assert television.error(asked) == "authorization_pending"


def test_two_people_with_one_code_one_is_in_time(television: Television, visitor: Visitor) -> None:
    asked = television.ask()
    with Visitor() as other:
        for person, login_name in ((visitor, "tuya"), (other, "bolor")):
            type_code(person, television.hub, asked["user_code"])
            sign_in(person, login_name)
        other.press("allow")

        visitor.press("allow")

        assert visitor.text("error_code") == "expired_page"
        subject = television.poll(asked).json()["access_token"]
        bearer = {"Authorization": f"Bearer {subject}"}
        told = httpx.get(f"{television.hub.issuer}/oauth2/userinfo", headers=bearer, trust_env=False)
        assert told.json()["email"] == "bolor@example.org"


def test_one_of_many_polls_at_once_gets_tokens_and_the_rest_revokes_them(
    television: Television, visitor: Visitor
) -> None:
    asked = television.ask()
    type_code(visitor, television.hub, asked["user_code"])
    sign_in(visitor)
    visitor.press("allow")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: television.poll(asked), range(8)))

    (won,) = [answer for answer in answers if answer.status_code == 200]
    assert {answer.json()["error"] for answer in answers if answer is not won} == {"invalid_grant"}
    bearer = {"Authorization": f"Bearer {won.json()['access_token']}"}
    told = httpx.get(f"{television.hub.issuer}/oauth2/userinfo", headers=bearer, trust_env=False)
    assert told.status_code == 401


def test_a_form_of_another_page_answers_nothing(television: Television, visitor: Visitor) -> None:
    asked = television.ask()
    type_code(visitor, television.hub, asked["user_code"])
    sign_in(visitor)
    action = visitor.page.forms[-1].action
    cookies = visitor.cookies()

    forged = httpx.post(
        action, data={"csrf_token": "x", "decision": "allow"}, cookies=cookies, trust_env=False
    )
    elsewhere = httpx.get(action, trust_env=False)

    assert forged.status_code == 403
    assert elsewhere.status_code == 400
    assert television.error(asked) == "authorization_pending"


def test_an_answer_needs_a_session_that_still_goes_on(television: Television, visitor: Visitor) -> None:
    asked = television.ask()
    type_code(visitor, television.hub, asked["user_code"])
    sign_in(visitor)
    held = visitor.page
    visitor.open(f"{television.hub.issuer}/sign-out")
    visitor.press("sign_out")
    visitor.page = held

    visitor.press("allow")

    assert not visitor.has("answered")
    assert television.error(asked) in {"authorization_pending", "slow_down"}


def test_a_client_that_wants_a_recent_sign_in_gets_one(television: Television, visitor: Visitor) -> None:
    """default_max_age (OpenID Connect Registration 2): an old session is not enough, a new sign-in is."""
    file = television.hub.folder / "strict.json"
    metadata = {"grant_types": [GRANT_TYPE], "response_types": [], "scope": "openid", "default_max_age": 0}
    whole = {**metadata, "token_endpoint_auth_method": "none"}
    file.write_text(json.dumps(whole), encoding="utf-8")
    strict = television.hub.add_client("--metadata-file", str(file), name="Strict")
    asked = Television(television.hub, strict["client_id"]).ask(scope="openid")
    visitor.open(f"{television.hub.issuer}/sign-in")
    sign_in(visitor)

    type_code(visitor, television.hub, asked["user_code"])

    assert visitor.has("login_name")
    sign_in(visitor)
    assert visitor.has("allow")


def test_metadata_names_the_endpoint(television: Television) -> None:
    """RFC 8628 4."""
    address = f"{television.hub.issuer}/.well-known/openid-configuration"
    document = httpx.get(address, trust_env=False).json()

    assert document["device_authorization_endpoint"] == f"{television.hub.issuer}/oauth2/device_authorization"
    assert GRANT_TYPE in document["grant_types_supported"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "payroll:write"}, "invalid_scope"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ],
)
def test_a_refused_request_is_json(television: Television, form: dict[str, str], error: str) -> None:
    answer = television.post("/oauth2/device_authorization", **form)

    assert answer.json()["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.slow
def test_guessing_codes_is_throttled_by_network_and_by_account(television: Television) -> None:
    """RFC 8628 5.1. Last, for the network has to wait afterwards."""
    with Visitor() as stranger, Visitor() as person:
        person.open(f"{television.hub.issuer}/sign-in")
        sign_in(person, "bolor")
        heard: dict[str, list[int]] = {"stranger": [], "person": []}
        for _ in range(31):
            type_code(stranger, television.hub, "BCDF-GHJK")
            heard["stranger"].append(stranger.page.status)
        for _ in range(7):
            type_code(person, television.hub, "BCDF-GHJK")
            heard["person"].append(person.page.status)
        asked = television.ask()
        type_code(stranger, television.hub, asked["user_code"])

        assert heard["stranger"][-1] == 429
        assert heard["person"] == [200] * 5 + [429] * 2
        assert stranger.page.status == 429
        assert "You can try again in" in stranger.text("advice_1")
        events = television.hub.audit("--limit", "100")
        assert {"authz.user_code.rejected", "ratelimit.triggered"} <= {event["event"] for event in events}
