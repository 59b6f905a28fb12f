"""Whoever may no longer use an account has nothing left of it, and everybody concerned is told."""

from datetime import timedelta

import pytest

from sso.authentication import leaver, people, sessions
from sso.authentication.leaver import Leave
from sso.authentication.sign_in import Failure, NotSignedIn
from sso.directory.person import Account, Departure
from sso.oidc.client import GrantType
from sso.oidc.deferred import Notification
from sso.oidc.security_event import Delivery, EventType
from sso.oidc.session import SessionEnd
from tests.authentication.examples import HOUR, NOW, SETTINGS, Desk, entry
from tests.storage.examples import deferred, grant

LOCKED = Leave(departure=Departure.LOCKED, source="directory")
GONE = Leave(departure=Departure.GONE, source="directory")


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.add_citizen()
    desk.add_client()
    return desk


def clerk(desk: Desk) -> Account:
    account = desk.stores.people.account(desk.signed_in(clerk=True).session.account_id)
    assert account is not None
    return account


@pytest.mark.parametrize("departure", list(Departure))
def test_sessions_grants_and_applications_learn_of_every_departure(desk: Desk, departure: Departure) -> None:
    account = clerk(desk)
    (session,) = desk.stores.sessions.of_account(account.id)
    desk.stores.sessions.join(session.id, "housing", NOW)
    for offline in (True, False):
        made = grant(session_id=session.id, account_id=account.id, offline=offline)
        desk.stores.grants.add(made)

    assert leaver.end_access(account, Leave(departure=departure, source="directory"), desk.stores, NOW)

    assert not desk.stores.sessions.of_account(account.id)
    assert {made.revoked_at for made in desk.stores.grants.by_id.values()} == {NOW}
    assert [notice.client_id for notice in desk.stores.outbox.by_id.values()] == ["housing"]
    subject = desk.stores.subjects.get(account.id)
    assert subject is not None
    assert not subject.active
    end = SessionEnd.DISABLED if departure is Departure.OFFICER else SessionEnd.DIRECTORY
    assert desk.stores.sessions.ended == {session.id: end}
    disabled = [event for event in desk.stores.audit.events if event.code == "account.disabled"]
    assert [getattr(event, "reason", None) for event in disabled] == [departure.value]


def test_what_a_client_waits_for_is_refused_and_it_is_told(desk: Desk) -> None:
    """CIBA Core 10.2: a client that wants to be told is told of a refusal too."""
    desk.add_client(client_id="bank", backchannel_client_notification_endpoint="https://bank.example/ping")
    account = clerk(desk)
    asked = deferred(
        client_id="bank",
        account_id=account.id,
        grant_type=GrantType.CIBA,
        asked_at=NOW,
        expires_at=NOW + HOUR,
        user_code=None,
    )
    desk.stores.deferred.add(asked, Notification("auth_req_id", "token"))

    leaver.end_access(account, GONE, desk.stores, NOW)

    decided = desk.stores.deferred.by_id(asked.id)
    assert decided is not None
    assert (decided.decided_at, decided.grant) == (NOW, None)
    assert desk.stores.pings.waiting_count() == 1
    assert "authz.deferred.withdrawn" in desk.stores.audit.codes()


def test_a_second_call_ends_what_came_in_between_and_records_the_account_once(desk: Desk) -> None:
    account = clerk(desk)
    leaver.end_access(account, GONE, desk.stores, NOW)
    late = grant(account_id=account.id)
    desk.stores.grants.add(late)

    assert not leaver.end_access(account, GONE, desk.stores, NOW + HOUR)

    assert desk.stores.grants.by_id[late.id].revoked_at == NOW + HOUR
    assert desk.stores.audit.codes().count("account.disabled") == 1
    known = desk.stores.people.account(account.id)
    assert known is not None
    assert known.disabled_at == NOW


def test_a_directory_lifts_what_a_directory_said(desk: Desk) -> None:
    account = clerk(desk)
    leaver.end_access(account, LOCKED, desk.stores, NOW)

    assert leaver.restore_access(account, "directory", desk.stores, NOW)
    assert not leaver.restore_access(account, "directory", desk.stores, NOW)

    assert desk.stores.audit.codes().count("account.enabled") == 1
    assert desk.signed_in(clerk=True).session.account_id == account.id


@pytest.mark.parametrize("first", [Departure.OFFICER, Departure.PURGED])
def test_no_directory_lifts_what_an_officer_decided(desk: Desk, first: Departure) -> None:
    account = clerk(desk)
    leaver.end_access(account, Leave(departure=first, source="command"), desk.stores, NOW)
    leaver.end_access(account, LOCKED, desk.stores, NOW)

    assert not leaver.restore_access(account, "directory", desk.stores, NOW)
    assert people.enable(account, "command", desk.stores, NOW)


def test_an_officer_s_decision_outlives_the_directory_s(desk: Desk) -> None:
    account = clerk(desk)
    leaver.end_access(account, LOCKED, desk.stores, NOW)

    assert people.disable(account, "command", "under inquiry", desk.stores, NOW)

    assert not leaver.restore_access(account, "directory", desk.stores, NOW)


