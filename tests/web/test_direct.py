"""A hot endpoint answers the same, whether it is served past Flask or by it."""

import base64
import io
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from sso.audit.record import Origin
from sso.config import load
from sso.hub import build
from sso.oidc.client import ClientSecret, GrantType
from sso.oidc.digest import digest
from sso.storage.schema import migrate
from sso.web.app import create_app
from sso.web.direct import Direct
from sso.worker.key_rotation import first_keys
from tests.api.conftest import CONFIG, ISSUER
from tests.storage import examples

SECRET = "a-secret-of-the-service"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Asked:
    """A request, and what is expected of both ways."""

    path: str
    body: bytes | str = b""
    status: int = 200
    method: str = "POST"
    content_type: str = FORM
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Ways:
    """One application, and both ways into it."""

    app: Flask
    client_id: str

    @property
    def past_flask(self) -> Direct:
        assert isinstance(self.app.wsgi_app, Direct)
        return self.app.wsgi_app

    def ask(self, asked: Asked, application: Any) -> Answered:
        proof = base64.b64encode(f"{self.client_id}:{SECRET}".encode()).decode()
        builder = EnvironBuilder(
            path=asked.path,
            base_url=ISSUER,
            method=asked.method,
            input_stream=io.BytesIO(asked.body.encode() if isinstance(asked.body, str) else asked.body),
            content_length=len(asked.body),
            content_type=asked.content_type,
            headers={"Authorization": f"Basic {proof}", **asked.headers},
            environ_base={"REMOTE_ADDR": "192.0.2.7"},
        )
        body, status, headers = run_wsgi_app(application, builder.get_environ(), buffered=True)
        return Answered(int(status.split()[0]), dict(headers), b"".join(body))


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    file = tmp_path_factory.mktemp("hub") / "sso.toml"
    key = base64.urlsafe_b64encode(bytes(32)).decode()
    url = f"sqlite:///{file.with_name('hub.db')}"
    file.write_text(CONFIG.format(issuer=ISSUER, url=url, key=key), encoding="utf-8")
    hub = build(load(str(file), {}))
    migrate(hub.database)
    first_keys(hub, Origin())
    service = examples.client(
        scope=frozenset({"openid", "api"}),
        grant_types=frozenset({GrantType.CLIENT_CREDENTIALS}),
        secrets=(ClientSecret(digest(SECRET)),),
    )
    with hub.database.begin(Origin()) as stores:
        stores.clients.add(service, datetime.now(UTC))
    yield Ways(create_app(hub), service.client_id)
    hub.close()


TOKEN, INTROSPECTION, REVOCATION = "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"
USERINFO, PUSHED = "/oauth2/userinfo", "/oauth2/par"
GRANT = "grant_type=client_credentials"
WRONG = {"Authorization": "Basic eDp5"}

REQUESTS = {
    "a token": Asked(TOKEN, f"{GRANT}&scope=api"),
    "a token, empty parameters": Asked(TOKEN, f"{GRANT}&scope=&resource="),
    "a token for a script of another site": Asked(TOKEN, GRANT, headers={"Origin": "https://x.example"}),
    "a token, traced": Asked(TOKEN, GRANT, headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}),
    "a token, the type with a charset": Asked(TOKEN, GRANT, content_type=f"{FORM}; charset=UTF-8"),
    "a scope that is not there": Asked(TOKEN, f"{GRANT}&scope=moon", 400),
    "a proof that is none": Asked(TOKEN, GRANT, 400, headers={"DPoP": "x"}),
    "a repeated parameter": Asked(TOKEN, f"{GRANT}&{GRANT}", 400),
    "bytes that are no text": Asked(TOKEN, b"grant_type=\xff\xfe", 400),
    "an escape that is no text": Asked(TOKEN, "grant_type=%ff%fe", 400),
    "a body without a parameter": Asked(TOKEN, "&&=&", 400),
    "no body": Asked(TOKEN, "", 400),
    "JSON": Asked(TOKEN, "{}", 400, content_type="application/json"),
    "a form in parts": Asked(TOKEN, "--x--", 400, content_type="multipart/form-data; boundary=x"),
    "no type": Asked(TOKEN, GRANT, 400, content_type=""),
    "too much": Asked(TOKEN, "a=" + "b" * 262_144, 413),
    "a wrong secret": Asked(TOKEN, GRANT, 401, headers=WRONG),
    "a header that is none": Asked(TOKEN, GRANT, 401, headers={"Authorization": "Basic \xff"}),
    "an unknown grant": Asked(TOKEN, "grant_type=password", 400),
    "introspection": Asked(INTROSPECTION, "token=x"),
    "introspection without a token": Asked(INTROSPECTION, "", 400),
    "introspection as a JWT": Asked(
        INTROSPECTION, "token=x", headers={"Accept": "application/token-introspection+jwt"}
    ),
    "revocation": Asked(REVOCATION, "token=x"),
    "a pushed request that lacks everything": Asked(PUSHED, "", 400),
    "userinfo without a token": Asked(USERINFO, status=401, method="GET"),
    "userinfo with a foreign token": Asked(
        USERINFO, status=401, method="GET", headers={"Authorization": "Bearer x.y.z"}
    ),
    "userinfo with two tokens": Asked(
        USERINFO, "access_token=a", 400, headers={"Authorization": "Bearer x.y.z"}
    ),
    "another method": Asked(TOKEN, status=405, method="GET"),
    "a preflight": Asked(TOKEN, status=204, method="OPTIONS"),
}


def told(answered: Answered) -> tuple[int, dict[str, str], Any]:
    """An answer without what differs from one moment to the next."""
    headers = {name: "" if name in CHANGING else value for name, value in answered.headers.items()}
    try:
        body = json.loads(REFERENCE.sub(b"reference", answered.body))
    except ValueError:
        return answered.status, headers, len(answered.body.split(b"."))
    return answered.status, headers, {name: "" if name in CHANGING else body[name] for name in body}


CHANGING = {"X-Request-Id", "Content-Length", "DPoP-Nonce", "access_token"}
REFERENCE = re.compile(rb"reference [0-9a-f]{16}")


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS.keys())
def test_both_ways_give_one_answer(ways: Ways, asked: Asked) -> None:
    past_flask = ways.ask(asked, ways.app)
    by_flask = ways.ask(asked, ways.past_flask._flask)

    assert told(past_flask) == told(by_flask)
    assert past_flask.status == asked.status


def test_an_error_that_nobody_expects_is_answered_by_flask_s_handlers(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sso.web.token.single_values", fail)

    past_flask = ways.ask(REQUESTS["a token"], ways.app)

    assert past_flask.status == 500
    assert json.loads(past_flask.body)["error"] == "server_error"


def test_a_direct_answer_is_logged_like_any_other(ways: Ways, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sso.access"):
        past_flask = ways.ask(REQUESTS["a token"], ways.app)
        ways.ask(REQUESTS["a token"], ways.past_flask._flask)

    direct, routed = (record for record in caplog.records if record.name == "sso.access")
    assert direct.__dict__["request_id"] == past_flask.headers["X-Request-Id"]
    assert [each.__dict__["route"] for each in (direct, routed)] == [TOKEN, TOKEN]
    assert [each.__dict__["status"] for each in (direct, routed)] == [200, 200]
    assert direct.__dict__["duration_ms"] > 0


def test_the_length_is_the_body_s(ways: Ways) -> None:
    past_flask = ways.ask(REQUESTS["a token"], ways.app)

    assert past_flask.headers["Content-Length"] == str(len(past_flask.body))
