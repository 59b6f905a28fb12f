"""What programs call that is recorded, besides what tests/web/test_fail_closed.py tries."""

from datetime import UTC, datetime

from sso.audit.record import Origin
from sso.oidc.digest import new_id
from sso.oidc.jose import sign
from sso.oidc.security_event import READ_SCOPE, EventType, SecurityEvent
from sso.oidc.ssf_metadata import POLL_PATH
from sso.web.slices import SLICE_PATH
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.faults.page_calls import Lead
from tests.faults.stage import HOUSING, Call, Place
from tests.upstream.stage import ISSUER
from tests.upstream.test_hostile_platform import logout_token


def ask_a_person(place: Place) -> Call:
    named = {"login_hint": place.citizen().account.login_name, "scope": "openid"}
    return place.program("/oauth2/bc-authorize", 200, **named)


def ask_nobody(place: Place) -> Call:
    return place.program("/oauth2/bc-authorize", 400, login_hint="nobody-of-this-name", scope="openid")


def receipt(place: Place) -> Call:
    """Of an event that has its place in the log, and a checkpoint over it."""
    assert ask_a_person(place).send().status_code == 200
    event_id, hub = place.last_event(), place.stage.hub
    sequencer = Sequencer(hub, LastSigned(hub.configuration.audit_spool_file.with_name(f"signed-{event_id}")))
    sequencer.sequence()
    sequencer.sign(datetime.now(UTC))
    return place.program(f"/audit/receipt/{event_id}", 200)


def stolen_receipt(place: Place) -> Call:
    call = place.program("/audit/receipt/00000000-0000-7000-8000-000000000000", 401)
    return Call(call.client, "POST", call.path, 401, {"client_id": HOUSING.client_id, "client_secret": "no"})


def pull(place: Place) -> Call:
    """Of an event of the application, which has its place in the log."""
    receipt(place)
    call = place.program(SLICE_PATH, 200, after="1.0", limit="1")
    assert call.send().status_code == 200
    return call


def stolen_pull(place: Place) -> Call:
    return Call(place.stage.app.test_client(), "GET", SLICE_PATH, 401)


def poll(place: Place) -> Call:
    """Say that an event has arrived (RFC 8936 2.4)."""
    hub, now, event_id = place.stage.hub, datetime.now(UTC), new_id()
    event = SecurityEvent(
        id=event_id, client_id=HOUSING.client_id, kind=EventType.VERIFICATION, occurred_at=now
    )
    with hub.database.begin(Origin()) as stores:
        stores.security_events.add(event, pushed=False, now=now)
    told = {"ack": [event_id], "returnImmediately": True}
    claims = {
        "iss": ISSUER,
        "sub": HOUSING.client_id,
        "aud": hub.settings.endpoint(POLL_PATH),
        "client_id": HOUSING.client_id,
        "iat": int(now.timestamp()),
        "exp": int(now.timestamp()) + 300,
        "jti": new_id().replace(".", ""),
        "scope": READ_SCOPE,
    }
    token = sign(claims, hub.keys.ring().signing("RS256", now), "at+jwt")
    bearer = {"Authorization": f"Bearer {token}"}
    return Call(place.stage.app.test_client(), "POST", POLL_PATH, 200, document=told, headers=bearer)


def poll_with_a_foreign_token(place: Place) -> Call:
    bearer = {"Authorization": "Bearer x"}
    return Call(place.stage.app.test_client(), "POST", POLL_PATH, 401, document={}, headers=bearer)


def hear(place: Place) -> Call:
    """The platform tells that somebody who signed in there has left."""
    place.somebody_there()
    browser = place.stage.browser()
    assert browser.sign_in().status == 200
    sub = place.stage.platform.claims["sub"]
    return _told(place, logout_token(place.stage, sub=sub, sid="session-there"), 200)


def hear_a_lie(place: Place) -> Call:
    return _told(place, logout_token(place.stage, sub="citizen-1", aud="another"), 400)


def _told(place: Place, token: str, status: int) -> Call:
    path = "/upstream/national/backchannel-logout"
    return Call(place.stage.app.test_client(), "POST", path, status, {"logout_token": token})


PROGRAMS: dict[tuple[str, str], Lead] = {
    ("receipts.receipt", "own"): receipt,
    ("receipts.receipt", "unproven"): stolen_receipt,
    ("slices.pull", "own"): pull,
    ("slices.pull", "unproven"): stolen_pull,
    ("security_events.poll", "arrived"): poll,
    ("security_events.poll", "foreign token"): poll_with_a_foreign_token,
    ("token.backchannel_authentication", "asked"): ask_a_person,
    ("token.backchannel_authentication", "refused"): ask_nobody,
    ("upstream_logout.hear", "refused"): hear_a_lie,
}
"""By route and case."""
