"""Attempts that were refused add up: over threads and processes, successes between them, and a kill."""

import os
import signal
from datetime import timedelta

import pytest

from sso.audit.query import AuditQuery
from sso.audit.record import AuditRecord
from sso.authentication.throttling import ENDED, Throttled, ThrottleRules, record_refusals
from sso.storage.database import Database
from tests.storage.examples import DAY, NOW, ORIGIN, SECOND
from tests.storage.racing import THREADS, Race, forked

ATTEMPTS = 10_000
TRANSACTIONS = 20
"""Of each thread: many attempts share one, so that the test does not wait for the disk."""

RULES = ThrottleRules(b"throttle", account_limit=10, network_limit=ATTEMPTS)
OVER = NOW + timedelta(seconds=RULES.window_seconds) + ENDED + SECOND


def guesses(database: Database, number: int, name: str = "tuya") -> int:
    """Guess at a name some times in one transaction and return how often it was refused."""
    refused = 0
    with database.begin(ORIGIN) as stores:
        for second in range(number):
            try:
                RULES.count_attempt(name, "192.0.2.7", stores, NOW + second * SECOND)
            except Throttled:
                refused += 1
    return refused


def totals(database: Database) -> list[AuditRecord]:
    asked = AuditQuery(since=NOW, until=NOW + DAY, events=("ratelimit.ended",))
    with database.read() as stores:
        return list(stores.audit_search.search(asked))


def recorded(database: Database) -> int:
    with database.begin(ORIGIN) as stores:
        return record_refusals(stores, OVER, 100)


def test_ten_thousand_attempts_of_several_threads_add_up(race: Race) -> None:
    each = ATTEMPTS // THREADS // TRANSACTIONS

    def attack(database: Database, _: int) -> int:
        return sum(guesses(database, each) for _ in range(TRANSACTIONS))

    refused = sum(race.run(attack))
    race.run(lambda database, _: recorded(database))

    (total,) = totals(race.database)
    assert refused == ATTEMPTS - RULES.account_limit
    assert total.detail["refused"] == refused
    assert total.detail["key_hmac"] == RULES.name_digest("tuya").hex()[:32]
    assert total.detail["last_at"] == (NOW + (each - 1) * SECOND).isoformat()


def test_a_success_or_another_window_loses_no_refusal(sql_database: Database) -> None:
    guesses(sql_database, 13)
    with sql_database.begin(ORIGIN) as stores:
        RULES.succeeded("tuya", stores)
        stores.throttles.attempt(RULES.name_digest("tuya"), window_seconds=60, now=NOW + DAY)
    guesses(sql_database, 11, name="bolor")

    assert recorded(sql_database) == 2
    assert sorted(total.detail["refused"] for total in totals(sql_database)) == [1, 3]


def test_a_window_is_summed_up_when_it_is_over(sql_database: Database) -> None:
    guesses(sql_database, 12)

    with sql_database.begin(ORIGIN) as stores:
        early = record_refusals(stores, NOW + timedelta(seconds=RULES.window_seconds), 100)

    assert (early, recorded(sql_database), recorded(sql_database)) == (0, 1, 0)


@pytest.mark.parametrize("answered", [1, 40])
def test_a_kill_loses_nothing_that_was_answered(sql_database: Database, answered: int) -> None:
    guesses(sql_database, RULES.account_limit)
    reading, writing = os.pipe()

    def attack() -> int:
        while True:
            guesses(sql_database, 1)
            os.write(writing, b".")

    child = forked(attack)
    got = sum(len(os.read(reading, 1)) for _ in range(answered))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(writing)
    while left := os.read(reading, 100):
        got += len(left)
    os.close(reading)
    recorded(sql_database)

    (total,) = totals(sql_database)
    assert total.detail["refused"] in (got, got + 1)
