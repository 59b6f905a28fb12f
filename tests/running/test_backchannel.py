"""CIBA over HTTP: a service asks from elsewhere, a person answers at the hub (CIBA Core 1.0)."""

import json
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, StartHub
from tests.servers.loopback import Answer, LoopbackServer, Request

GRANT_TYPE = "urn:openid:params:grant-type:ciba"
EXTRA = "\n[tokens]\npolling_interval_seconds = 1\n\n[outbound]\nallow_loopback = true\n"


class Listener(LoopbackServer):
    """The notification endpoint of a client: real HTTP, with the answers that a test wants."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.heard: list[tuple[str | None, str | None, Any]] = []
        super().__init__(self._hear)
        self.uri = f"{self.origin}/ping"

    def _hear(self, request: Request) -> Answer:
        headers = request.headers
        self.heard.append((headers["Authorization"], headers["Content-Type"], json.loads(request.body)))
        return Answer(status=self.answers.pop(0) if self.answers else 204)

    def wait_for(self, count: int, seconds: float = 20) -> None:
        ends = time.monotonic() + seconds
        while len(self.heard) < count:
            assert time.monotonic() < ends, f"{len(self.heard)} of {count} pings after {seconds} s"
            time.sleep(0.05)


@dataclass(frozen=True)
class Bank:
    """A service that asks from elsewhere."""

    hub: HubServer
    client: dict[str, Any]

    def ask(self, **params: str) -> dict[str, Any]:
        answer = self.post("/oauth2/bc-authorize", scope="openid email", login_hint="tuya", **params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def poll(self, asked: dict[str, Any]) -> httpx.Response:
        return self.post("/oauth2/token", grant_type=GRANT_TYPE, auth_req_id=asked["auth_req_id"])

    def post(self, path: str, **form: str) -> httpx.Response:
        credentials = (self.client["client_id"], self.client["client_secret"])
        return httpx.post(self.hub.issuer + path, data=form, auth=credentials, trust_env=False, timeout=20)


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> HubServer:
    hub = start_hub(extra=EXTRA)
    hub.add_citizen()
    hub.add_citizen("bolor", name="Bolor Erdene", email="bolor@example.org")
    return hub


def registered(hub: HubServer, name: str, **metadata: Any) -> Bank:
    whole = {"grant_types": [GRANT_TYPE], "scope": "openid email", "response_types": []} | metadata
    file = hub.folder / f"{name}.json"
    file.write_text(json.dumps(whole), encoding="utf-8")
    return Bank(hub, hub.add_client("--metadata-file", str(file), name=name))


@pytest.fixture(scope="module")
def bank(hub: HubServer) -> Bank:
    return registered(hub, "Bank", backchannel_token_delivery_mode="poll")


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with Visitor() as one:
        yield one


def open_approvals(visitor: Visitor, hub: HubServer, login_name: str = "tuya") -> None:
    visitor.open(f"{hub.issuer}/approvals")
    visitor.fill("login_name", login_name)
    visitor.press("continue")
    visitor.fill("password", PASSWORD)
    visitor.press("sign_in")


def answer(visitor: Visitor, hub: HubServer, decision: str) -> None:
    """Answer the first request of the list."""
    open_approvals(visitor, hub)
    visitor.press("look_1")
    visitor.press(decision)


def clear(hub: HubServer) -> None:
    """Refuse what earlier tests left."""
    with Visitor() as visitor:
        open_approvals(visitor, hub)
        while visitor.has("look_1"):
            visitor.press("look_1")
            visitor.press("deny")
            visitor.open(f"{hub.issuer}/approvals")


@pytest.fixture(autouse=True)
def _nothing_waits(hub: HubServer) -> None:
    clear(hub)


def test_a_person_who_is_asked_from_elsewhere_answers_at_the_hub(bank: Bank, visitor: Visitor) -> None:
    """CIBA Core 7 to 11, poll."""
    asked = bank.ask(binding_message="W4SCT")
    assert bank.poll(asked).json()["error"] == "authorization_pending"
    open_approvals(visitor, bank.hub)
    assert "Bank" in visitor.text("approvals")
    assert "W4SCT" in visitor.text("approvals")
    visitor.open(bank.hub.issuer)
    assert visitor.text("to_approvals") == "A service waits for your answer"
    visitor.press("to_approvals")
    visitor.press("look_1")
    assert visitor.text("message") == "W4SCT"

    visitor.press("allow")

    tokens = bank.poll(asked)
    assert tokens.status_code == 200
    assert tokens.json()["id_token"]
    visitor.open(f"{bank.hub.issuer}/approvals")
    assert not visitor.has("approvals")
    assert not visitor.has("look_1")


def test_a_refusal_reaches_the_service(bank: Bank, visitor: Visitor) -> None:
    asked = bank.ask()

    answer(visitor, bank.hub, "deny")

    assert bank.poll(asked).json()["error"] == "access_denied"


def test_another_person_sees_nothing_of_it(bank: Bank, visitor: Visitor) -> None:
    asked = bank.ask(binding_message="W4SCT")
    open_approvals(visitor, bank.hub, "bolor")

    assert not visitor.has("approvals")
    with Visitor() as owner:
        open_approvals(owner, bank.hub)
        (request_id,) = [form.fields["request"] for form in owner.page.forms if "request" in form.fields]
        forged = owner.page.forms[0].fields["csrf_token"]
    cookies = visitor.cookies()
    address = f"{bank.hub.issuer}/approvals"
    for form in ({"request": request_id, "csrf_token": forged}, {"request": request_id}):
        assert httpx.post(address, data=form, cookies=cookies, trust_env=False).status_code == 403
    assert bank.poll(asked).json()["error"] == "authorization_pending"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listening:
        yield listening


def test_a_service_is_pinged_with_its_own_token_and_fetches(
    hub: HubServer, visitor: Visitor, listener: Listener
) -> None:
    """CIBA Core 10.2."""
    bank = _pinged(hub, listener)
    token = secrets.token_urlsafe(32)
    asked = bank.ask(client_notification_token=token)

    answer(visitor, hub, "allow")

    listener.wait_for(1)
    assert listener.heard == [(f"Bearer {token}", "application/json", {"auth_req_id": asked["auth_req_id"]})]
    assert bank.poll(asked).status_code == 200
    time.sleep(1)
    assert len(listener.heard) == 1


def test_a_ping_that_fails_is_sent_again(hub: HubServer, visitor: Visitor, listener: Listener) -> None:
    listener.answers = [500]
    bank = _pinged(hub, listener)
    asked = bank.ask(client_notification_token=secrets.token_urlsafe(32))

    answer(visitor, hub, "deny")

    listener.wait_for(2)
    assert {body["auth_req_id"] for _, _, body in listener.heard} == {asked["auth_req_id"]}
    assert bank.poll(asked).json()["error"] == "access_denied"
    events = hub.audit("--client", bank.client["client_id"], "--event", "authz.deferred.pinged")
    assert sorted(event["outcome"] for event in events) == ["failure", "success"]


def test_nothing_kept_or_logged_shows_what_a_ping_says(
    hub: HubServer, visitor: Visitor, listener: Listener
) -> None:
    listener.answers = [500]
    bank = _pinged(hub, listener)
    token = secrets.token_urlsafe(32)
    asked = bank.ask(client_notification_token=token)
    answer(visitor, hub, "allow")
    listener.wait_for(1)

    kept = b"".join(file.read_bytes() for file in hub.folder.glob("hub.*"))
    assert len(kept) > 10_000
    for secret in (token, asked["auth_req_id"]):
        assert secret.encode() not in kept


def _pinged(hub: HubServer, listener: Listener) -> Bank:
    return registered(
        hub,
        f"Pinged{secrets.token_hex(4)}",
        backchannel_token_delivery_mode="ping",
        backchannel_client_notification_endpoint=listener.uri,
    )


def test_of_many_polls_at_once_one_gets_tokens(bank: Bank, visitor: Visitor) -> None:
    asked = bank.ask()
    answer(visitor, bank.hub, "allow")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: bank.poll(asked), range(8)))

    assert sorted(one.status_code for one in answers) == [200, *[400] * 7]


def test_a_person_who_is_asked_too_often_is_left_alone(bank: Bank) -> None:
    for _ in range(5):
        bank.ask()

    refused = bank.post("/oauth2/bc-authorize", scope="openid", login_hint="tuya")

    assert refused.status_code == 403
    assert refused.json()["error"] == "access_denied"


def test_metadata_says_how(hub: HubServer) -> None:
    """CIBA Core 4."""
    document = httpx.get(f"{hub.issuer}/.well-known/openid-configuration", trust_env=False).json()

    assert document["backchannel_authentication_endpoint"] == f"{hub.issuer}/oauth2/bc-authorize"
    assert document["backchannel_token_delivery_modes_supported"] == ["poll", "ping"]
    assert document["backchannel_user_code_parameter_supported"] is False
    assert GRANT_TYPE in document["grant_types_supported"]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"backchannel_token_delivery_mode": "push"},
        {"backchannel_token_delivery_mode": "ping"},
        {"backchannel_token_delivery_mode": "poll", "backchannel_user_code_parameter": True},
        {"backchannel_token_delivery_mode": "poll", "token_endpoint_auth_method": "none"},
        {
            "backchannel_token_delivery_mode": "ping",
            "backchannel_client_notification_endpoint": "http://bank.example/ping",
        },
    ],
)
def test_a_registration_that_does_not_fit_is_refused(hub: HubServer, metadata: dict[str, Any]) -> None:
    """CIBA Core 4."""
    file = hub.folder / "refused.json"
    whole = {"grant_types": [GRANT_TYPE], "response_types": [], "scope": "openid"} | metadata
    file.write_text(json.dumps(whole), encoding="utf-8")

    done = hub.run("client", "add", "--name", "Refused", "--metadata-file", str(file), check=False)

    assert done.returncode != 0
    assert "backchannel" in done.stderr or "public client" in done.stderr
