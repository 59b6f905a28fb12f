"""`sso session`: who is signed in, who was told of an end, and ending; looking is on record, too."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from sso.audit.record import Origin
from sso.authentication import sessions
from sso.config import load
from sso.hub import Hub, build
from sso.oidc.session import Session, SessionEnd
from tests.cli.commands import Commands
from tests.storage import examples


@contextmanager
def built(cli: Commands) -> Iterator[Hub]:
    hub = build(load(str(cli.folder / "sso.toml"), {}))
    yield hub
    hub.close()


@pytest.fixture
def tuya(cli: Commands) -> str:
    """Tuya's account."""
    return cli.add_person("tuya", "Tuya Bat")


def signed_in(cli: Commands, account_id: str, *client_ids: str) -> Session:
    now = datetime.now(UTC)
    begun = examples.session(
        account_id=account_id,
        auth_time=now,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(hours=1),
    )
    with built(cli) as hub, hub.database.begin(Origin()) as stores:
        stores.sessions.add(begun, begun.id.encode())
        for client_id in client_ids:
            stores.sessions.join(begun.id, client_id, now)
    return begun


def client_of(cli: Commands, name: str, *more: str) -> str:
    (made,) = cli.rows("client", "add", "--name", name, "--redirect-uri", "https://a.example/cb", *more)
    return str(made["client_id"])


def test_those_who_are_signed_in_are_listed_with_their_services(cli: Commands, tuya: str) -> None:
    begun = signed_in(cli, tuya, "housing")

    (row,) = cli.rows("session", "list")
    of_tuya = cli.rows("session", "list", "--person", "tuya")

    assert (row["session_id"], row["login_name"], row["clients"]) == (begun.id, "tuya", ["housing"])
    assert of_tuya == [row]


def test_who_has_been_idle_too_long_is_not_listed(cli: Commands, tuya: str) -> None:
    begun = signed_in(cli, tuya)
    with built(cli) as hub, hub.database.begin(Origin()) as stores:
        idle = examples.session(**{name: getattr(begun, name) for name in ("id", "account_id", "created_at")})
        stores.sessions.renew(idle, b"other")  # last seen in March

    assert cli.rows("session", "list") == []


def test_a_session_that_goes_on_has_told_nobody(cli: Commands, tuya: str) -> None:
    begun = signed_in(cli, tuya, "housing")

    (shown,) = cli.rows("session", "show", begun.id)

    assert (shown["ended_at"], shown["ended_cause"], shown["told"]) == (None, None, [])


def test_the_end_of_a_session_is_told_client_by_client(cli: Commands, tuya: str) -> None:
    back = client_of(cli, "Back", "--backchannel-logout-uri", "https://a.example/back")
    front = client_of(cli, "Front", "--metadata", "frontchannel_logout_uri=https://a.example/bye")
    none = client_of(cli, "None")
    begun = signed_in(cli, tuya, back, front, none)
    with built(cli) as hub, hub.database.begin(Origin()) as stores:
        sessions.end(begun, SessionEnd.SIGNED_OUT, stores, datetime.now(UTC))

    (shown,) = cli.rows("session", "show", "--person", "tuya")

    assert shown["ended_cause"] == "signed_out"
    assert {(told["client_name"], told["channel"], told["standing"]) for told in shown["told"]} == {
        ("Back", "back-channel", "waiting"),
        ("Front", "front-channel", "not_sent"),
        ("None", "none", "not_told"),
    }
    (not_told,) = cli.rows("audit", "search", "--event", "logout.not_told")
    assert (not_told["client_id"], not_told["detail"]["reason"]) == (none, "no address")


def test_without_anyone_at_the_browser_a_front_channel_is_no_channel(cli: Commands, tuya: str) -> None:
    front = client_of(cli, "Front", "--metadata", "frontchannel_logout_uri=https://a.example/bye")
    begun = signed_in(cli, tuya, front)

    cli.ok("session", "end", begun.id, "--reason", "lost telephone")

    (shown,) = cli.rows("session", "show", begun.id)
    (told,) = shown["told"]
    (not_told,) = cli.rows("audit", "search", "--event", "logout.not_told")
    assert (told["channel"], told["standing"]) == ("none", "not_told")
    assert not_told["detail"]["reason"] == "nobody at the browser"


def test_an_ended_session_takes_its_offline_grants_along_and_says_why(cli: Commands, tuya: str) -> None:
    begun = signed_in(cli, tuya)
    given = examples.code(examples.grant(session_id=begun.id, account_id=tuya, offline=True))
    with built(cli) as hub, hub.database.begin(Origin()) as stores:
        stores.codes.add(given)

    said = cli.ok("session", "end", begun.id, "--reason", "lost telephone")

    with built(cli) as hub, hub.database.read() as stores:
        grant = stores.grants.get(given.grant.id)
    (ended,) = cli.rows("audit", "search", "--event", "session.ended.admin")
    assert said == "1 of 1 ended now\n"
    assert grant is not None and grant.revoked_at is not None
    assert (ended["session_id"], ended["detail"]["reason"]) == (begun.id, "lost telephone")
    assert ended["detail"]["cause"] == "officer"
    assert cli.ok("session", "end", begun.id, "--reason", "again") == "0 of 1 ended now\n"


def test_all_sessions_of_a_person_end_at_once(cli: Commands, tuya: str) -> None:
    signed_in(cli, tuya)
    signed_in(cli, tuya)

    assert cli.ok("session", "end", "--person", "tuya", "--reason", "x") == "2 of 2 ended now\n"
    assert cli.ok("session", "end", "--person", "tuya", "--reason", "x") == "nobody is signed in there\n"
    assert len(cli.rows("session", "show", "--person", "tuya")) == 2


def test_looking_is_on_record_under_the_person_who_was_looked_at(cli: Commands, tuya: str) -> None:
    begun = signed_in(cli, tuya)
    cli.ok("session", "show", begun.id)
    cli.ok("session", "list", "--person", "tuya")
    cli.ok("session", "list")

    found = cli.rows("audit", "search", "--event", "session.viewed")

    seen = {(view.get("account_id"), view.get("session_id"), view["detail"]["count"]) for view in found}
    assert seen == {(tuya, begun.id, 1), (tuya, None, 1), (None, None, 1)}


@pytest.mark.parametrize("command", [("show",), ("end", "--reason", "x")])
def test_one_of_id_and_person_must_be_given(cli: Commands, tuya: str, command: tuple[str, ...]) -> None:
    assert "give a session id" in cli.refused("session", *command, code=2)
    assert "give a session id" in cli.refused("session", *command, "an-id", "--person", "tuya", code=2)


def test_an_unknown_session_is_said_to_be_unknown(cli: Commands) -> None:
    assert "no session has the id nobody's" in cli.refused("session", "show", "nobody's")
