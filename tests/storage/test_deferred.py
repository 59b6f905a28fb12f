"""Deferred requests: contract of their store, and one winner for each thing that may happen once."""

from dataclasses import replace

from sso.oidc.client import GrantType
from sso.oidc.deferred import DeferredRequest
from sso.oidc.grant import Grant
from sso.storage.database import Database
from tests.storage.examples import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    ORIGIN,
    SECOND,
    code,
    deferred,
    grant,
    refresh_token,
)
from tests.storage.racing import Race, forked, result_of

ROUNDS = 200


def test_a_request_comes_back_as_it_was_remembered(database: Database) -> None:
    plain = deferred()
    full = deferred(
        grant_type=GrantType.CIBA,
        user_code=None,
        account_id="account-1",
        resource=("https://api.example/a", "urn:b"),
        authorization_details=({"type": "permit", "note": "a\0b"},),
        acr_values=("urn:gold", "urn:silver"),
        binding_message="W4SCT",
        address="203.0.113.7",
        user_agent="Television/1",
    )

    with database.begin(ORIGIN) as stores:
        assert stores.deferred.add(plain)
        assert stores.deferred.add(full)

    with database.read() as stores:
        for given in (plain, full):
            assert stores.deferred.get(given.digest) == given
            assert stores.deferred.by_id(given.id) == given
        assert stores.deferred.by_user_code(plain.user_code or b"", NOW) == plain
        assert stores.deferred.get(b"unknown") is None
        assert stores.deferred.by_id("unknown\0") is None
        assert stores.deferred.by_user_code(b"unknown", NOW) is None


def test_a_user_code_stands_for_one_request(database: Database) -> None:
    first = deferred()

    with database.begin(ORIGIN) as stores:
        assert stores.deferred.add(first)
        assert not stores.deferred.add(deferred(user_code=first.user_code))
        assert stores.deferred.add(deferred(user_code=None))
        assert stores.deferred.add(deferred(user_code=None))


def test_an_answer_is_given_once_and_in_time(database: Database) -> None:
    given, allowed, refused, late = grant(), deferred(), deferred(), deferred()

    with database.begin(ORIGIN) as stores:
        for each in (allowed, refused, late):
            stores.deferred.add(each)
        stores.grants.add(given)

        assert stores.deferred.decide(allowed.id, given, NOW + MINUTE)
        assert not stores.deferred.decide(allowed.id, None, NOW + MINUTE)
        assert stores.deferred.decide(refused.id, None, NOW + MINUTE)
        assert not stores.deferred.decide(late.id, None, NOW + 10 * MINUTE)
        assert not stores.deferred.decide("unknown", None, NOW)
        decided = replace(allowed, decided_at=NOW + MINUTE, grant=given)
        assert stores.deferred.get(allowed.digest) == decided
        assert stores.deferred.get(refused.digest) == replace(refused, decided_at=NOW + MINUTE)
        assert stores.deferred.by_user_code(allowed.user_code or b"", NOW + MINUTE) is None
        assert stores.deferred.by_user_code(late.user_code or b"", NOW + 10 * MINUTE) is None


def test_a_revoked_grant_is_seen_through_its_request(database: Database) -> None:
    given, request = grant(), deferred()

    with database.begin(ORIGIN) as stores:
        stores.deferred.add(request)
        stores.grants.add(given)
        stores.deferred.decide(request.id, given, NOW)
        stores.grants.revoke_of_session("session-1", keep_offline=True, now=NOW)

        found = stores.deferred.get(request.digest)

    assert found is not None
    assert found.grant == replace(given, revoked_at=NOW)


def test_a_poll_is_noted_unless_another_came_first(database: Database) -> None:
    request = deferred()

    with database.begin(ORIGIN) as stores:
        stores.deferred.add(request)

        assert stores.deferred.polled(request, 10 * SECOND, NOW + 10 * SECOND)
        assert not stores.deferred.polled(request, 15 * SECOND, NOW + 15 * SECOND)
        noted = replace(request, interval=10 * SECOND, next_poll_at=NOW + 10 * SECOND)
        assert stores.deferred.by_id(request.id) == noted


def test_only_what_was_allowed_is_redeemed_and_once(database: Database) -> None:
    given, request = grant(), deferred()

    with database.begin(ORIGIN) as stores:
        stores.deferred.add(request)
        assert not stores.deferred.redeem(request.digest, NOW)
        stores.grants.add(given)
        stores.deferred.decide(request.id, given, NOW)

        assert stores.deferred.redeem(request.digest, NOW + MINUTE)
        assert not stores.deferred.redeem(request.digest, NOW + MINUTE)
        found = stores.deferred.get(request.digest)

    assert found is not None
    assert found.redeemed_at == NOW + MINUTE


