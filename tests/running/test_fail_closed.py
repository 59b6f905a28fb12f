"""No audit, no token: when the log or the database cannot be written, nothing is issued (audit.md P1, P2)."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered, signed_in
from tests.running.state import events, rows, unwritable_audit
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.hub import PASSWORD
from tests.servers.postgresql import PostgreSQL

RECOVERY_SECONDS = 15

pytestmark = pytest.mark.slow


@dataclass
class Place:
    hub: TunedHub
    application: Application
    cookies: dict[str, str]


def place_in(folder: Path, database_url: str) -> Iterator[Place]:
    with running_hub(folder, database_url=database_url) as hub, registered(hub) as application:
        hub.add_citizen()
        yield Place(hub, application, signed_in(application))


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if request.param == "sqlite":
        yield from place_in(tmp_path_factory.mktemp("hub"), "sqlite:///hub.db")
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.new_database()
    yield from place_in(tmp_path_factory.mktemp("hub"), url)
    server.drop_database(url)


def at_the_password_page(visitor: Visitor, application: Application) -> None:
    visitor.open(application.authorization_url(secrets.token_urlsafe(32)))
    visitor.fill("login_name", "tuya")
    visitor.press("continue")
    visitor.fill("password", PASSWORD)


def management(hub: TunedHub, path: str) -> httpx.Response:
    return httpx.get(f"{hub.management}{path}", trust_env=False, timeout=10)


def test_a_sign_in_that_cannot_be_recorded_answers_503_and_leaves_nothing(place: Place) -> None:
    with Visitor() as visitor:
        at_the_password_page(visitor, place.application)
        before = rows(place.hub)

        with unwritable_audit(place.hub):
            visitor.press("sign_in")

        assert visitor.page.status == 503
        assert visitor.text("error_code") == "temporarily_unavailable"
        assert "sso-session" not in visitor.cookies()
        assert rows(place.hub) == before


def test_a_token_that_cannot_be_recorded_is_not_issued(place: Place) -> None:
    before, received = rows(place.hub), len(place.application.access_tokens)

    with unwritable_audit(place.hub):
        response = place.application.client_credentials()

    assert response.status_code == 503
    assert response.json()["error"] == "temporarily_unavailable"
    assert response.headers["Cache-Control"] == "no-store"
    assert int(response.headers["Retry-After"]) > 0
    assert len(place.application.access_tokens) == received
    assert rows(place.hub) == before


def test_a_code_that_cannot_be_recorded_is_not_issued(place: Place) -> None:
    before = rows(place.hub)

    with unwritable_audit(place.hub):
        code = place.application.ask_code(place.cookies, secrets.token_urlsafe(32))

    assert code is None
    assert rows(place.hub) == before


def test_a_code_whose_redemption_could_not_be_recorded_is_still_good(place: Place) -> None:
    verifier = secrets.token_urlsafe(32)
    code = place.application.ask_code(place.cookies, verifier)
    assert code is not None

    with unwritable_audit(place.hub):
        refused = place.application.redeem(code, verifier)
    redeemed = place.application.redeem(code, verifier)

    assert refused.status_code == 503
    assert redeemed.status_code == 200


def test_a_refresh_that_could_not_be_recorded_leaves_the_old_token_good(place: Place) -> None:
    verifier = secrets.token_urlsafe(32)
    code = place.application.ask_code(place.cookies, verifier)
    assert code is not None
    token = place.application.redeem(code, verifier).json()["refresh_token"]

    with unwritable_audit(place.hub):
        refused = place.application.refresh(token)
    refreshed = place.application.refresh(token)

    assert refused.status_code == 503
    assert refreshed.status_code == 200


def test_sign_in_works_again_without_a_restart(place: Place) -> None:
    with unwritable_audit(place.hub):
        place.application.client_credentials()

    with Visitor() as visitor:
        visitor.open(place.application.authorization_url(secrets.token_urlsafe(32)))
        stopped_at = visitor.sign_in("tuya", PASSWORD, until=REDIRECT_URI)

    assert "code=" in stopped_at


def test_what_ends_something_does_not_wait_for_the_log(place: Place) -> None:
    """Revoking and signing out: done at once, spooled, and taken in late by the worker."""
    verifier, cookies = secrets.token_urlsafe(32), signed_in(place.application)
    code = place.application.ask_code(cookies, verifier)
    assert code is not None
    tokens = place.application.redeem(code, verifier).json()

    with unwritable_audit(place.hub):
        revoked = place.application.http.post(
            f"{place.hub.issuer}/oauth2/revoke",
            data={
                "token": tokens["refresh_token"],
                "client_id": place.application.client_id,
                "client_secret": place.application.client_secret,
            },
        )
        signed_out = httpx.get(
            f"{place.hub.issuer}/oauth2/logout",
            params={"id_token_hint": tokens["id_token"]},
            cookies=cookies,
            trust_env=False,
            timeout=15,
        )
        refused = place.application.refresh(tokens["refresh_token"])
        spool = b"".join(file.read_bytes() for file in place.hub.folder.glob("audit-spool*"))

    assert (revoked.status_code, signed_out.status_code) == (200, 303)
    assert refused.status_code in (400, 503)
    assert place.application.client_id.encode() not in spool
    late = _spooled_events(place.hub)
    assert late == {"token.revoked", "session.ended.user"}
    assert place.application.ask_code(cookies, secrets.token_urlsafe(32)) is None


def _spooled_events(hub: TunedHub) -> set[str]:
    """What came late, once the worker of this node has taken it in."""
    codes = ("token.revoked", "session.ended.user")
    ends = time.monotonic() + 60
    while True:
        late = {code for code in codes if any(event.get("late") for event in events(hub, code))}
        if late == set(codes) or time.monotonic() > ends:
            return late
        time.sleep(0.5)


@pytest.mark.postgresql
def test_without_its_database_the_hub_is_alive_not_ready_and_comes_back_by_itself(
    tmp_path: Path, mortal_postgresql: PostgreSQL, mortal_postgresql_url: str
) -> None:
    with running_hub(tmp_path, database_url=mortal_postgresql_url) as hub, registered(hub) as application:
        assert application.client_credentials().status_code == 200
        pid = hub.pid
        try:
            mortal_postgresql.stop()
            refused = application.client_credentials()
            time.sleep(1.1)  # as old as a finding may be
            ready, alive = management(hub, "/readyz"), management(hub, "/livez")
        finally:
            mortal_postgresql.start()
        started_at = time.monotonic()
        hub.wait_until_ready()
        recovered_after = time.monotonic() - started_at

        assert refused.status_code == 503
        assert refused.json()["error"] == "temporarily_unavailable"
        assert ready.status_code == 503
        assert ready.json()["reasons"] == {"database": "does not answer"}
        assert alive.status_code == 200
        assert recovered_after < RECOVERY_SECONDS
        assert application.client_credentials().status_code == 200
        assert hub.pid == pid
