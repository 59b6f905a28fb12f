"""Sessions, waiting requests, throttles, one-time values: contract of their stores."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sso.directory.stores import Attempts
from sso.oidc.pending import PendingAuthorization
from sso.oidc.session import SessionEnd, SessionRecord
from sso.storage.database import Database
from tests.storage.examples import HOUR, MINUTE, NOW, ORIGIN, pushed, session

COOKIE, OTHER_COOKIE = b"c" * 32, b"o" * 32
SECOND = timedelta(seconds=1)


def waiting(**changes: object) -> PendingAuthorization:
    values = {
        "id": "pending-1",
        "browser": b"b" * 32,
        "client_id": "client-1",
        "params": {"state": "a\0b", "nonce": "\ud800", "scope": "openid"},
        "asked_at": NOW,
        "expires_at": NOW + HOUR,
    }
    return PendingAuthorization(**values | changes)


def test_a_session_is_found_by_its_cookie_and_by_its_id(database: Database) -> None:
    begun = session(amr=("pwd", "otp"), persona_chosen=False)

    with database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, COOKIE)

    with database.read() as stores:
        assert stores.sessions.get(COOKIE) == begun
        assert stores.sessions.by_id(begun.id) == begun
        assert stores.sessions.get(OTHER_COOKIE) is None
        assert stores.sessions.of_account(begun.account_id) == [begun]


def test_a_renewed_session_keeps_its_id_and_birthday_and_loses_its_old_cookie(database: Database) -> None:
    begun = session()
    renewed = replace(
        begun,
        account_id="account-2",
        person_id="person-2",
        auth_time=NOW + HOUR,
        acr="strong",
        amr=("hwk",),
        persona_chosen=False,
        created_at=NOW + HOUR,
        last_seen_at=NOW + HOUR,
        expires_at=NOW + 20 * HOUR,
    )

    with database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, COOKIE)
        stores.sessions.renew(renewed, OTHER_COOKIE)

        assert stores.sessions.get(COOKIE) is None
        assert stores.sessions.get(OTHER_COOKIE) == replace(renewed, created_at=NOW)


def test_activity_is_noted_forwards_only(database: Database) -> None:
    begun = session()

    with database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, COOKIE)
        stores.sessions.touch(begun.id, NOW + HOUR)
        stores.sessions.touch(begun.id, NOW)

        assert stores.sessions.get(COOKIE) == replace(begun, last_seen_at=NOW + HOUR)


def test_an_ended_session_is_gone_and_ends_once(database: Database) -> None:
    begun = session()

    with database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, COOKIE)

        assert stores.sessions.end(begun.id, SessionEnd.SIGNED_OUT, NOW)
        assert not stores.sessions.end(begun.id, SessionEnd.EXPIRED, NOW)
        assert stores.sessions.get(COOKIE) is None
        assert stores.sessions.by_id(begun.id) is None
        assert stores.sessions.of_account(begun.account_id) == []


def test_an_ended_session_is_not_renewed(database: Database) -> None:
    begun = session()

    with database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, COOKIE)
        stores.sessions.end(begun.id, SessionEnd.SIGNED_OUT, NOW)
        stores.sessions.renew(begun, OTHER_COOKIE)
        stores.sessions.touch(begun.id, NOW + HOUR)

        assert stores.sessions.get(OTHER_COOKIE) is None


def test_clients_are_remembered_in_the_order_of_joining(database: Database) -> None:
    begun = session()

    with database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, COOKIE)
        for number, client_id in enumerate(["z", "a", "z", "m"]):
            stores.sessions.join(begun.id, client_id, NOW + number * SECOND)
        stores.sessions.end(begun.id, SessionEnd.SIGNED_OUT, NOW)

        assert list(stores.sessions.clients_of(begun.id)) == ["z", "a", "m"]


def test_sessions_past_either_limit_are_listed_until_someone_ends_them(database: Database) -> None:
    fresh = session(expires_at=NOW + HOUR, last_seen_at=NOW)
    old = session(expires_at=NOW, last_seen_at=NOW)
    idle = session(expires_at=NOW + HOUR, last_seen_at=NOW - 30 * MINUTE)
    ended = session(expires_at=NOW - HOUR)

    with database.begin(ORIGIN) as stores:
        for number, begun in enumerate((fresh, old, idle, ended)):
            stores.sessions.add(begun, bytes([number]) * 32)
        stores.sessions.end(ended.id, SessionEnd.SIGNED_OUT, NOW)

        assert stores.sessions.expired(NOW, 30 * 60, 10) == [old, idle]
        assert stores.sessions.expired(NOW, 30 * 60, 1) == [old]


@pytest.mark.parametrize("pushed", [None, b"p" * 32])
def test_a_waiting_request_remembers_what_was_pushed_of_it(database: Database, pushed: bytes | None) -> None:
    asked = waiting(pushed=pushed)

    with database.begin(ORIGIN) as stores:
        stores.pending.add(asked)
        found = stores.pending.get(asked.id, asked.browser, NOW)

    assert found == asked


def test_a_pushed_request_is_found_until_one_caller_spends_it(database: Database) -> None:
    asked = pushed()

    with database.begin(ORIGIN) as stores:
        stores.pushed.add(asked)

    with database.begin(ORIGIN) as stores:
        assert stores.pushed.get(asked.digest) == asked
        assert stores.pushed.get(b"x" * 32) is None
        assert [stores.pushed.spend(asked.digest) for _ in range(2)] == [True, False]
        assert stores.pushed.get(asked.digest) is None


def test_a_waiting_request_is_found_by_its_browser_until_it_expires(database: Database) -> None:
    asked = waiting()

    with database.begin(ORIGIN) as stores:
        stores.pending.add(asked)

    with database.read() as stores:
        assert stores.pending.get(asked.id, asked.browser, NOW) == asked
        assert stores.pending.get(asked.id, b"x" * 32, NOW) is None
        assert stores.pending.get(asked.id, asked.browser, NOW + HOUR) is None
        assert stores.pending.get("a\0\ud800", asked.browser, NOW) is None


def test_answers_of_the_person_are_noted(database: Database) -> None:
    asked = waiting()

    with database.begin(ORIGIN) as stores:
        stores.pending.add(asked)
        stores.pending.mark_consented(asked.id, "account-1", NOW + MINUTE)
        stores.pending.mark_account_selected(asked.id, NOW + 2 * MINUTE)

        assert stores.pending.get(asked.id, asked.browser, NOW) == replace(
            asked,
            consented_at=NOW + MINUTE,
            consented_by="account-1",
            account_selected_at=NOW + 2 * MINUTE,
        )


def test_a_request_is_finished_once(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        stores.pending.add(waiting())

        assert stores.pending.remove("pending-1")
        assert not stores.pending.remove("pending-1")


def test_attempts_are_counted_in_a_window(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        counts = [
            stores.throttles.attempt(b"key", window_seconds=60, now=NOW + number * 20 * SECOND)
            for number in range(4)
        ]

    assert [attempts.count for attempts in counts] == [1, 2, 3, 1]
    assert [attempts.window_started_at for attempts in counts] == [NOW, NOW, NOW, NOW + MINUTE]


def test_keys_are_counted_apart_and_forgotten(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        stores.throttles.attempt(b"key", window_seconds=60, now=NOW)
        stores.throttles.attempt(b"key", window_seconds=60, now=NOW)
        other = stores.throttles.attempt(b"other", window_seconds=60, now=NOW)
        stores.throttles.forget(b"key")
        again = stores.throttles.attempt(b"key", window_seconds=60, now=NOW)

    assert (other, again) == (Attempts(1, NOW), Attempts(1, NOW))


@pytest.mark.parametrize("value", ["jti-1", "a\0b", "\ud800", "x" * 10_000])
def test_a_value_is_spent_once_per_purpose(database: Database, value: str) -> None:
    with database.begin(ORIGIN) as stores:
        assert stores.one_time_values.spend("assertion", value, NOW + HOUR)
        assert not stores.one_time_values.spend("assertion", value, NOW + HOUR)
        assert stores.one_time_values.spend("other", value, NOW + HOUR)


def test_a_token_is_denied_again_without_complaint(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        stores.denied_tokens.add("jti-1", NOW)
        stores.denied_tokens.add("jti-1", NOW + HOUR)

        assert stores.denied_tokens.denied("jti-1")
        assert not stores.denied_tokens.denied("jti-2")


def test_the_record_of_a_session_tells_its_end_and_the_cause(database: Database) -> None:
    begun = session()
    with database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, b"c")
        before = stores.sessions.record(begun.id)
        stores.sessions.end(begun.id, SessionEnd.OFFICER, NOW + HOUR)

        after = stores.sessions.record(begun.id)
        unknown = stores.sessions.record("nobody's")

    assert before == SessionRecord(begun)
    assert after == SessionRecord(begun, NOW + HOUR, SessionEnd.OFFICER)
    assert unknown is None


def test_a_cookie_still_finds_a_session_that_has_just_ended(database: Database) -> None:
    begun, going_on = session(), session()
    with database.begin(ORIGIN) as stores:
        stores.sessions.add(begun, b"c")
        stores.sessions.add(going_on, b"d")
        stores.sessions.end(begun.id, SessionEnd.SIGNED_OUT, NOW)

        found = stores.sessions.lately_ended(b"c", NOW - MINUTE)

        assert found is not None and found.session.id == begun.id
        assert stores.sessions.lately_ended(b"c", NOW) is None
        assert stores.sessions.lately_ended(b"d", NOW - MINUTE) is None
        assert stores.sessions.lately_ended(b"x", NOW - MINUTE) is None


def test_the_records_of_an_account_are_the_newest_first_ended_or_not(database: Database) -> None:
    begun = [session(created_at=NOW + number * MINUTE) for number in range(3)]
    with database.begin(ORIGIN) as stores:
        for number, each in enumerate(begun):
            stores.sessions.add(each, bytes([number]))
        stores.sessions.add(session(account_id="account-2"), b"other")
        stores.sessions.end(begun[1].id, SessionEnd.IDLE, NOW)

        found = stores.sessions.records_of_account("account-1", 2)

    assert [record.session.id for record in found] == [begun[2].id, begun[1].id]


def test_sessions_that_go_on_are_listed_by_id(database: Database) -> None:
    begun = sorted((session() for _ in range(4)), key=lambda each: each.id)
    with database.begin(ORIGIN) as stores:
        for number, each in enumerate(begun):
            stores.sessions.add(each, bytes([number]))
        stores.sessions.end(begun[1].id, SessionEnd.IDLE, NOW)

        first = stores.sessions.list_going_on(limit=2)
        rest = stores.sessions.list_going_on(after=first[-1].id, limit=2)

    assert [each.id for each in (*first, *rest)] == [begun[0].id, begun[2].id, begun[3].id]