def test_a_request_goes_a_day_after_its_end_and_its_grant_with_its_last_token(
    sql_database: Database,
) -> None:
    alone, kept, unanswered = deferred(), deferred(), deferred()
    online, offline = grant(), grant(offline=True)
    token = refresh_token(offline, expires_at=NOW + 30 * DAY)
    with sql_database.begin(ORIGIN) as stores:
        for request, given in ((alone, online), (kept, offline), (unanswered, None)):
            stores.deferred.add(request)
            if given is not None:
                stores.grants.add(given)
            stores.deferred.decide(request.id, given, NOW)
        stores.refresh_tokens.add(token)

    with sql_database.begin(ORIGIN) as stores:
        assert stores.cleanup.sweep("deferred_request", NOW + DAY) == 0
        assert stores.cleanup.sweep("deferred_request", NOW + DAY + HOUR) == 3
        assert stores.grants.get(online.id) is None
        assert stores.refresh_tokens.get(token.digest) == token


def test_a_grant_that_a_request_still_shows_stays_when_another_token_goes(sql_database: Database) -> None:
    given = code()
    request = deferred(expires_at=NOW + 3 * DAY)
    with sql_database.begin(ORIGIN) as stores:
        stores.codes.add(given)
        stores.deferred.add(request)
        stores.deferred.decide(request.id, given.grant, NOW)

    with sql_database.begin(ORIGIN) as stores:
        assert stores.cleanup.sweep("authorization_code", NOW + 2 * DAY) == 1
        assert stores.grants.get(given.grant.id) is not None


def test_a_code_has_one_answer_and_one_redeemer(race: Race) -> None:
    """RFC 8628 3.5, CIBA Core 10.1: two hundred rounds of four threads over two pools of connections."""
    for _ in range(ROUNDS):
        request, grants = deferred(), [grant() for _ in range(4)]
        with race.database.begin(ORIGIN) as stores:
            stores.deferred.add(request)

        answered = race.run(lambda database, number: answer(database, number, request, grants[number]))  # noqa: B023
        redeemed = race.run(lambda database, _: redeem(database, request))  # noqa: B023

        winner = answered.index(True)
        assert answered.count(True) == 1
        assert redeemed.count(True) == (0 if winner % 2 else 1)
        with race.database.read() as stores:
            kept = [number for number, given in enumerate(grants) if stores.grants.get(given.id) is not None]
        assert kept == ([] if winner % 2 else [winner])


class _TooLate(Exception):
    """Somebody else answered; nothing is kept."""


def answer(database: Database, number: int, request: DeferredRequest, given: Grant) -> bool:
    """Even ones allow, odd ones refuse."""
    try:
        with database.begin(ORIGIN) as stores:
            if number % 2 == 0:
                stores.grants.add(given)
            if not stores.deferred.decide(request.id, None if number % 2 else given, NOW):
                raise _TooLate
    except _TooLate:
        return False
    return True


def redeem(database: Database, request: DeferredRequest) -> bool:
    with database.begin(ORIGIN) as stores:
        return stores.deferred.redeem(request.digest, NOW)


def test_of_polls_at_once_one_is_noted(race: Race) -> None:
    for _ in range(50):
        request = deferred()
        with race.database.begin(ORIGIN) as stores:
            stores.deferred.add(request)

        def poll(database: Database, number: int, request: DeferredRequest = request) -> bool:
            with database.begin(ORIGIN) as stores:
                return stores.deferred.polled(request, 5 * SECOND, NOW + (number + 1) * SECOND)

        assert sorted(race.run(poll)) == [False, False, False, True]


def test_processes_redeem_a_code_once(sql_database: Database) -> None:
    requests = [deferred() for _ in range(ROUNDS)]
    with sql_database.begin(ORIGIN) as stores:
        for request in requests:
            given = grant()
            stores.deferred.add(request)
            stores.grants.add(given)
            stores.deferred.decide(request.id, given, NOW)
    sql_database.dispose()

    def redeemed() -> int:
        won = 0
        for request in requests:
            with sql_database.begin(ORIGIN) as stores:
                won += stores.deferred.redeem(request.digest, NOW)
        return won

    children = [forked(redeemed) for _ in range(2)]

    assert sum(result_of(child) for child in children) == ROUNDS
