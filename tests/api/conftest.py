"""The API of a real hub, in process, on SQLite and on PostgreSQL; officers with real access tokens."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sso.api.app import register
from sso.audit.record import AuditEvent, Origin
from sso.config import load
from sso.directory.person import Role
from sso.hub import Hub, build
from sso.oidc.digest import new_id
from sso.oidc.jose import sign
from sso.storage.schema import migrate
from sso.web.app import create_app
from sso.web.proof_of_key import header_token_of
from sso.web.visit import origin_of
from sso.worker.key_rotation import first_keys
from tests.storage import examples

ISSUER = "http://127.0.0.1:8000"
API = f"{ISSUER}/api/v1"
SCOPES = {
    Role.AUDITOR: "audit:read",
    Role.CLIENT_MANAGER: "clients:manage",
    Role.PEOPLE_MANAGER: "people:manage",
}

REASON = "a-test"

CONFIG = """
[server]
issuer = "{issuer}"
[database]
url = "{url}"
[secrets]
key_encryption_key = "{key}"
pepper = "{key}"
"""


@dataclass(frozen=True)
class Office:
    """A hub and its API: hands out officers' tokens, calls the API, looks into the log."""

    hub: Hub
    app: Flask

    def person(self, role: Role | None, login_name: str | None = None) -> tuple[str, str]:
        """Add a citizen with a role; return the ids of person and account."""
        person, now = examples.person(), datetime.now(UTC)
        account = examples.citizen(person.id, login_name=login_name or new_id().lower())
        with self.hub.database.begin(Origin()) as stores:
            stores.people.add_person(person)
            stores.people.add_account(account, now)
            if role is not None:
                stores.people.grant_role(person.id, role, now)
        return person.id, account.id

    def token(self, account_id: str | None, **claims: Any) -> str:
        """Return an access token; a claim given as None is left out. `auth_time` is its grant's."""
        now = datetime.now(UTC)
        jti = new_id()
        if account_id is not None:
            auth_time = claims.pop("auth_time", now)
            grant = examples.grant(
                account_id=account_id, client_id="console", created_at=now, auth_time=auth_time
            )
            with self.hub.database.begin(Origin()) as stores:
                stores.codes.add(examples.code(grant, expires_at=now + timedelta(minutes=1)))
            jti = f"{grant.id}.{jti}"
        whole = {
            "iss": ISSUER,
            "sub": "s",
            "aud": [API, ISSUER],
            "client_id": "console",
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 300,
            "jti": jti,
            "scope": "openid audit:read clients:manage people:manage",
            **claims,
        }
        key = self.hub.keys.ring().signing("RS256", now)
        return sign({name: value for name, value in whole.items() if value is not None}, key, "at+jwt")

    def officer(self, role: Role | None) -> "Caller":
        """Return a caller who holds a role (or none) and every scope."""
        person_id, account_id = self.person(role)
        return Caller(self, self.app.test_client(), self.token(account_id), person_id, account_id)

    def record(
        self, *events: AuditEvent, at: datetime | None = None, origin: Origin | None = None
    ) -> list[str]:
        """Write events to the log and return their ids."""
        with self.hub.database.begin(origin or examples.ORIGIN) as stores:
            return [stores.audit.append(event, at or datetime.now(UTC)) for event in events]

    def log(self, code: str) -> list[dict[str, Any]]:
        """Return the records of a code, newest first."""
        from sso.audit.query import AuditQuery

        now = datetime.now(UTC)
        query = AuditQuery(since=now - timedelta(days=1), until=now + timedelta(days=1), events=(code,))
        with self.hub.database.read() as stores:
            return [dict(record.as_json()) for record in stores.audit_search.search(query)]


@dataclass(frozen=True)
class Caller:
    """Someone with an access token."""

    office: Office
    client: FlaskClient
    token: str
    person_id: str
    account_id: str

    def call(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def look(self, path: str) -> TestResponse:
        """Read the log, for a reason of no importance."""
        return self.get(f"{path}{'&' if '?' in path else '?'}reason={REASON}")

    def work(self, path: str, change: Mapping[str, Any]) -> TestResponse:
        """Change a finding, for a reason of no importance."""
        return self.patch(path, {"reason": REASON, **change})

    def post(self, path: str, document: Any) -> TestResponse:
        return self.call("POST", path, json=document)

    def patch(self, path: str, document: Any, if_match: str | None = "*") -> TestResponse:
        headers = {} if if_match is None else {"If-Match": if_match}
        return self.call("PATCH", path, json=document, headers=headers)


def open_office(url: str, folder: Path) -> Office:
    """Build a hub on a database and its application."""
    key = base64.urlsafe_b64encode(bytes(range(32))).decode()
    file = folder / "sso.toml"
    file.write_text(CONFIG.format(issuer=ISSUER, url=url, key=key))
    hub = build(load(str(file), {}))
    migrate(hub.database)
    first_keys(hub, Origin(actor="command"))
    with hub.database.begin(Origin(actor="command")) as stores:
        stores.clients.add(examples.client(client_id="console"), datetime.now(UTC))
    app = create_app(hub)
    register(
        app,
        hub,
        lambda request: origin_of(request, ()),
        lambda request: header_token_of(request, hub.settings, ()),
    )
    return Office(hub, app)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A hub on SQLite, for a module."""
    folder = tmp_path_factory.mktemp("office")
    opened = open_office(f"sqlite:///{folder / 'hub.db'}", folder)
    yield opened
    opened.hub.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def sql_office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """A hub on either database, for one test: what changes state, or asks SQL, holds on both."""
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgresql_url"))
    else:
        url = f"sqlite:///{tmp_path / 'hub.db'}"
    opened = open_office(url, tmp_path)
    yield opened
    opened.hub.close()


def problem(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Return a problem document after checking that it is one."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/problem+json"
    document = json.loads(response.get_data())
    assert (document["status"], document["code"]) == (status, code)
    assert document["reference"] == response.headers["X-Request-Id"]
    return dict(document)
