"""JWT access tokens are not stored: only one that was revoked is known, by its jti, while it could live."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, claims_of, registered
from tests.running.state import execute
from tests.servers.hub import PASSWORD, HubServer


@pytest.fixture(scope="module")
def application(hub: HubServer) -> Iterator[Application]:
    hub.add_citizen()
    with registered(hub) as made:
        yield made


def access_tokens(application: Application) -> tuple[str, str]:
    """Two access tokens of one grant: the code's, and one by refresh."""
    verifier = secrets.token_urlsafe(32)
    with Visitor() as visitor:
        visitor.open(application.authorization_url(verifier))
        code = httpx.URL(visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)).params["code"]
    first = application.redeem(code, verifier).json()
    return first["access_token"], application.refresh(first["refresh_token"]).json()["access_token"]


def tables_that_hold(hub: HubServer, text: str) -> set[str]:
    """Every table outside the log in which some column holds a text."""
    with closing(sqlite3.connect(hub.folder / "hub.db", timeout=10)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name
            for name in names
            if not name.startswith("audit_")
            for row in connection.execute(f'SELECT * FROM "{name}"')
            if any(text in str(value) for value in row)
        }


def post(application: Application, path: str, token: str) -> httpx.Response:
    credentials = {"client_id": application.client_id, "client_secret": application.client_secret}
    return application.http.post(f"{application.issuer}{path}", data={"token": token} | credentials)


def test_an_access_token_leaves_no_row(hub: HubServer, application: Application) -> None:
    token, _ = access_tokens(application)

    own_part = str(claims_of(token)["jti"]).rpartition(".")[2]
    assert tables_that_hold(hub, token) == set()
    assert tables_that_hold(hub, own_part) == set()
    assert execute(hub, "SELECT count(*) FROM access_token") == [(0,)]


def test_a_revoked_one_is_known_by_its_jti_until_it_expires_and_no_other_with_it(
    hub: HubServer, application: Application
) -> None:
    """RFC 7009 2.1."""
    revoked, other = access_tokens(application)
    claims = claims_of(revoked)

    post(application, "/oauth2/revoke", revoked)

    active = [post(application, "/oauth2/introspect", token).json()["active"] for token in (revoked, other)]
    answers = [
        application.http.get(
            f"{hub.issuer}/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}
        ).status_code
        for token in (revoked, other)
    ]
    ((expires_at,),) = execute(hub, f"SELECT expires_at FROM denied_token WHERE jti = '{claims['jti']}'")
    assert active == [False, True]
    assert answers == [401, 200]
    assert tables_that_hold(hub, revoked) == set()
    assert int(str(expires_at)) >= claims["exp"] * 1_000_000
    assert int(str(expires_at)) <= (claims["exp"] + 310) * 1_000_000
