"""Entries that are asked for again: taken by one worker, kept for a day, so many for each application."""

from datetime import timedelta

import pytest

from sso.storage.audit_recalls import AGAIN, KEPT, KEPT_AFTER_GIVEN, LEASE, MAX_OF_CLIENT, Recall
from sso.storage.database import Database
from tests.storage.examples import HOUR, MINUTE, NOW, ORIGIN
from tests.storage.racing import Race

SECOND = timedelta(seconds=1)


@pytest.fixture
def asked(sql_database: Database) -> Database:
    with sql_database.begin(ORIGIN) as stores:
        assert stores.audit_recalls.ask("e", "housing", NOW)
    return sql_database


def test_what_was_asked_for_waits_until_it_was_read(asked: Database) -> None:
    with asked.begin(ORIGIN) as stores:
        assert stores.audit_recalls.of("e") == Recall(None, failed=False)
        assert stores.audit_recalls.of("another") is None

        stores.audit_recalls.keep("e", b"body", NOW)

        assert stores.audit_recalls.of("e") == Recall(b"body", failed=False)
        assert stores.audit_recalls.take(NOW + AGAIN) == []


def test_it_is_asked_for_once_whoever_asks_again(asked: Database) -> None:
    with asked.begin(ORIGIN) as stores:
        stores.audit_recalls.keep("e", b"body", NOW)

        assert stores.audit_recalls.ask("e", "tax", NOW)

        assert stores.audit_recalls.of("e") == Recall(b"body", failed=False)


def test_one_worker_takes_it_until_its_lease_ends(asked: Database) -> None:
    with asked.begin(ORIGIN) as stores:
        assert stores.audit_recalls.take(NOW - SECOND) == []
        assert stores.audit_recalls.take(NOW) == ["e"]
        assert stores.audit_recalls.take(NOW + LEASE - SECOND) == []
        assert stores.audit_recalls.take(NOW + LEASE) == ["e"]


def test_of_workers_that_take_at_once_one_has_it(race: Race) -> None:
    with race.database.begin(ORIGIN) as stores:
        stores.audit_recalls.ask("e", "housing", NOW)

    def take(database: Database, _number: int) -> list[str]:
        with database.begin(ORIGIN) as stores:
            return list(stores.audit_recalls.take(NOW))

    assert sorted(race.run(take)) == [[], [], [], ["e"]]


def test_what_could_not_be_read_is_tried_again_and_may_still_be(asked: Database) -> None:
    with asked.begin(ORIGIN) as stores:
        stores.audit_recalls.take(NOW)
        stores.audit_recalls.failed("e", NOW)

        assert stores.audit_recalls.of("e") == Recall(None, failed=True)
        assert stores.audit_recalls.take(NOW + AGAIN - SECOND) == []
        assert stores.audit_recalls.take(NOW + AGAIN) == ["e"]
        stores.audit_recalls.keep("e", b"body", NOW + AGAIN)
        assert stores.audit_recalls.of("e") == Recall(b"body", failed=False)


def test_it_goes_after_a_day_and_soon_after_it_was_fetched(asked: Database) -> None:
    with asked.begin(ORIGIN) as stores:
        stores.audit_recalls.ask("fetched", "housing", NOW)
        for event_id in ("e", "fetched"):
            stores.audit_recalls.keep(event_id, b"body", NOW)
        stores.audit_recalls.given("fetched", NOW + HOUR)
        stores.audit_recalls.given("fetched", NOW + HOUR + MINUTE)  # later again: it does not stay for that

    with asked.begin(ORIGIN) as stores:
        gone = [
            stores.cleanup.sweep("audit_recall", at)
            for at in (NOW + HOUR + KEPT_AFTER_GIVEN - SECOND, NOW + HOUR + KEPT_AFTER_GIVEN, NOW + KEPT)
        ]

    assert gone == [0, 1, 1]


def test_an_application_asks_for_so_many_at_a_time_and_holds_up_no_other(sql_database: Database) -> None:
    with sql_database.begin(ORIGIN) as stores:
        for number in range(MAX_OF_CLIENT):
            assert stores.audit_recalls.ask(f"e-{number}", "housing", NOW)

        assert not stores.audit_recalls.ask("one more", "housing", NOW)
        assert stores.audit_recalls.of("one more") is None
        assert stores.audit_recalls.ask("another's", "tax", NOW)