def test_signing_in_at_the_directory_ends_a_lock_and_not_an_officer_s_decision(desk: Desk) -> None:
    account = clerk(desk)
    leaver.end_access(account, LOCKED, desk.stores, NOW)

    assert desk.signed_in(clerk=True).session.account_id == account.id
    people.disable(account, "command", "under inquiry", desk.stores, NOW)

    assert desk.attempt(clerk=True) != desk.signed_in()
    known = desk.stores.people.account(account.id)
    assert known is not None
    assert known.disabled_for is Departure.OFFICER


def test_an_entry_that_has_ended_cannot_sign_in_even_where_its_server_lets_it_bind(desk: Desk) -> None:
    """RFC 2307 shadowExpire, which slapd itself does not know."""
    ended = {**entry().attributes, "shadowexpire": (b"18000",)}
    desk.directory.entry = entry(attributes=ended)

    assert desk.attempt(clerk=True) == NotSignedIn(Failure.ACCOUNT_EXPIRED)


def test_signing_in_notes_that_the_directory_was_asked(desk: Desk) -> None:
    desk.now = NOW + timedelta(minutes=3)

    assert clerk(desk).state_checked_at == desk.now


def test_a_disabled_person_loses_every_account_and_none_is_lost_when_they_return(desk: Desk) -> None:
    desk.add_citizen("tuya2", person_id="person-tuya")
    first, second = desk.signed_in(), desk.signed_in("tuya2")

    assert people.disable_person("person-tuya", "command", "died", desk.stores, NOW)
    assert not people.disable_person("person-tuya", "command", "died", desk.stores, NOW)

    for outcome in (first, second):
        assert sessions.current(outcome.cookie, desk.stores, SETTINGS, NOW) is None
    assert leaver.restore_person("person-tuya", "command", desk.stores, NOW)
    assert not leaver.restore_person("person-tuya", "command", desk.stores, NOW)
    assert desk.signed_in().session.account_id == "account-tuya"
    assert [code for code in desk.stores.audit.codes() if code.startswith("person.")] == [
        "person.disabled",
        "person.enabled",
    ]


def test_only_applications_that_know_the_account_and_asked_are_told_by_an_event(desk: Desk) -> None:
    """CAEP 1.0 3.1, RISC 1.0 2.3: each under its own name for the person."""
    account = clerk(desk)
    asked = {"security_event_delivery": Delivery.PUSH, "security_event_endpoint": "https://a.example/"}
    desk.add_client(client_id="knows", sector="knows.example", **asked)
    desk.add_client(client_id="strange", sector="strange.example", **asked)
    desk.add_client(client_id="quiet", sector="quiet.example")
    disabled = EventType.ACCOUNT_DISABLED.value
    desk.add_client(client_id="choosy", sector="choosy.example", security_events=(disabled,), **asked)
    for client_id in ("knows", "quiet", "choosy"):
        desk.stores.grants.add(grant(client_id=client_id, account_id=account.id))

    leaver.end_access(account, GONE, desk.stores, NOW)
    leaver.end_access(account, GONE, desk.stores, NOW)
    leaver.restore_access(account, "directory", desk.stores, NOW)

    queued = [event for event, pushed in desk.stores.security_events.queued if pushed]
    assert sorted((event.client_id, event.kind) for event in queued) == sorted(
        [
            ("choosy", EventType.ACCOUNT_DISABLED),
            ("knows", EventType.ACCOUNT_DISABLED),
            ("knows", EventType.SESSION_REVOKED),
            ("knows", EventType.ACCOUNT_ENABLED),
        ]
    )
    known_as = desk.stores.subjects.sub(account.id, "knows.example", NOW)
    assert {event.sub for event in queued if event.client_id == "knows"} == {known_as}


def test_a_purged_account_is_told_of_as_purged(desk: Desk) -> None:
    """RISC 1.0 2.2."""
    account = clerk(desk)
    desk.add_client(client_id="knows", security_event_delivery=Delivery.POLL)
    desk.stores.grants.add(grant(client_id="knows", account_id=account.id))

    leaver.end_access(account, Leave(departure=Departure.PURGED, source="scim"), desk.stores, NOW)

    kinds = {event.kind for event, _ in desk.stores.security_events.queued}
    assert kinds == {EventType.ACCOUNT_PURGED, EventType.SESSION_REVOKED}


@pytest.mark.parametrize("restored", [False, True])
def test_every_account_of_a_person_is_held_before_the_person_changes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, restored: bool
) -> None:
    """A link that is made meanwhile waits, or has just brought an account that ends as well."""
    person_id = desk.add_citizen("bat").person_id
    if restored:
        leaver.end_person(person_id, LOCKED, desk.stores, NOW)
    held: list[tuple[str, bool]] = []

    def lock(account_id: str) -> None:
        person = desk.stores.people.person(person_id)
        assert person is not None
        held.append((account_id, person.disabled_at is None))
        if len(held) == 1:  # whoever held it before has linked another account
            desk.add_citizen("another", person_id)

    monkeypatch.setattr(type(desk.stores.people), "lock_account", lambda _, account_id: lock(account_id))
    if restored:
        assert leaver.restore_person(person_id, "command", desk.stores, NOW)
    else:
        assert leaver.end_person(person_id, LOCKED, desk.stores, NOW)

    assert held[:2] == [("account-bat", not restored), ("account-another", not restored)]
