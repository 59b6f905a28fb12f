"""A directory lets somebody go: sessions end, refreshing ends, and every application is told."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso.directory.presets import Vendor
from sso.directory.state_rules import StateRules
from tests.running.application import claims_of, registered
from tests.running.leaving import ended_cause, sign_clerk_in, wait_for
from tests.running.listening_client import ListeningClient
from tests.running.state import events
from tests.running.tuned_hub import running_hub
from tests.servers.directories import (
    VENDORS,
    DirectoryServer,
    add_person,
    directory_of,
    disable,
    enable,
    expire,
    lock,
    move,
    remove,
    replace,
    settings_of,
)

pytestmark = [pytest.mark.slow, pytest.mark.directories]

POLL_SECONDS = 1
WAYS: dict[str, tuple[Callable[[DirectoryServer, str], None], str]] = {
    "alice": (disable, "disabled"),
    "bob": (move, "moved"),
    "samira": (remove, "gone"),
    "dorji": (lock, "locked"),
    "enkh": (expire, "expired"),
}


@pytest.mark.parametrize("vendor", VENDORS, ids=str)
def test_whoever_leaves_loses_every_session_and_every_application_is_told(
    vendor: Vendor, tmp_path: Path
) -> None:
    """Back-Channel Logout 1.0 2.5; the worker's poll is what notices."""
    rules = StateRules(poll=timedelta(seconds=POLL_SECONDS))
    ways = {uid: way for uid, way in WAYS.items() if (uid, vendor) != ("enkh", Vendor.DS389)}
    with (
        directory_of(vendor) as server,
        running_hub(tmp_path, directories=(settings_of(server, state=rules),), settings={}) as hub,
        ListeningClient() as told,
        registered(hub, "--backchannel-logout-uri", told.uri) as application,
    ):
        for uid in ("dorji", "enkh"):
            add_person(server, uid)
        stays, *leavers = (sign_clerk_in(application, uid) for uid in ("ganbold", *ways))
        for number, (uid, (leave, _)) in enumerate(ways.items(), 1):
            leave(server, uid)  # one by one: of so few people no two are believed to be absent at once
            wait_for(lambda number=number: len(told.received) == number, 15, f"a logout token for {uid}")

        assert {claims_of(token)["sub"] for token in told.received} == {each.sub for each in leavers}
        for clerk in leavers:
            assert not clerk.has_session()
            refused = clerk.refresh()
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
            assert ended_cause(hub, clerk.sid) == "directory"
        assert stays.has_session()
        assert stays.refresh().status_code == 200
        reasons = [event["reason"] for event in events(hub, "account.disabled")]
        assert sorted(reasons) == sorted(reason for _, reason in ways.values())
        enable(server, "alice")
        assert sign_clerk_in(application, "alice").has_session()
        assert len(events(hub, "account.enabled")) == 1


@pytest.fixture(scope="module")
def openldap() -> Iterator[DirectoryServer]:
    with directory_of(Vendor.OPENLDAP) as server:
        yield server


def test_a_refresh_asks_the_directory_when_nobody_polls(openldap: DirectoryServer, tmp_path: Path) -> None:
    rules = StateRules(max_age=timedelta(0), grace=timedelta(0), poll=timedelta(0))
    with (
        running_hub(tmp_path, directories=(settings_of(openldap, state=rules),), settings={}) as hub,
        registered(hub) as application,
    ):
        alice, bob = (sign_clerk_in(application, uid) for uid in ("alice", "bob"))
        assert alice.refresh().status_code == bob.refresh().status_code == 200

        replace(openldap, "alice", "pwdEndTime", "20200101000000Z")
        refused = alice.refresh()
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert ended_cause(hub, alice.sid) == "directory"
        replace(openldap, "alice", "pwdEndTime", "")

        openldap.stop()
        try:
            away = bob.refresh()
            assert (away.status_code, away.json()["error"]) == (503, "temporarily_unavailable")
            assert "directory" in away.json()["error_description"]
            assert int(away.headers["Retry-After"]) > 0
            assert not bob.has_session()
            assert len(events(hub, "account.state.unknown")) == 1
        finally:
            openldap.start()

        wait_for(lambda: bob.refresh().status_code == 200, 20, "a refresh after the directory is back")
        assert bob.has_session()


def test_within_its_grace_a_directory_may_be_away(openldap: DirectoryServer, tmp_path: Path) -> None:
    rules = StateRules(max_age=timedelta(0), grace=timedelta(hours=1), poll=timedelta(0))
    with (
        running_hub(tmp_path, directories=(settings_of(openldap, state=rules),), settings={}) as hub,
        registered(hub) as application,
    ):
        bob = sign_clerk_in(application, "bob")
        openldap.stop()
        try:
            assert bob.refresh().status_code == 200
            assert bob.has_session()
        finally:
            openldap.start()


def test_a_lock_ends_a_session_and_a_sign_in_after_it_begins_one(
    openldap: DirectoryServer, tmp_path: Path
) -> None:
    rules = StateRules(max_age=timedelta(0), grace=timedelta(hours=1), poll=timedelta(0))
    with (
        running_hub(tmp_path, directories=(settings_of(openldap, state=rules),), settings={}) as hub,
        registered(hub) as application,
    ):
        alice = sign_clerk_in(application, "alice")
        replace(openldap, "alice", "pwdAccountLockedTime", datetime.now(UTC).strftime("%Y%m%d%H%M%SZ"))
        assert not alice.has_session()
        replace(openldap, "alice", "pwdAccountLockedTime", "")

        assert sign_clerk_in(application, "alice").has_session()
        assert [event["reason"] for event in events(hub, "account.disabled")] == ["locked"]
