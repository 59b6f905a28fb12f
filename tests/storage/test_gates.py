"""What one caller alone wins waits for the commit of many, and has one winner all the same."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from sso.audit.query import AuditQuery
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import AuthorizationCode
from sso.storage.database import Database
from sso.storage.gates import PARAMETER, Attempt, Gate
from sso.storage.grants import _REDEEM
from sso.storage.insertion import together
from sso.storage.postgresql import PostgresqlEngines
from sso.storage.refresh_tokens import _USE
from sso.storage.stores import SqlStores
from sso.storage.tables import audit_event
from tests.storage.conftest import SEALER, opened, url_of
from tests.storage.examples import DAY, NOW, ORIGIN, code, grant, refresh_token
from tests.storage.test_round_trips import EVENT, statements

ROUNDS = 200
CALLERS = 4

pytestmark = pytest.mark.postgresql


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    made = opened(url_of(request, "postgresql", tmp_path))
    made.audit_keys.for_event(None, NOW)  # made at the first event of a month
    yield made
    made.dispose()


def kept(database: Database, given: AuthorizationCode) -> AuthorizationCode:
    with database.begin(ORIGIN) as stores:
        stores.codes.add(given)
    return given


def events(database: Database) -> int:
    with database.read() as stores:
        return len(stores.audit_search.search(AuditQuery(since=NOW - DAY, until=NOW + DAY, limit=1000)))


def redeeming(given: AuthorizationCode, token: bytes = b"r" * 32) -> "Redemption":
    return Redemption(given, token)


class Redemption:
    """Redeems a code as the grant does, and counts how often it was begun."""

    def __init__(self, given: AuthorizationCode, token: bytes) -> None:
        self.given, self.token, self.begun = given, token, 0

    def __call__(self, stores: SqlStores) -> bool:
        self.begun += 1
        found = stores.codes.get(self.given.digest)
        assert found is not None
        won = stores.codes.redeem(self.given.digest, NOW)
        if won:
            stores.refresh_tokens.add(refresh_token(found.grant, digest=self.token))
        stores.audit.append(EVENT, NOW)
        return won


def test_a_redemption_is_two_statements(database: Database) -> None:
    given = kept(database, code())

    with statements() as sent:
        assert database.run(ORIGIN, redeeming(given))

    assert len(sent) == 2
    with database.read() as stores:
        found = stores.codes.get(given.digest)
        assert found is not None and found.redeemed_at == NOW
        assert stores.refresh_tokens.get(b"r" * 32) is not None
    assert events(database) == 1


def test_who_was_overtaken_does_it_again_and_learns_it(database: Database) -> None:
    given = kept(database, code())
    redemption = redeeming(given, b"2" * 32)

    def late(stores: SqlStores) -> bool:
        won = redemption(stores)
        if redemption.begun == 1:
            assert database.run(ORIGIN, redeeming(given, b"1" * 32))
        return won

    assert not database.run(ORIGIN, late)
    assert redemption.begun == 2
    with database.read() as stores:
        assert stores.refresh_tokens.get(b"1" * 32) is not None
        assert stores.refresh_tokens.get(b"2" * 32) is None
    assert events(database) == 2, "one of the winner, one of the refusal, none of what was taken back"


def test_a_refusal_after_winning_spends_the_code(database: Database) -> None:
    given = kept(database, code())

    def refused(stores: SqlStores) -> None:
        assert stores.codes.redeem(given.digest, NOW)
        stores.audit.append(EVENT, NOW)
        raise TokenError(ErrorCode.INVALID_GRANT, "expired")

    with pytest.raises(TokenError):
        database.run(ORIGIN, refused)

    assert events(database) == 1
    assert not database.run(ORIGIN, redeeming(given))


def test_what_fails_after_winning_spends_nothing(database: Database) -> None:
    given = kept(database, code())

    def failing(stores: SqlStores) -> None:
        assert stores.codes.redeem(given.digest, NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.run(ORIGIN, failing)

    assert database.run(ORIGIN, redeeming(given))


def test_whoever_looks_after_winning_sees_it(database: Database) -> None:
    given = kept(database, code())

    def looking(stores: SqlStores) -> AuthorizationCode | None:
        assert stores.codes.redeem(given.digest, NOW)
        return stores.codes.get(given.digest)

    found = database.run(ORIGIN, looking)

    assert found is not None and found.redeemed_at == NOW


def test_two_that_are_won_in_one_unit_are_both_won(database: Database) -> None:
    first, second = kept(database, code()), kept(database, code(digest=b"d" * 32, grant=grant(id="grant-2")))

    def both(stores: SqlStores) -> list[bool]:
        return [stores.codes.redeem(each.digest, NOW) for each in (first, second)]

    assert database.run(ORIGIN, both) == [True, True]
    assert database.run(ORIGIN, both) == [False, False]


def attempt_at(given: AuthorizationCode) -> Attempt:
    return Attempt.of(_REDEEM, {"digest": given.digest, "redeemed_at": NOW})


def test_of_two_in_one_statement_one_wins_and_a_third_is_not_concerned(database: Database) -> None:
    given = kept(database, code())
    other = kept(database, code(digest=b"d" * 32, grant=grant(id="grant-2")))
    engines = database._my_engines()
    assert isinstance(engines, PostgresqlEngines)
    attempts = [attempt_at(given), attempt_at(given), attempt_at(other)]

    won = engines._insert({audit_event: []}, attempts)

    assert attempts[2].unit in won
    assert len(won) == 2
    assert engines._insert({audit_event: []}, attempts) == frozenset()


@pytest.mark.parametrize("gate", [_REDEEM, _USE], ids=lambda gate: gate.table.name)
def test_a_gate_is_found_by_its_key_from_the_first_row_on(postgresql_url: str, gate: Gate) -> None:
    """The plan is kept while the table grows. PostgreSQL reads whole only one that it found empty (VACUUM),
    and plans anew when it has looked at it again.
    """
    known = together((audit_event,), (gate,))
    values = known.values({"audit_event": "[]", PARAMETER: "[]"})
    asked = ", ".join(f"'{value}'" for value in values)

    with psycopg.connect(postgresql_url) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(b"PREPARE shared AS " + known.text)
        steps = [row[0] for row in connection.execute(f"EXPLAIN EXECUTE shared({asked})".encode())]

    assert [step for step in steps if f"Seq Scan on {gate.table.name}" in step] == []
    assert sum(f"on {gate.table.name}" in step and "Index" in step for step in steps) >= 2


def test_in_two_hundred_rounds_each_code_has_one_winner(database: Database) -> None:
    """RFC 6749 4.1.2; two pools stand for two processes."""
    with database.begin(ORIGIN) as stores:
        for number in range(ROUNDS):
            stores.codes.add(code(digest=number.to_bytes(32), grant=grant(id=f"grant-{number}")))
    other = Database(database._url.render_as_string(hide_password=False), SEALER)
    start = Barrier(CALLERS)

    def one(number: int) -> list[bool]:
        mine, outcomes = (database, other)[number % 2], []
        for each in range(ROUNDS):
            given = code(digest=each.to_bytes(32), grant=grant(id=f"grant-{each}"))
            start.wait(30)
            outcomes.append(mine.run(ORIGIN, redeeming(given, each.to_bytes(31) + bytes([number]))))
        return outcomes

    with ThreadPoolExecutor(CALLERS) as pool:
        outcomes = list(pool.map(one, range(CALLERS)))
    other.dispose()

    assert Counter(sum(each) for each in zip(*outcomes, strict=True)) == {1: ROUNDS}
    with database.read() as stores:
        for number, winner in enumerate(zip(*outcomes, strict=True)):
            tokens = [stores.refresh_tokens.get(number.to_bytes(31) + bytes([n])) for n in range(CALLERS)]
            assert [token is not None for token in tokens] == list(winner)
