"""A real hub with two departments over SCIM, in process, on SQLite and on PostgreSQL, and their systems."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete
from werkzeug.test import TestResponse

from sso.audit.query import AuditQuery
from sso.audit.record import Origin
from sso.config import load
from sso.hub import Hub, build
from sso.oidc.client import ClientAuthMethod, GrantType
from sso.oidc.digest import new_id
from sso.oidc.jose import sign
from sso.storage.schema import migrate
from sso.storage.tables import provisioned_resource
from sso.worker.key_rotation import first_keys
from sso.wsgi import application_of
from tests.servers.postgresql import PostgreSQL
from tests.storage import examples
from tests.storage.conftest import ON_POSTGRESQL

ISSUER = "http://127.0.0.1:8000"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PASSWORD = "nine blue yaks on the steppe"

CONFIG = """
[server]
issuer = "{issuer}"
[database]
url = "{url}"
[secrets]
key_encryption_key = "{key}"
pepper = "{key}"
[password]
memory_kibibytes = 7168
iterations = 1
[[directory]]
kind = "scim"
id = "health"
name = "Health Commission"
realms = ["health.example"]
groups = {{ released = {{ "Registry" = "registry-clerks" }}, roles = {{ "Heads" = "head" }} }}
[[directory]]
kind = "scim"
id = "water"
name = "Water Board"
realms = ["water.example"]
bound_tokens_only = true
"""


@dataclass(frozen=True)
class Department:
    """A department's system: calls its own address with its own token."""

    hub: Hub
    app: Flask
    directory_id: str = "health"
    claims: Mapping[str, Any] = field(default_factory=dict)
    since: datetime | None = None

    def token(self, **claims: Any) -> str:
        """An access token of the client hr; a claim given as None is left out."""
        now = datetime.now(UTC)
        whole = {
            "iss": ISSUER,
            "sub": "hr",
            "aud": f"{ISSUER}/scim/v2/health",
            "client_id": "hr",
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 300,
            "jti": new_id().replace(".", ""),
            "scope": "scim",
            **claims,
        }
        key = self.hub.keys.ring().signing("RS256", now)
        return sign({name: value for name, value in whole.items() if value is not None}, key, "at+jwt")

    def call(self, method: str, path: str, document: Any = None, **headers: str) -> TestResponse:
        """Call an address below the department; headers by their names with underscores."""
        given = {"Authorization": f"Bearer {self.token(**self.claims)}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        body: dict[str, Any] = {}
        if document is not None:
            body = {"data": json.dumps(document), "content_type": "application/scim+json"}
        address = f"/scim/v2/{self.directory_id}{path}"
        return self.app.test_client().open(address, method=method, headers=given, **body)

    def done(self, method: str, path: str, document: Any = None, status: int = 200, **headers: str) -> Any:
        """Call, expect a status, and return the document."""
        response = self.call(method, path, document, **headers)
        assert response.status_code == status, response.get_data(as_text=True)
        return json.loads(response.get_data()) if response.get_data() else None

    def refused(
        self,
        method: str,
        path: str,
        document: Any = None,
        status: int = 400,
        kind: str | None = None,
        **headers: str,
    ) -> str:
        """Call, expect a SCIM error (RFC 7644 3.12), and return its sentence."""
        response = self.call(method, path, document, **headers)
        return error(response, status, kind)

    def add(self, user_name: str = "bolor", **more: Any) -> dict[str, Any]:
        """Add a user."""
        user = {"schemas": [USER], "userName": user_name, **more}
        made: dict[str, Any] = self.done("POST", "/Users", user, 201)
        return made

    def add_group(self, name: str = "Registry", *members: str) -> dict[str, Any]:
        """Add a group."""
        group = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members]}
        made: dict[str, Any] = self.done("POST", "/Groups", group, 201)
        return made

    def patched(self, path: str, *operations: Mapping[str, Any]) -> dict[str, Any]:
        """Patch a resource."""
        made: dict[str, Any] = self.done("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})
        return made

    def found(self, filter_text: str, path: str = "/Users") -> list[str]:
        """Return the ids of what a filter finds."""
        response = self.app.test_client().get(
            f"/scim/v2/{self.directory_id}{path}",
            query_string={"filter": filter_text},
            headers={"Authorization": f"Bearer {self.token(**self.claims)}"},
        )
        assert response.status_code == 200, response.get_data(as_text=True)
        return [each["id"] for each in response.get_json(force=True)["Resources"]]

    def account(self, user_id: str) -> Any:
        """Return the account of a user."""
        with self.hub.database.read() as stores:
            return stores.people.staff(self.directory_id, user_id)

    def log(self, *codes: str) -> list[dict[str, Any]]:
        """Return the records of these codes, newest first."""
        now = datetime.now(UTC)
        since = self.since or now - timedelta(days=1)
        query = AuditQuery(since=since, until=now + timedelta(days=1), events=codes)
        with self.hub.database.read() as stores:
            return [dict(record.as_json()) for record in stores.audit_search.search(query)]


def error(response: TestResponse, status: int, kind: str | None = None) -> str:
    """Return the sentence of a SCIM error after checking that it is one."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/scim+json"
    document = json.loads(response.get_data())
    assert (document["schemas"], document["status"]) == ([ERROR], str(status))
    assert document.get("scimType") == kind, document
    return str(document["detail"])


def opened(url: str, folder: Path) -> Department:
    """Build a hub on a database, its application, and the departments' clients."""
    key = base64.urlsafe_b64encode(bytes(range(32))).decode()
    file = folder / "sso.toml"
    file.write_text(CONFIG.format(issuer=ISSUER, url=url, key=key))
    hub = build(load(str(file), {}))
    migrate(hub.database)
    first_keys(hub, Origin(actor="command"))
    with hub.database.begin(Origin(actor="command")) as stores:
        for client_id, directory_id in (("hr", "health"), ("pumps", "water")):
            client = examples.client(
                client_id=client_id,
                auth_method=ClientAuthMethod.CLIENT_SECRET_BASIC,
                grant_types=frozenset({GrantType.CLIENT_CREDENTIALS}),
                scope=frozenset({"scim"}),
                audience=(f"{ISSUER}/scim/v2/{directory_id}",),
            )
            stores.clients.add(client, datetime.now(UTC))
    return Department(hub, application_of(hub))


@pytest.fixture(scope="module", params=["sqlite", ON_POSTGRESQL])
def on_either(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Department]:
    """A department on either database, for a module."""
    folder = tmp_path_factory.mktemp("department")
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.new_database(request.getfixturevalue("postgresql_template"))
    else:
        url = f"sqlite:///{folder / 'hub.db'}"
    made = opened(url, folder)
    yield made
    made.hub.close()


@pytest.fixture
def department(on_either: Department) -> Department:
    """A department on either database with nobody in it, whose log begins now."""
    with on_either.hub.database._schema_writer() as connection:
        connection.execute(delete(provisioned_resource))
    return replace(on_either, since=datetime.now(UTC))


@pytest.fixture(scope="module")
def health(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    """A department on SQLite, for a module whose tests leave one another alone."""
    folder = tmp_path_factory.mktemp("health")
    made = opened(f"sqlite:///{folder / 'hub.db'}", folder)
    yield made
    made.hub.close()
