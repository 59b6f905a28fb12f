"""Token exchange over HTTP: an application, a gateway, an archive that verifies what it gets (RFC 8693)."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
from joserfc import jwt as jose_jwt
from joserfc.jwk import KeySet

from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, StartHub

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
GATEWAY, ARCHIVE = "https://gateway.example/", "https://archive.example/"
SCOPE = "openid housing:read archive:read"


@dataclass(frozen=True)
class Stage:
    """The hub, and what each client proves itself with."""

    hub: HubServer
    clients: dict[str, dict[str, Any]]
    http: httpx.Client

    def post(self, path: str, by: str, **form: str) -> httpx.Response:
        client = self.clients[by]
        credentials = (client["client_id"], client["client_secret"])
        return self.http.post(self.hub.issuer + path, data=form, auth=credentials)

    def exchange(self, text: str, by: str = "Gateway", **changes: str) -> httpx.Response:
        form = {"grant_type": GRANT_TYPE, "subject_token": text, "subject_token_type": ACCESS_TOKEN}
        return self.post("/oauth2/token", by, **form | changes)

    def token(self) -> str:
        """A citizen's token for the application, which signs in as a device does."""
        asked = self.post("/oauth2/device_authorization", "Housing", scope=SCOPE).json()
        with Visitor() as visitor:
            visitor.open(asked["verification_uri_complete"])
            visitor.press("continue")
            visitor.fill("login_name", "tuya")
            visitor.press("continue")
            visitor.fill("password", PASSWORD)
            visitor.press("sign_in")
            visitor.press("allow")
        form = {"grant_type": DEVICE_CODE, "device_code": asked["device_code"]}
        answer = self.post("/oauth2/token", "Housing", **form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def keys(self) -> dict[str, Any]:
        document: dict[str, Any] = self.http.get(f"{self.hub.issuer}/oauth2/jwks").json()
        return document

    def active(self, text: str, by: str) -> bool:
        answer = self.post("/oauth2/introspect", by, token=text)
        return bool(answer.json()["active"])


REGISTRATIONS: dict[str, dict[str, Any]] = {
    "Housing": {"grant_types": [DEVICE_CODE], "scope": SCOPE, "audience": [GATEWAY]},
    "Gateway": {
        "grant_types": [GRANT_TYPE],
        "scope": "housing:read archive:read",
        "resource": [GATEWAY],
        "audience": [ARCHIVE],
    },
    "Archive": {"grant_types": [GRANT_TYPE], "scope": "archive:read", "resource": [ARCHIVE]},
}


@pytest.fixture(scope="module")
def stage(start_hub: StartHub) -> Iterator[Stage]:
    hub = start_hub(extra="\n[throttle]\naccount_limit = 100\nnetwork_limit = 10000\n")
    hub.add_citizen()
    clients = {}
    for name, metadata in REGISTRATIONS.items():
        file = hub.folder / f"{name}.json"
        file.write_text(json.dumps({"response_types": [], **metadata}), encoding="utf-8")
        clients[name] = hub.add_client("--metadata-file", str(file), name=name)
    with httpx.Client(trust_env=False, timeout=20) as http:
        yield Stage(hub, clients, http)


def test_an_archive_verifies_what_the_gateway_got(stage: Stage) -> None:
    """RFC 8693 2.2, RFC 9068 4: by two libraries that are not ours."""
    before = stage.token()

    answer = stage.exchange(before)

    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert body["issued_token_type"] == ACCESS_TOKEN
    text, keys = body["access_token"], stage.keys()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(text)["kid"]]
    claims = jwt.decode(text, key, algorithms=["ES256"], audience=ARCHIVE, issuer=stage.hub.issuer)
    decoded = jose_jwt.decode(text, KeySet.import_key_set(keys), algorithms=["ES256"])  # type: ignore[arg-type]
    gateway_id = stage.clients["Gateway"]["client_id"]
    assert decoded.header["typ"] == "at+jwt"
    assert decoded.claims == claims
    assert claims["act"] == {"sub": gateway_id, "client_id": gateway_id}
    assert claims["sub"] != jwt.decode(before, options={"verify_signature": False})["sub"]
    assert stage.active(text, "Archive")
    assert not stage.active(text, "Housing")


def test_the_record_names_who_acted(stage: Stage) -> None:
    stage.exchange(stage.token())

    gateway_id = stage.clients["Gateway"]["client_id"]
    events = stage.hub.audit("--client", gateway_id, "--event", "token.exchanged")

    assert events[0]["detail"]["actors"] == [gateway_id]
    assert events[0]["detail"]["subject_client_id"] == stage.clients["Housing"]["client_id"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "archive:write"}, "invalid_scope"),
        ({"resource": "https://ledger.example/"}, "invalid_target"),
        ({"audience": "https://ledger.example/"}, "invalid_target"),
        ({"subject_token": "x.y.z"}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"actor_token": "x"}, "invalid_request"),
    ],
)
def test_a_wrong_exchange_is_refused(stage: Stage, changes: dict[str, str], error: str) -> None:
    """RFC 8693 2.2.2."""
    answer = stage.exchange(stage.token() if "subject_token" not in changes else "", **changes)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_whom_a_token_is_not_for_gets_nothing(stage: Stage) -> None:
    assert stage.exchange(stage.token(), by="Archive").json()["error"] == "invalid_request"


def test_nothing_that_is_exchanged_outlives_the_end_of_an_account(stage: Stage) -> None:
    """Somebody is disabled while two threads of the gateway exchange their token on and on."""
    text = stage.token()
    got: list[str] = []
    stop = threading.Event()

    def exchange_on_and_on(_: int) -> None:
        while not stop.is_set() and (answer := stage.exchange(text)).status_code == 200:
            got.append(answer.json()["access_token"])

    with ThreadPoolExecutor(2) as pool:
        try:
            running = [pool.submit(exchange_on_and_on, number) for number in range(2)]
            stage.hub.run("person", "disable", "tuya", "--reason", "a test")
            for one in running:
                one.result(30)
        finally:
            stop.set()
    stage.hub.run("person", "enable", "tuya")

    assert got
    assert not any(stage.active(one, "Archive") for one in got[-50:])


def test_metadata_offers_it(stage: Stage) -> None:
    address = f"{stage.hub.issuer}/.well-known/oauth-authorization-server"

    assert GRANT_TYPE in httpx.get(address, trust_env=False).json()["grant_types_supported"]
