"""Many at once, on real databases with real threads: one winner, exact counts, one sub, one role."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sso.directory.person import Role
from sso.directory.stores import LoginNameTaken, PasswordCredential, RolesConflict
from sso.oidc.client import Client
from sso.oidc.grant import Grant
from sso.oidc.session import SessionEnd
from sso.storage.database import Database
from sso.storage.schema import migrate, pending_migrations
from tests.storage.conftest import ON_POSTGRESQL, SEALER
from tests.storage.examples import (
    HOUR,
    MINUTE,
    NOW,
    ORIGIN,
    citizen,
    client,
    code,
    grant,
    initial_access_token,
    person,
    pushed,
    refresh_token,
    session,
)
from tests.storage.racing import THREADS, Race, forked, result_of

ROUNDS = 50
ONE_WINNER_ROUNDS = 200


def test_a_code_has_one_redeemer(race: Race) -> None:
    for _ in range(ONE_WINNER_ROUNDS):
        given = code()
        with race.database.begin(ORIGIN) as stores:
            stores.codes.add(given)

        def redeem(database: Database, _: int, digest: bytes = given.digest) -> bool:
            with database.begin(ORIGIN) as stores:
                found = stores.codes.get(digest)
                assert found is not None
                return stores.codes.redeem(digest, NOW)

        assert sorted(race.run(redeem)) == [False, False, False, True]


def test_the_last_use_of_a_registration_token_is_spent_once(race: Race) -> None:
    for number in range(ROUNDS):
        made = initial_access_token(id=f"token-{number}", digest=bytes([number]) * 32, uses_left=1)
        with race.database.begin(ORIGIN) as stores:
            stores.initial_access_tokens.add(made)

        def use(database: Database, _: int, digest: bytes = made.digest) -> bool:
            with database.begin(ORIGIN) as stores:
                return stores.initial_access_tokens.use(digest, NOW)

        assert sorted(race.run(use)) == [False, False, False, True]


def test_a_refresh_token_has_one_user_and_the_others_see_the_successor(race: Race) -> None:
    for _ in range(ONE_WINNER_ROUNDS):
        given = code()
        token = refresh_token(given.grant)
        with race.database.begin(ORIGIN) as stores:
            stores.codes.add(given)
            stores.refresh_tokens.add(token)

        def use(database: Database, number: int, digest: bytes = token.digest) -> tuple[bool, bytes]:
            with database.begin(ORIGIN) as stores:
                won = stores.refresh_tokens.use(digest, bytes([number]), NOW)
                found = stores.refresh_tokens.get(digest)
            assert found is not None
            assert found.successor is not None
            return won, found.successor

        results = race.run(use)
        assert sorted(won for won, _ in results) == [False, False, False, True]
        assert {successor for _, successor in results} == {bytes([[won for won, _ in results].index(True)])}


def test_a_value_has_one_spender(race: Race) -> None:
    for number in range(ONE_WINNER_ROUNDS):

        def spend(database: Database, _: int, value: str = f"jti-{number}") -> bool:
            with database.begin(ORIGIN) as stores:
                return stores.one_time_values.spend("assertion", value, NOW + HOUR)

        assert sorted(race.run(spend)) == [False, False, False, True]


def test_a_pushed_request_has_one_winner(race: Race) -> None:
    """RFC 9126 4: however many browsers bring its request_uri to an end at once."""
    for _ in range(ONE_WINNER_ROUNDS):
        given = pushed()
        with race.database.begin(ORIGIN) as stores:
            stores.pushed.add(given)

        def spend(database: Database, _: int, digest: bytes = given.digest) -> bool:
            with database.begin(ORIGIN) as stores:
                assert stores.pushed.get(digest) in (given, None)  # noqa: B023 - asked within the round
                return stores.pushed.spend(digest)

        assert sorted(race.run(spend)) == [False, False, False, True]


def test_every_attempt_is_counted(race: Race) -> None:
    def attempt(database: Database, _: int) -> int:
        with database.begin(ORIGIN) as stores:
            return stores.throttles.attempt(b"key", window_seconds=60, now=NOW).count

    counts = [count for _ in range(ROUNDS) for count in race.run(attempt)]

    assert sorted(counts) == list(range(1, ROUNDS * THREADS + 1))


def test_first_uses_agree_on_the_sub(race: Race) -> None:
    for number in range(ROUNDS):

        def sub(database: Database, _: int, account_id: str = f"account-{number}") -> str:
            with database.begin(ORIGIN) as stores:
                return stores.subjects.sub(account_id, "housing", NOW)

        assert len(set(race.run(sub))) == 1


def test_two_roles_granted_at_once_are_never_both_held(race: Race) -> None:
    for _ in range(ROUNDS):
        tuya = person()
        with race.database.begin(ORIGIN) as stores:
            stores.people.add_person(tuya)

        def grant(database: Database, number: int, person_id: str = tuya.id) -> str:
            role = (Role.AUDITOR, Role.CLIENT_MANAGER)[number // 2]
            try:
                with database.begin(ORIGIN) as stores:
                    return f"{role}:{stores.people.grant_role(person_id, role, NOW)}"
            except RolesConflict:
                return "conflict"

        results = race.run(grant)
        assert sum(result.endswith(":True") for result in results) == 1
        assert sum(result.endswith(":False") for result in results) == 1
        assert results.count("conflict") == 2


def test_a_login_name_has_one_taker(race: Race) -> None:
    for number in range(ROUNDS):

        def take(database: Database, _: int, login_name: str = f"tuya-{number}") -> bool:
            tuya = person()
            try:
                with database.begin(ORIGIN) as stores:
                    stores.people.add_person(tuya)
                    stores.people.add_account(citizen(tuya.id, login_name=login_name), NOW)
            except LoginNameTaken:
                return False
            return True

        assert sorted(race.run(take)) == [False, False, False, True]


def test_a_session_a_grant_and_a_request_end_once(race: Race) -> None:
    for number in range(ROUNDS):
        begun, given = session(), code()
        with race.database.begin(ORIGIN) as stores:
            stores.sessions.add(begun, number.to_bytes(32, "big"))
            stores.codes.add(given)

        def end(
            database: Database, _: int, key: str = begun.id, grant_id: str = given.grant.id
        ) -> tuple[bool, bool]:
            with database.begin(ORIGIN) as stores:
                ended = stores.sessions.end(key, SessionEnd.SIGNED_OUT, NOW)
                return ended, stores.grants.revoke(grant_id, NOW)

        results = race.run(end)
        assert sorted(ended for ended, _ in results) == [False, False, False, True]
        assert sorted(revoked for _, revoked in results) == [False, False, False, True]


def test_two_workers_never_claim_the_same_notice(race: Race) -> None:
    for number in range(ROUNDS):
        with race.database.begin(ORIGIN) as stores:
            for _ in range(6):
                stores.notices.add_logout(session(), client(), "sub", NOW + number * HOUR)

        def claim(database: Database, _: int, number: int = number) -> list[str]:
            with database.begin(ORIGIN) as stores:
                claimed = stores.outbox.claim_due(NOW + number * HOUR + MINUTE, 2, 10**9)
            return [notice.id for notice in claimed]

        claimed = [notice_id for ids in race.run(claim) for notice_id in ids]
        assert len(claimed) == len(set(claimed)) <= 6
        while rest := claim(race.database, 0):
            claimed += rest
        assert len(claimed) == len(set(claimed)) == 6


@pytest.mark.parametrize("backend", ["sqlite", ON_POSTGRESQL])
def test_first_migrations_at_once_make_one_schema(
    request: pytest.FixtureRequest, tmp_path: Path, backend: str
) -> None:
    on_postgresql = backend == "postgresql"
    url = (
        request.getfixturevalue("empty_postgresql_url")
        if on_postgresql
        else f"sqlite:///{tmp_path / 'hub.db'}"
    )
    databases = [Database(url, SEALER) for _ in range(THREADS)]
    start = threading.Barrier(THREADS)

    def one(database: Database) -> list[str]:
        start.wait()
        return migrate(database)

    with ThreadPoolExecutor(THREADS) as pool:
        applied = sorted(pool.map(one, databases))

    for database in databases:
        database.dispose()
    assert [bool(steps) for steps in applied] == [False, False, False, True]


def test_processes_redeem_a_code_once(sql_database: Database) -> None:
    codes = [code() for _ in range(20)]
    with sql_database.begin(ORIGIN) as stores:
        for given in codes:
            stores.codes.add(given)
    sql_database.dispose()
    digests = [given.digest for given in codes]
    children = [forked(lambda: _redeemed(sql_database, digests)) for _ in range(4)]

    won = sum(result_of(child) for child in children)

    assert won == len(codes)


def test_processes_that_meet_a_new_sqlite_file_make_one_schema(tmp_path: Path) -> None:
    for number in range(10):
        url = f"sqlite:///{tmp_path / f'hub-{number}.db'}"
        steps = len(pending_migrations(Database(url, SEALER)))
        children = [forked(lambda url=url: len(migrate(Database(url, SEALER)))) for _ in range(5)]

        assert sorted(result_of(child) for child in children) == [0, 0, 0, 0, steps]


def _redeemed(database: Database, digests: list[bytes]) -> int:
    """Redeem what nobody has redeemed; return how many."""
    won = 0
    for digest in digests:
        with database.begin(ORIGIN) as stores:
            won += stores.codes.redeem(digest, NOW)
    return won


def test_of_changes_to_what_was_read_one_is_kept(race: Race) -> None:
    for number in range(ROUNDS):
        registered = client(client_id=f"client-{number}")
        with race.database.begin(ORIGIN) as stores:
            stores.clients.add(registered, NOW)

        def rename(database: Database, thread: int, known: Client = registered) -> bool:
            with database.begin(ORIGIN) as stores:
                found = stores.clients.for_update(known.client_id)
                assert found is not None
                if found.client_name != known.client_name:
                    return False
                return stores.clients.update(replace(found, client_name=f"renamed {thread}"), NOW)

        assert sorted(race.run(rename)) == [False, False, False, True]


def test_a_password_that_is_being_believed_is_replaced_afterwards(race: Race) -> None:
    for number in range(ROUNDS):
        who = citizen(person().id, login_name=f"reader-{number}")
        with race.database.begin(ORIGIN) as stores:
            stores.people.add_person(person(id=who.person_id))
            stores.people.add_account(who, NOW)
            stores.credentials.put(PasswordCredential(who.id, "old", NOW))

        def act(database: Database, thread: int, account_id: str = who.id) -> str | None:
            """One replaces the password, the others write down which one they found, to the end."""
            with database.begin(ORIGIN) as stores:
                if thread == 0:
                    stores.credentials.put(PasswordCredential(account_id, "new", NOW))
                    return None
                first = stores.credentials.for_update(account_id)
                second = stores.credentials.get(account_id)
                assert first is not None
                assert first == second
                return first.hash

        assert set(race.run(act)) <= {None, "old", "new"}


def test_nothing_that_is_exchanged_outlives_what_it_came_from(race: Race) -> None:
    """RFC 8693: whoever exchanges a grant while it is revoked gets nothing, or something that is revoked."""
    for _ in range(ONE_WINNER_ROUNDS):
        origin, got = grant(), [grant(client_id="client-2") for _ in range(4)]
        with race.database.begin(ORIGIN) as stores:
            stores.grants.add(origin)

        def act(database: Database, number: int, origin: Grant = origin, got: list[Grant] = got) -> bool:
            """One revokes, the others exchange."""
            with database.begin(ORIGIN) as stores:
                if number == 0:
                    return stores.grants.revoke(origin.id, NOW)
                held = stores.grants.hold((origin.id,))
                if held:
                    stores.grants.add(got[number], (origin.id,))
                return held

        results = race.run(act)

        assert results[0]
        with race.database.read() as stores:
            found = [stores.grants.get(one.id) for one in got]
        assert [one is not None for one in found[1:]] == results[1:]
        assert all(one.revoked_at == NOW for one in found if one is not None)
