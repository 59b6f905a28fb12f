"""While the log cannot be written no endpoint for programs grants, tells or refuses (audit.md P1, P2).

Pages, and endpoints that need more than a client, are tried in tests/faults; codes and refresh tokens at a
running hub (tests/running).
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from sso.audit.record import Origin
from sso.config import load
from sso.hub import Hub, build
from sso.oidc.client import ClientSecret, GrantType
from sso.oidc.digest import digest
from sso.storage.schema import migrate
from sso.web.app import create_app
from sso.worker.key_rotation import first_keys
from tests.api.conftest import CONFIG, ISSUER
from tests.storage import examples
from tests.storage.unwritable import everything, unwritable

SECRET = "a-secret-of-the-service"
OPEN = '\n[registration]\nmode = "open"\nnetwork_limit = 1000\n'
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
HOUSING: Mapping[str, Any] = {"client_name": "Housing", "redirect_uris": ["https://housing.example/cb"]}


@dataclass(frozen=True)
class Asked:
    """A request of a client that proves itself, and the status when it can be recorded."""

    path: str
    status: int
    form: Mapping[str, str] | None = None
    document: Mapping[str, Any] | None = None
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    hub: Hub
    app: Flask
    client_id: str

    def ask(self, asked: Asked) -> TestResponse:
        proof = base64.b64encode(f"{self.client_id}:{SECRET}".encode()).decode()
        headers = {"Authorization": f"Basic {proof}", **asked.headers}
        body = {"data": asked.form} if asked.document is None else {"json": asked.document}
        return self.app.test_client().open(
            asked.path, base_url=ISSUER, method=asked.method, headers=headers, **body
        )

    def registered(self, method: str, status: int) -> Asked:
        """What an application that registered itself asks of its registration (RFC 7592)."""
        made = self.ask(REGISTER).get_json()
        path = made["registration_client_uri"].removeprefix(ISSUER)
        headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
        document = {**HOUSING, "client_id": made["client_id"], "client_name": "Other"}
        return Asked(path, status, None, document if method == "PUT" else None, method, headers)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    file = tmp_path_factory.mktemp("hub") / "sso.toml"
    key = base64.urlsafe_b64encode(bytes(32)).decode()
    url = f"sqlite:///{file.with_name('hub.db')}"
    file.write_text(CONFIG.format(issuer=ISSUER, url=url, key=key) + OPEN, encoding="utf-8")
    hub = build(load(str(file), {}))
    migrate(hub.database)
    first_keys(hub, Origin())
    grants = (GrantType.CLIENT_CREDENTIALS, GrantType.AUTHORIZATION_CODE, GrantType.DEVICE_CODE)
    client = examples.client(
        scope=frozenset({"openid", "api"}),
        grant_types=frozenset(grants),
        secrets=(ClientSecret(digest(SECRET)),),
    )
    with hub.database.begin(Origin()) as stores:
        stores.clients.add(client, datetime.now(UTC))
    yield Place(hub, create_app(hub), client.client_id)
    hub.close()


REGISTER = Asked("/oauth2/register", 201, document=HOUSING, headers={"Authorization": ""})
AUTHORIZATION = {
    "response_type": "code",
    "redirect_uri": "https://housing.example/cb",
    "scope": "openid",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
TOKEN = {"grant_type": "client_credentials"}
REQUESTS = {
    "a token": Asked("/oauth2/token", 200, TOKEN),
    "a refused grant": Asked("/oauth2/token", 400, {**TOKEN, "scope": "moon"}),
    "a wrong secret": Asked("/oauth2/token", 401, TOKEN, headers={"Authorization": "Basic eDp5"}),
    "introspection": Asked("/oauth2/introspect", 200, {"token": "x"}),
    "a pushed request": Asked("/oauth2/par", 201, AUTHORIZATION),
    "a device": Asked("/oauth2/device_authorization", 200, {"scope": "openid"}),
    "a foreign token": Asked("/oauth2/userinfo", 401, method="GET", headers={"Authorization": "Bearer x"}),
    "a registration": REGISTER,
}
REGISTRATIONS = {"GET": 200, "PUT": 200, "DELETE": 204}
REGISTRATION_ROUTES = {f"registration.{verb}_registration" for verb in ("read", "replace", "remove")}


def kept(place: Place) -> dict[str, list[str]]:
    """Everything but what counts attempts: those count, whatever becomes of them."""
    return {name: rows for name, rows in everything(place.hub.database).items() if name != "throttle"}


def check(place: Place, asked: Asked) -> None:
    before = kept(place)

    with unwritable(place.hub.database):
        refused = place.ask(asked)
        after = kept(place)
    done = place.ask(asked)

    assert refused.status_code == 503
    assert (refused.get_json()["error"], refused.headers["Cache-Control"]) == (
        "temporarily_unavailable",
        "no-store",
    )
    assert after == before
    assert done.status_code == asked.status, done.get_data(as_text=True)


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS.keys())
def test_what_cannot_be_recorded_is_refused_whole(place: Place, asked: Asked) -> None:
    check(place, asked)


@pytest.mark.parametrize(("method", "status"), REGISTRATIONS.items())
def test_a_registration_is_neither_shown_nor_changed_nor_removed(
    place: Place, method: str, status: int
) -> None:
    check(place, place.registered(method, status))
