"""The outbox of back-channel logout and the signing keys: contract of their stores."""

from dataclasses import replace

import pytest

from sso.oidc.jose import new_signing_key
from sso.oidc.keys import SigningKey
from sso.storage.database import Database
from sso.storage.errors import SealBroken
from sso.storage.sealing import Sealer
from tests.storage.conftest import opened
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


@pytest.fixture(scope="module")
def keys() -> tuple[SigningKey, SigningKey]:
    return new_signing_key("ES256", NOW, NOW), new_signing_key("RS256", NOW + HOUR, NOW + MINUTE)


def test_keys_come_back_oldest_first_and_sign(
    database: Database, keys: tuple[SigningKey, SigningKey]
) -> None:
    with database.begin(ORIGIN) as stores:
        for key in reversed(keys):
            stores.signing_keys.add(key)

    with database.read() as stores:
        found = stores.signing_keys.load()

    assert [key.private.private_numbers() for key in found] == [key.private.private_numbers() for key in keys]
    assert [replace(f, private=k.private) for f, k in zip(found, keys, strict=True)] == list(keys)


def test_a_key_retires(database: Database, keys: tuple[SigningKey, SigningKey]) -> None:
    retired = replace(
        keys[0], active_from=NOW + MINUTE, retired_at=NOW + HOUR, published_until=NOW + 2 * HOUR
    )

    with database.begin(ORIGIN) as stores:
        stores.signing_keys.add(keys[0])

        assert stores.signing_keys.reschedule(retired)
        assert not stores.signing_keys.reschedule(keys[1])
        (found,) = stores.signing_keys.load()
        assert replace(found, private=retired.private) == retired
        assert stores.signing_keys.remove(retired.kid)
        assert not stores.signing_keys.remove(retired.kid)
        assert stores.signing_keys.load() == []


def test_a_private_key_opens_only_with_the_sealing_key(
    sql_database: Database, keys: tuple[SigningKey, SigningKey]
) -> None:
    with sql_database.begin(ORIGIN) as stores:
        stores.signing_keys.add(keys[0])
    other = Database(sql_database._url.render_as_string(hide_password=False), Sealer(b"x" * 32))

    with pytest.raises(SealBroken), other.read() as stores:
        stores.signing_keys.load()

    other.dispose()
    opened(sql_database._url.render_as_string(hide_password=False)).dispose()
