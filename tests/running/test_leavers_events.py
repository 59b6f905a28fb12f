"""A directory disables a clerk: each application hears of it in the way that it asked for."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sso.directory.settings import Vendor
from sso.directory.state_rules import StateRules
from tests.running.application import Application, claims_of, registered
from tests.running.event_receiver import EventReceiver
from tests.running.event_streams import (
    DISABLED,
    ENABLED,
    SESSION_REVOKED,
    by_type,
    poll,
    polled_by,
    pushed_to,
    verified,
)
from tests.running.leaving import sign_clerk_in, wait_for
from tests.running.listening_client import ListeningClient
from tests.running.state import events
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.directories import DirectoryServer, directory_of, disable, enable, settings_of

pytestmark = [pytest.mark.slow, pytest.mark.slapd]

POLL_SECONDS = 1


@pytest.fixture
def server() -> Iterator[DirectoryServer]:
    with directory_of(Vendor.OPENLDAP) as server:
        yield server


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[EventReceiver]:
    with EventReceiver(tmp_path) as receiver:
        yield receiver


@pytest.fixture
def hub(server: DirectoryServer, receiver: EventReceiver, tmp_path: Path) -> Iterator[TunedHub]:
    rules = StateRules(poll=timedelta(seconds=POLL_SECONDS))
    trusted = {"OUTBOUND__ALLOW_LOOPBACK": "true", "OUTBOUND__CA_FILE": str(receiver.ca_file)}
    directories = (settings_of(server, state=rules),)
    with running_hub(tmp_path / "hub", directories=directories, settings=trusted) as running:
        yield running


def polled(hub: TunedHub, application: Application) -> dict[str, dict[str, Any]]:
    """The events that wait for an application, by type; asking acknowledges none."""
    waiting = poll(application, returnImmediately=True)["sets"]
    return by_type([verified(token, hub, application.client_id) for token in waiting.values()])


def test_whom_slapd_disables_is_told_of_by_push_by_poll_and_by_logout_token(
    server: DirectoryServer, hub: TunedHub, receiver: EventReceiver
) -> None:
    """CAEP 1.0 3.1 and RISC 1.0 2.3 by RFC 8935 and RFC 8936, Back-Channel Logout 1.0 2.5."""
    with (
        ListeningClient() as listening,
        pushed_to(hub, receiver) as pushing,
        polled_by(hub) as polling,
        registered(hub, "--backchannel-logout-uri", listening.uri, name="Signed out") as signed_out,
    ):
        applications = (pushing, polling, signed_out)
        leavers = [sign_clerk_in(application, "alice") for application in applications]
        stays = sign_clerk_in(pushing, "bob")

        disable(server, "alice")
        wait_for(lambda: len(receiver.pushed) >= 2, 30, "two pushed events")
        wait_for(lambda: len(listening.received) >= 1, 30, "a logout token")

        pushed = by_type([verified(each.token, hub, pushing.client_id) for each in receiver.pushed])
        for told, leaver in ((pushed, leavers[0]), (polled(hub, polling), leavers[1])):
            assert set(told) == {SESSION_REVOKED, DISABLED}
            for claims in told.values():
                assert claims["sub_id"] == {"format": "iss_sub", "iss": hub.issuer, "sub": leaver.sub}
            assert told[SESSION_REVOKED]["events"][SESSION_REVOKED]["initiating_entity"] == "policy"
        assert [claims_of(token)["sub"] for token in listening.received] == [leavers[2].sub]
        for leaver in leavers:
            assert not leaver.has_session()
            assert leaver.refresh().json()["error"] == "invalid_grant"
        (disabled,) = events(hub, "account.disabled")
        assert (disabled["source"], disabled["reason"]) == ("directory", "disabled")
        assert stays.has_session()
        assert stays.refresh().status_code == 200

        enable(server, "alice")
        assert sign_clerk_in(pushing, "alice").has_session()
        wait_for(lambda: len(receiver.pushed) >= 3, 30, "a third pushed event")

        assert set(by_type([claims_of(each.token) for each in receiver.pushed])) == {
            SESSION_REVOKED,
            DISABLED,
            ENABLED,
        }
        assert ENABLED in polled(hub, polling)
