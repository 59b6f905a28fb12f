"""Front-channel logout: frames of the last page, what the browser reports (Front-Channel Logout 1.0)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sso.oidc.front_channel_logout import LOAD_WITHIN, frames_to_load, report
from sso.oidc.notice import LogoutFrame
from sso.oidc.session import SessionEnd, SessionRecord
from tests.oidc.examples import ISSUER, MINUTE, NOW, SECOND, World, client

FRAME = LogoutFrame(
    session_id="session-1",
    client_id="housing",
    uri="https://housing.example/bye",
    include_sid=True,
    created_at=NOW,
)


@pytest.fixture
def world() -> World:
    """A session that has just ended, with two clients to tell through the browser."""
    world = World()
    for name in ("housing", "library"):
        told = client(client_id=name, frontchannel_logout_uri=f"https://{name}.example/bye")
        world.stores.frames.add(world.session, told, NOW)
    world.stores.sessions.end("session-1", SessionEnd.SIGNED_OUT, NOW)
    return world


def record(world: World) -> SessionRecord:
    found = world.stores.sessions.record("session-1")
    assert found is not None
    return found


def loaded_now(world: World) -> list[str]:
    return [frame.client_id for frame in frames_to_load(record(world), world.stores, world.now)]


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("https://housing.example/bye", "https://housing.example/bye?"),
        ("https://housing.example/bye?a=b", "https://housing.example/bye?a=b&"),
    ],
)
def test_the_address_carries_issuer_and_session_after_its_own_query(uri: str, address: str) -> None:
    """Front-Channel Logout 2."""
    found = replace(FRAME, uri=uri).address(ISSUER)

    assert found == f"{address}iss=https%3A%2F%2Fid.example.gov&sid=session-1"


def test_a_client_that_asks_for_no_session_gets_its_address_as_it_is() -> None:
    """Front-Channel Logout 2: if either is included, both are."""
    assert replace(FRAME, include_sid=False).address(ISSUER) == "https://housing.example/bye"


def test_every_frame_is_loaded_and_recorded_once(world: World) -> None:
    assert loaded_now(world) == ["housing", "library"]
    assert loaded_now(world) == ["housing", "library"]

    assert world.stores.audit.codes() == ["logout.frontchannel.sent"] * 2


def test_what_the_browser_reports_is_recorded_and_loaded_no_more(world: World) -> None:
    loaded_now(world)
    report(record(world), ["housing"], world.stores, world.now)

    assert loaded_now(world) == []
    outcomes = [(event.code, event.outcome.value) for event in world.stores.audit.events[2:]]
    assert outcomes == [("logout.frontchannel.loaded", "success"), ("logout.frontchannel.loaded", "failure")]


def test_the_first_report_counts(world: World) -> None:
    loaded_now(world)
    report(record(world), ["housing"], world.stores, world.now)
    before = list(world.stores.audit.events)

    report(record(world), ["library"], world.stores, world.now)

    assert world.stores.audit.events == before


def test_nothing_is_reported_of_a_page_that_was_never_made_or_of_a_stranger(world: World) -> None:
    report(record(world), ["housing", "somebody-else"], world.stores, world.now)

    assert world.stores.audit.codes() == []
    assert not any(frame.reported for frame in world.stores.frames.of_session("session-1"))


@pytest.mark.parametrize(("later", "loads"), [(LOAD_WITHIN, True), (LOAD_WITHIN + SECOND, False)])
def test_an_address_that_was_kept_loads_nothing(world: World, later: timedelta, loads: bool) -> None:
    world.wait(later)

    assert bool(loaded_now(world)) is loads


def test_a_session_that_goes_on_loads_nothing(world: World) -> None:
    going_on = SessionRecord(replace(world.session, id="session-1"))

    assert frames_to_load(going_on, world.stores, NOW + MINUTE) == ()
