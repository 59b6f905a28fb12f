"""Beginnings and ends of sessions, and what follows an end (Back-Channel Logout 2.5, 2.7)."""

from datetime import timedelta

import pytest

from sso.audit.event.uses import SignedOutElsewhere
from sso.authentication import sessions
from sso.authentication.people import disable
from sso.directory.person import Departure
from sso.oidc.session import SessionEnd
from tests.authentication.examples import HOUR, NOW, SETTINGS, Desk
from tests.storage.examples import grant


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.add_citizen()
    desk.add_citizen("dorj")
    desk.add_client()
    return desk


def test_signing_in_again_keeps_the_session_and_moves_auth_time(desk: Desk) -> None:
    """Clients see one sid."""
    first = desk.signed_in()
    desk.now += HOUR / 4

    second = desk.signed_in(previous=first.session)

    assert second.session.id == first.session.id
    assert second.session.auth_time == first.session.auth_time + HOUR / 4
    assert sessions.current(first.cookie, desk.stores, SETTINGS, desk.now) is None
    assert sessions.current(second.cookie, desk.stores, SETTINGS, desk.now) == second.session


def test_another_account_ends_the_session_before_it_and_its_clients_are_told(desk: Desk) -> None:
    first = desk.signed_in()
    desk.stores.sessions.join(first.session.id, "housing", desk.now)

    second = desk.signed_in("dorj", previous=first.session)

    assert second.session.id != first.session.id
    assert desk.stores.sessions.ended == {first.session.id: SessionEnd.REPLACED}
    assert [notice.client_id for notice in desk.stores.outbox.by_id.values()] == ["housing"]


def test_a_session_that_ended_while_the_password_was_tried_is_not_taken_up_again(desk: Desk) -> None:
    first = desk.signed_in()
    sessions.end(first.session, SessionEnd.SIGNED_OUT, desk.stores, desk.now)

    second = desk.signed_in(previous=first.session)

    assert second.session.id != first.session.id
    assert sessions.current(second.cookie, desk.stores, SETTINGS, desk.now) == second.session


def test_a_person_with_two_accounts_in_use_has_to_choose(desk: Desk) -> None:
    desk.add_citizen("tuya2", person_id="person-tuya")
    assert not desk.signed_in().session.persona_chosen

    desk.stores.people.disable_account("account-tuya2", Departure.OFFICER, NOW)
    assert desk.signed_in().session.persona_chosen


@pytest.mark.parametrize(
    ("idle", "alive"), [(timedelta(minutes=29), True), (timedelta(minutes=30), False), (HOUR, False)]
)
def test_a_session_ends_when_nothing_happens(desk: Desk, idle: timedelta, alive: bool) -> None:
    cookie = desk.signed_in().cookie

    assert (sessions.current(cookie, desk.stores, SETTINGS, NOW + idle) is not None) is alive


def test_a_session_ends_at_its_limit_however_busy(desk: Desk) -> None:
    outcome = desk.signed_in()
    end = NOW + SETTINGS.session_lifetime
    desk.stores.sessions.touch(outcome.session.id, end - timedelta(seconds=1))

    assert sessions.current(outcome.cookie, desk.stores, SETTINGS, end - timedelta(seconds=1))
    assert sessions.current(outcome.cookie, desk.stores, SETTINGS, end) is None


@pytest.mark.parametrize("cookie", [None, "", "x", "\udcff"])
def test_no_cookie_and_a_strange_one_are_no_session(desk: Desk, cookie: str | None) -> None:
    assert sessions.current(cookie, desk.stores, SETTINGS, NOW) is None


def test_signing_out_revokes_what_is_not_offline(desk: Desk) -> None:
    """Back-Channel Logout 2.7."""
    session = desk.signed_in().session
    for offline in (True, False):
        made = grant(session_id=session.id, account_id=session.account_id, offline=offline)
        desk.stores.grants.by_id[made.id] = made

    assert sessions.end(session, SessionEnd.SIGNED_OUT, desk.stores, NOW)
    assert not sessions.end(session, SessionEnd.SIGNED_OUT, desk.stores, NOW)

    assert {g.offline: g.revoked_at is None for g in desk.stores.grants.by_id.values()} == {
        True: True,
        False: False,
    }


def test_nothing_survives_a_disabled_account(desk: Desk) -> None:
    outcome = desk.signed_in()
    session = outcome.session
    desk.stores.sessions.join(session.id, "housing", NOW)
    made = grant(session_id="an earlier session", account_id=session.account_id, offline=True)
    desk.stores.grants.by_id[made.id] = made
    account = desk.stores.people.account(session.account_id)
    assert account is not None

    disable(account, "command", "left", desk.stores, NOW)

    assert sessions.current(outcome.cookie, desk.stores, SETTINGS, NOW) is None
    assert desk.stores.grants.by_id[made.id].revoked_at == NOW
    assert len(desk.stores.outbox.by_id) == 1
    assert "session.ended.admin" in desk.stores.audit.codes()


def test_one_notice_a_client_also_when_it_joined_twice(desk: Desk) -> None:
    """One outbox row per session and client."""
    session = desk.signed_in().session
    for _ in range(2):
        desk.stores.sessions.join(session.id, "housing", NOW)

    sessions.end(session, SessionEnd.SIGNED_OUT, desk.stores, NOW)

    assert len(desk.stores.outbox.by_id) == 1


def test_who_ends_all_sessions_elsewhere_goes_on_here(desk: Desk) -> None:
    """Offline grants of elsewhere end too; nobody is told that the account's sessions all ended."""
    here, there = desk.signed_in(), desk.signed_in()
    desk.stores.sessions.join(there.session.id, "housing", NOW)
    kept, lost = (
        grant(session_id=session_id, account_id=here.session.account_id, offline=True)
        for session_id in (here.session.id, "an earlier session")
    )
    desk.stores.grants.by_id |= {kept.id: kept, lost.id: lost}

    ended = sessions.end_elsewhere(here.session, desk.stores, NOW)

    assert ended == 1
    assert desk.stores.sessions.ended == {there.session.id: SessionEnd.REPORTED}
    assert sessions.current(here.cookie, desk.stores, SETTINGS, NOW) == here.session
    assert desk.stores.grants.by_id[kept.id].revoked_at is None
    assert desk.stores.grants.by_id[lost.id].revoked_at == NOW
    assert [notice.client_id for notice in desk.stores.outbox.by_id.values()] == ["housing"]
    recorded = SignedOutElsewhere(
        account_id=here.session.account_id, session_id=here.session.id, sessions=1, grants=1
    )
    assert desk.stores.audit.events[-1] == recorded
    assert sessions.end_elsewhere(here.session, desk.stores, NOW) == 0
    assert desk.stores.audit.events.count(recorded) == 1
