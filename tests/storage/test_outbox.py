"""The outbox of back-channel logout: contract of its store."""

from dataclasses import replace

from sso.storage.database import Database
from tests.storage.examples import HOUR, MINUTE, NOW, ORIGIN, client, session


def test_a_notice_says_whom_to_tell_what(database: Database) -> None:
    ended, told = session(), client(backchannel_logout_session_required=False)

    with database.begin(ORIGIN) as stores:
        stores.notices.add_logout(ended, told, "sub-1", NOW)
        (notice,) = stores.outbox.of_session(ended.id)

    assert (notice.session_id, notice.account_id, notice.client_id) == (
        ended.id,
        ended.account_id,
        told.client_id,
    )
    assert (notice.sub, notice.uri, notice.include_sid) == ("sub-1", told.backchannel_logout_uri, False)
    assert (notice.attempts, notice.created_at, notice.next_attempt_at) == (0, NOW, NOW)
    assert (notice.delivered_at, notice.gave_up_at, notice.last_error) == (None, None, "")


def test_a_client_is_told_once_per_session_and_only_if_it_can_be(database: Database) -> None:
    ended, told = session(), client()

    with database.begin(ORIGIN) as stores:
        stores.notices.add_logout(ended, told, "sub-1", NOW)
        stores.notices.add_logout(ended, client(backchannel_logout_uri=None), "sub-1", NOW)
    with database.begin(ORIGIN) as stores:
        stores.notices.add_logout(ended, told, "sub-1", NOW)

        assert stores.outbox.pending_count() == 1


def test_a_claimed_notice_is_nobody_else_s_until_the_lease_ends(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        stores.notices.add_logout(session(), client(), "sub-1", NOW)

    with database.begin(ORIGIN) as stores:
        (claimed,) = stores.outbox.claim_due(NOW, 10, 60)
        early = stores.outbox.claim_due(NOW + MINUTE / 2, 10, 60)
        (again,) = stores.outbox.claim_due(NOW + MINUTE, 10, 60)

    assert (claimed.attempts, claimed.next_attempt_at) == (1, NOW + MINUTE)
    assert early == []
    assert (again.id, again.attempts) == (claimed.id, 2)


def test_the_longest_due_are_claimed_first(database: Database) -> None:
    sessions = [session(id=f"session-{number}") for number in range(3)]
    with database.begin(ORIGIN) as stores:
        for number, ended in enumerate(sessions):
            stores.notices.add_logout(ended, client(), "sub", NOW - number * MINUTE)

    with database.begin(ORIGIN) as stores:
        claimed = stores.outbox.claim_due(NOW, 2, 60)

    assert [notice.session_id for notice in claimed] == ["session-2", "session-1"]


def test_who_was_never_told_goes_before_who_did_not_answer(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        stores.notices.add_logout(session(id="silent"), client(), "sub", NOW - HOUR)
        (silent,) = stores.outbox.claim_due(NOW - HOUR, 1, 60)
        stores.outbox.failed(silent.id, NOW - HOUR, "no answer", NOW)
        quiet = stores.outbox.has_due(NOW, fresh_only=True)
        stores.notices.add_logout(session(id="new"), client(), "sub", NOW)
    with database.begin(ORIGIN) as stores:
        fresh = stores.outbox.has_due(NOW, fresh_only=True)

        first = stores.outbox.claim_due(NOW, 1, 60)
        none = stores.outbox.claim_due(NOW, 1, 60, fresh_only=True)
        then = stores.outbox.claim_due(NOW, 1, 60)

    assert (quiet, fresh) == (False, True)
    assert [notice.session_id for notice in (*first, *then)] == ["new", "silent"]
    assert none == []


def test_a_delivered_notice_is_finished_once(database: Database) -> None:
    ended = session()
    with database.begin(ORIGIN) as stores:
        stores.notices.add_logout(ended, client(), "sub", NOW)
        (claimed,) = stores.outbox.claim_due(NOW, 1, 60)

        assert stores.outbox.delivered(claimed.id, claimed.attempts, NOW + MINUTE)
        assert not stores.outbox.delivered(claimed.id, claimed.attempts, NOW + MINUTE)
        assert stores.outbox.claim_due(NOW + HOUR, 1, 60) == []
        assert stores.outbox.pending_count() == 0
        assert stores.outbox.of_session(ended.id) == [replace(claimed, delivered_at=NOW + MINUTE)]


def test_a_failed_notice_is_tried_again_when_it_is_due(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        stores.notices.add_logout(session(), client(), "sub", NOW)
        (claimed,) = stores.outbox.claim_due(NOW, 1, 60)

        assert stores.outbox.failed(claimed.id, NOW + HOUR, "connection refused", NOW)
        assert stores.outbox.claim_due(NOW + HOUR - MINUTE, 1, 60) == []
        (again,) = stores.outbox.claim_due(NOW + HOUR, 1, 60)

    assert (again.attempts, again.last_error) == (2, "connection refused")


def test_a_notice_may_be_given_up(database: Database) -> None:
    ended = session()
    with database.begin(ORIGIN) as stores:
        stores.notices.add_logout(ended, client(), "sub", NOW)
        (claimed,) = stores.outbox.claim_due(NOW, 1, 60)

        assert stores.outbox.failed(claimed.id, None, "gone " * 200, NOW + HOUR)
        assert not stores.outbox.failed(claimed.id, None, "again", NOW + HOUR)
        assert stores.outbox.claim_due(NOW + 2 * HOUR, 1, 60) == []
        (notice,) = stores.outbox.of_session(ended.id)

    assert notice.gave_up_at == NOW + HOUR
    assert len(notice.last_error) == 500
