"""A hub in this process with all that its pages need, and requests that can be sent twice.

Every browser speaks Chinese: an error page that falls back to English is noticed.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from sso.audit.record import Origin
from sso.authentication.provisioning import Provisioner, WrittenUser, add_user
from sso.directory.person import Account
from sso.directory.scim import ScimSettings
from sso.directory.stores import PasswordCredential
from sso.oidc.client import Client, ClientSecret, GrantType
from sso.oidc.digest import digest, new_id
from sso.storage.tables import audit_event
from tests.relying_parties.visitor import Page
from tests.storage import examples
from tests.storage.unwritable import everything
from tests.upstream.platform import Platform
from tests.upstream.stage import ISSUER, Browser, Stage, open_stage
from tests.upstream.test_tying import Citizen

PASSWORD = "nine blue yaks on the steppe"
HOUSING_SECRET, FAMILY_SECRET = "a-secret-of-housing", "a-secret-of-family"
REDIRECT_URI = "https://housing.example/cb"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""Both of RFC 7636, appendix B."""
MORE = """
sign_out = "offer"
[password]
memory_kibibytes = 7168
iterations = 1
[throttle]
account_limit = 100
network_limit = 100000
[[directory]]
kind = "scim"
id = "civil"
name = "Civil Affairs"
realms = ["civil.example"]
"""
HOUSING = examples.client(
    scope=frozenset({"openid", "profile", "offline_access"}),
    grant_types=frozenset(GrantType),
    secrets=(ClientSecret(digest(HOUSING_SECRET)),),
    backchannel_logout_uri=None,
    backchannel_token_delivery_mode="poll",
    security_event_delivery="urn:ietf:rfc:8936",
)
"""Asks for consent."""
READER = f"""
[[audit.sink]]
name = "housing"
kind = "pull"
reader = "{HOUSING.client_id}"
start = "oldest"
"""
FAMILY = examples.client(
    scope=HOUSING.scope,
    secrets=(ClientSecret(digest(FAMILY_SECRET)),),
    trusted=True,
    backchannel_logout_uri=None,
    frontchannel_logout_uri="https://family.example/frame",
)
"""Does not ask, and is told of sign-outs by a frame."""


@dataclass(frozen=True)
class Call:
    """One request, and the status when it can be recorded."""

    client: FlaskClient
    method: str
    path: str
    status: int = 303
    form: Mapping[str, Any] | None = None
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self) -> TestResponse:
        """Send it, once more than before."""
        body = {"data": self.form} if self.document is None else {"json": self.document}
        headers = {"Accept-Language": "zh-CN", **self.headers}
        return self.client.open(
            self.path, base_url=ISSUER, method=self.method, headers=headers, buffered=True, **body
        )


@dataclass(frozen=True)
class Place:
    """The hub, its platform, and what a test does at them."""

    stage: Stage

    def citizen(self) -> Citizen:
        """Somebody with an account and a password, signed in a moment ago."""
        citizen = Citizen.of(self.stage)
        self._keep_password(citizen.account)
        return citizen

    def clerk(self, *, must_change: bool = False) -> Account:
        """A clerk whose department uses SCIM, so that the hub keeps the password."""
        name, now = f"c{new_id().lower()}", datetime.now(UTC)
        (settings,) = self.stage.hub.directories
        assert isinstance(settings, ScimSettings)
        written = WrittenUser(attributes={"userName": name}, active=True, values=())
        with self.stage.hub.database.begin(Origin()) as stores:
            added = add_user(Provisioner(HOUSING.client_id, settings), written, stores, now)
            account = stores.people.account(added.account_id or "")
        assert account is not None
        self._keep_password(account, must_change=must_change)
        return account

    def _keep_password(self, account: Account, *, must_change: bool = False) -> None:
        hash_, now = self.stage.hub.passwords.make(PASSWORD), datetime.now(UTC)
        with self.stage.hub.database.begin(Origin()) as stores:
            stores.credentials.put(PasswordCredential(account.id, hash_, now, must_change=must_change))

    def somebody_there(self) -> None:
        """Let the platform vouch for a person whom it never vouched for."""
        self.stage.platform.claims = {"sub": new_id(), "auth_time": int(time.time())}
        self.stage.platform.userinfo = {"sub": self.stage.platform.claims["sub"], "name": "Tuya There"}

    def program(self, path: str, status: int, **form: str) -> Call:
        """A request of Housing's, which proves itself by its secret."""
        proof = {"client_id": HOUSING.client_id, "client_secret": HOUSING_SECRET}
        return Call(self.stage.app.test_client(), "POST", path, status, proof | form)

    def endpoint(self, call: Call) -> str:
        """The name of the route that a request reaches."""
        routes = self.stage.app.url_map.bind("127.0.0.1:8000")
        return str(routes.match(urlsplit(call.path).path, call.method)[0])

    def kept(self) -> dict[str, list[str]]:
        """Every row but what counts attempts: those count, whatever becomes of them."""
        rows = everything(self.stage.hub.database)
        return {name: rows[name] for name in rows if name != "throttle"}

    def last_event(self) -> str:
        """The id of the newest event."""
        with self.stage.hub.database._schema_reader() as connection:
            found = connection.scalars(select(audit_event.c.id).order_by(audit_event.c.id.desc()).limit(1))
            return str(found.one())

    def events_after(self, event_id: str) -> list[str]:
        """The codes of what was recorded since."""
        wanted = select(audit_event.c.event).where(audit_event.c.id > event_id).order_by(audit_event.c.id)
        with self.stage.hub.database._schema_reader() as connection:
            return list(connection.scalars(wanted))


def authorization(client: Client, **changes: str) -> str:
    """The address of a request of a client."""
    asked = {
        "client_id": client.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"/oauth2/authorize?{urlencode(asked | changes)}"


def opened(browser: Browser, path: str) -> Page:
    """Open an address of the hub and follow where it leads within it."""
    return _page(browser.client.get(path, base_url=ISSUER, follow_redirects=True))


def pressed(browser: Browser, page: Page, element_id: str, status: int = 303, **typed: str) -> Call:
    """The request that a button of a page sends."""
    control = page.controls[element_id]
    assert control.form is not None, f"{element_id} on {page} belongs to no form"
    named = {control.name: control.value} if control.name else {}
    address = urlsplit(control.form.action)
    path = f"{address.path}?{address.query}" if address.query else address.path
    return Call(browser.client, "POST", path, status, control.form.fields | named | typed)


def went(browser: Browser, page: Page, element_id: str, **typed: str) -> Page:
    """Press a button and follow where it leads within the hub."""
    call = pressed(browser, page, element_id, **typed)
    answer = call.client.post(call.path, base_url=ISSUER, data=call.form, follow_redirects=True)
    return _page(answer)


def _page(answer: TestResponse) -> Page:
    return Page(f"{ISSUER}{answer.request.path}", answer.status_code, answer.text)


@contextmanager
def opened_place(folder: Path, database_url: str = "") -> Iterator[Place]:
    """A place while the block lasts."""
    with Platform() as platform:
        stage = open_stage(folder, platform, MORE + READER, database_url)
        with stage.hub.database.begin(Origin()) as stores:
            for client in (HOUSING, FAMILY):
                stores.clients.add(client, datetime.now(UTC))
        yield Place(stage)
        stage.hub.close()
