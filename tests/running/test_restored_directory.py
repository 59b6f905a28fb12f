"""A department puts a backup of yesterday back: whoever was purged since stays without access."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered
from tests.running.leaving import sign_clerk_in, wait_for
from tests.running.state import events, execute
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.directories import remove, settings_of
from tests.servers.directory_people import PASSWORD
from tests.servers.openldap import OpenLdap

pytestmark = [pytest.mark.slow, pytest.mark.slapd]

RULES = """
[directory.sync]
every_seconds = 86400
quarantine_seconds = 0
retention_days = 1
shrink_percent = 100
"""
TWO_DAYS = 2 * 86_400 * 1_000_000
"""In microseconds, as SQLite keeps a time."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenLdap]:
    server = OpenLdap(tmp_path / "slapd")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def hub(server: OpenLdap, tmp_path: Path) -> Iterator[TunedHub]:
    """A hub whose worker has read the directory once and lets it be for a day."""
    folder = tmp_path / "hub"
    with running_hub(folder, directories=(settings_of(server),), extra=RULES, settings={}) as running:
        wait_for(lambda: bool(events(running, "directory.sync.completed")), 30, "the worker's reading")
        yield running


def synchronised(hub: TunedHub, *options: str) -> dict[str, object]:
    run = hub.json("directory", "sync", "civil-affairs", *options)[0]
    assert run["state"] == "completed"
    return run


def answer_to(application: Application, uid: str) -> str:
    """The page that answers a clerk's right password, or the address of the application."""
    with Visitor() as visitor:
        visitor.open(application.authorization_url(secrets.token_urlsafe(32)))
        reached = visitor.sign_in(f"{uid}@civil.example", PASSWORD, until=REDIRECT_URI)
        return reached if reached.startswith(REDIRECT_URI) else visitor.page.html


def test_yesterdays_directory_lets_nobody_in_who_was_purged(server: OpenLdap, hub: TunedHub) -> None:
    with registered(hub) as application:
        alice = sign_clerk_in(application, "alice")
        backup = server.saved()

        remove(server, "alice")
        assert synchronised(hub)["access_ended"] == 1
        execute(
            hub,
            f"UPDATE directory_person SET left_at = left_at - {TWO_DAYS}, "
            f"access_ended_at = access_ended_at - {TWO_DAYS} WHERE left_at IS NOT NULL",
        )
        assert synchronised(hub)["purged"] == 1
        assert not alice.has_session()
        created = len(events(hub, "account.created"))

        server.put_back(backup)

        changes = synchronised(hub)  # the hub knows more than the server: everybody is read
        assert (changes["kind"], changes["refused"]) == ("full", 1)
        whole = synchronised(hub, "--full")
        assert (whole["refused"], whole["created"], whole["returned"]) == (1, 0, 0)

        assert "code=" not in answer_to(application, "alice")
        refusal = events(hub, "auth.login.failure")[-1]
        assert refusal["status_code"] == "ACCOUNT_DISABLED"  # not BAD_CREDENTIAL: slapd let her in
        assert not alice.has_session()
        assert alice.refresh().json()["error"] == "invalid_grant"
        assert len(events(hub, "account.created")) == created
        assert "code=" in answer_to(application, "bob")
