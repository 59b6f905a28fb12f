"""Tokens of registration: contract of `stores.initial_access_tokens` and `stores.registration_access`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sso.oidc.self_registration.access import InitialAccessToken
from sso.storage.database import Database
from tests.storage.examples import HOUR, NOW, ORIGIN, client, initial_access_token


def added(database: Database, **changes: Any) -> InitialAccessToken:
    made = initial_access_token(**changes)
    with database.begin(ORIGIN) as stores:
        stores.initial_access_tokens.add(made)
    return made


def test_a_token_comes_back_as_it_was_made(database: Database) -> None:
    made = added(database)
    other = added(database, id="token-2", digest=b"u" * 32, uses_left=None, metadata={})

    with database.read() as stores:
        assert stores.initial_access_tokens.get(made.digest) == made
        assert stores.initial_access_tokens.get(b"x" * 32) is None
        assert stores.initial_access_tokens.list_tokens() == [made, other]


def test_a_token_is_used_as_often_as_it_may_be(database: Database) -> None:
    made = added(database)

    with database.begin(ORIGIN) as stores:
        answers = [stores.initial_access_tokens.use(made.digest, NOW) for _ in range(4)]
        left = stores.initial_access_tokens.get(made.digest)

    assert answers == [True, True, False, False]
    assert left == replace(made, uses_left=0)


def test_a_token_without_a_number_is_used_any_number_of_times(database: Database) -> None:
    made = added(database, uses_left=None)

    with database.begin(ORIGIN) as stores:
        assert all(stores.initial_access_tokens.use(made.digest, NOW) for _ in range(5))


@pytest.mark.parametrize("changes", [{"revoked_at": NOW}, {"expires_at": NOW}, {"uses_left": 0}])
def test_a_token_that_ended_is_not_used(database: Database, changes: dict[str, Any]) -> None:
    made = added(database, **changes)

    with database.begin(ORIGIN) as stores:
        assert not stores.initial_access_tokens.use(made.digest, NOW)


def test_a_token_is_revoked_once(database: Database) -> None:
    made = added(database)

    with database.begin(ORIGIN) as stores:
        answers = [stores.initial_access_tokens.revoke(made.id, NOW) for _ in range(2)]
        found = stores.initial_access_tokens.get(made.digest)

    assert answers == [True, False]
    assert found == replace(made, revoked_at=NOW)


def test_a_client_has_one_token_and_the_one_before_until_the_new_one_arrives(database: Database) -> None:
    registered = client()
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)
        access, key = stores.registration_access, registered.client_id
        access.add(key, b"1" * 32, NOW)

        assert access.rotate(key, b"1" * 32, b"2" * 32, NOW + HOUR)
        before = [access.accepts(key, bytes([digit]) * 32) for digit in b"123"]
        access.settle(key, b"1" * 32)
        unsettled = access.accepts(key, b"1" * 32)
        access.settle(key, b"2" * 32)
        after = [access.accepts(key, bytes([digit]) * 32) for digit in b"123"]

    assert (before, unsettled, after) == ([True, True, False], True, [False, True, False])


def test_a_lost_answer_does_not_lock_a_client_out(database: Database) -> None:
    registered = client()
    with database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)
        access, key = stores.registration_access, registered.client_id
        access.add(key, b"1" * 32, NOW)

        answers = [access.rotate(key, b"1" * 32, successor * 32, NOW) for successor in (b"2", b"3")]
        accepted = [access.accepts(key, bytes([digit]) * 32) for digit in b"123"]

    assert answers == [True, True]
    assert accepted == [True, False, True]


def test_a_token_is_of_its_own_client_only(database: Database) -> None:
    one, other = client(), client()
    with database.begin(ORIGIN) as stores:
        for registered in (one, other):
            stores.clients.add(registered, NOW)
            stores.registration_access.add(registered.client_id, registered.client_id.encode() * 4, NOW)
        access = stores.registration_access

        assert not access.accepts(one.client_id, other.client_id.encode() * 4)
        assert not access.rotate(one.client_id, other.client_id.encode() * 4, b"x" * 32, NOW)
        assert (access.count(limit=1), access.count(limit=9)) == (1, 2)
        assert access.remove(one.client_id)
        assert not access.remove(one.client_id)
        assert access.count(limit=9) == 1


def test_a_client_takes_its_token_along(sql_database: Database) -> None:
    registered = client()
    with sql_database.begin(ORIGIN) as stores:
        stores.clients.add(registered, NOW)
        stores.registration_access.add(registered.client_id, b"1" * 32, NOW)
        stores.clients.remove(registered.client_id)

        assert stores.registration_access.count(limit=9) == 0


def test_expired_tokens_are_forgotten_after_a_month(sql_database: Database) -> None:
    old = added(sql_database)
    kept = added(sql_database, id="token-2", digest=b"u" * 32, expires_at=NOW + 40 * timedelta(days=1))

    with sql_database.begin(ORIGIN) as stores:
        stores.cleanup.sweep("initial_access_token", NOW + 31 * timedelta(days=1))
        assert stores.initial_access_tokens.get(old.digest) is None
        assert stores.initial_access_tokens.get(kept.digest) == kept
