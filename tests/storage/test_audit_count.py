"""Counting over time in parts: what is too much for one statement has the same answer, a part at a time."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, Select, func, literal, select

from sso.audit.query import AuditQuery
from sso.audit.record import Origin, Outcome
from sso.storage import audit_parts
from sso.storage.audit_selection import TooManyRecords
from sso.storage.database import Database
from sso.storage.errors import StorageUnavailable
from sso.storage.unit_of_work import UnitOfWork
from tests.storage.examples import DAY, HOUR, MINUTE, NOW
from tests.storage.test_audit import issued, record_both

SINCE, UNTIL = NOW - 2 * DAY, NOW + 2 * DAY
MICROSECOND = timedelta(microseconds=1)
FACETS: Sequence[dict[str, Any]] = (
    {},
    {"outcome": Outcome.FAILURE},
    {"events": ("auth.*",)},
    {"client_id": "client-1"},
    {"involving": ("account-1",)},
    {"address": "192.0.2.0/24"},
    {"text": "openid"},
)


@pytest.fixture
def filled(sql_database: Database) -> Database:
    """A burst, a quiet time, and records on both sides of where a range of four days is cut."""
    moments = [NOW + number * MINUTE for number in range(30)]
    moments += [SINCE + day * DAY for day in range(5)]
    moments += [SINCE + day * DAY - MICROSECOND for day in range(5)]
    moments += [UNTIL - HOUR]
    record_both(sql_database, moments)
    return sql_database


class Slow:
    """A database that cannot count more than some records in its time."""

    def __init__(self, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most = most
        self.sizes: list[int] = []
        self.too_slow = 0
        self._run = UnitOfWork.rows_in_time
        monkeypatch.setattr(UnitOfWork, "rows_in_time", lambda *given: self.rows_in_time(*given))

    def rows_in_time(self, unit: UnitOfWork, statement: Executable, seconds: float) -> Sequence[Any] | None:
        rows = self._run(unit, statement, seconds)
        assert rows is not None
        size = sum(int(row.records) for row in rows)
        if size > self.most:
            self.too_slow += 1
            return None
        self.sizes.append(size)
        return rows


@pytest.mark.parametrize("facets", FACETS, ids=lambda facets: next(iter(facets), "none"))
@pytest.mark.parametrize("bars", [1, 7, 96])
def test_the_parts_together_are_what_one_statement_counts(
    filled: Database, monkeypatch: pytest.MonkeyPatch, facets: dict[str, Any], bars: int
) -> None:
    query = AuditQuery(since=SINCE, until=UNTIL, **facets)
    with filled.read() as stores:
        whole = stores.audit_search.histogram(query, bars)
    slow = Slow(8, monkeypatch)

    with filled.read() as stores:
        parts = stores.audit_search.histogram(query, bars)

    assert parts == whole
    assert sum(bar.success + bar.failure for bar in whole) == sum(slow.sizes) > 8
    assert slow.too_slow > 0
    assert len(slow.sizes) > 3


@pytest.mark.parametrize(
    ("facets", "bars", "statements"), [({"text": "openid"}, 24, 1), ({}, 96, 1), ({}, 4, 6), ({}, 24, 26)]
)
def test_what_is_quick_is_one_statement_and_one_for_each_hour_between_two_bars(
    filled: Database,
    monkeypatch: pytest.MonkeyPatch,
    facets: dict[str, Any],
    bars: int,
    statements: int,
) -> None:
    """The range begins and ends within an hour, and so does each bar."""
    counting = Slow(1_000, monkeypatch)

    with filled.read() as stores:
        stores.audit_search.histogram(AuditQuery(since=SINCE, until=UNTIL, **facets), bars)

    assert len(counting.sizes) == statements


def test_a_log_that_cannot_be_counted_at_all_is_no_endless_count(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Slow(-1, monkeypatch)

    with (
        pytest.raises(StorageUnavailable, match="a millisecond of the log"),
        filled.read() as stores,
    ):
        stores.audit_search.histogram(AuditQuery(since=SINCE, until=UNTIL), 24)


def test_whoever_may_take_only_so_long_is_refused_more(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = AuditQuery(since=SINCE, until=UNTIL)
    with filled.read() as stores:
        assert stores.audit_search.histogram(query, 24, 60.0) == stores.audit_search.histogram(query, 24)
        with pytest.raises(TooManyRecords, match="ask for a shorter time"):
            stores.audit_search.histogram(query, 24, -0.1)


def endless() -> Select[Any]:
    """A statement that takes minutes on either database."""
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < 1_000_000_000))
    return select(func.count().label("records")).select_from(numbers)


def test_a_statement_that_takes_too_long_is_given_up_and_its_transaction_goes_on(
    sql_database: Database,
) -> None:
    """The limit is the one statement's: what follows may take as long as before."""
    longer = select(func.count().label("records")).select_from(_some_numbers(300_000))
    began = time.monotonic()
    with sql_database.begin(Origin()) as stores:
        unit = stores.audit_search._unit
        first = stores.audit.append(issued(), NOW)
        stores.audit_search.find(first)
        assert unit.rows_in_time(endless(), 0.05) is None
        assert [row.records for row in unit.rows(longer)] == [300_000]
        assert [row.records for row in unit.rows_in_time(longer, 60.0) or ()] == [300_000]
        second = stores.audit.append(issued(), NOW)
    assert time.monotonic() - began < 30

    with sql_database.read() as stores:
        assert stores.audit_search._unit.rows_in_time(endless(), 0.05) is None
        assert None not in (stores.audit_search.find(first), stores.audit_search.find(second))


def _some_numbers(most: int) -> Any:
    numbers = select(literal(1).label("n")).cte("some_numbers", recursive=True)
    return numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < most))


def test_a_part_is_well_within_the_limit_of_a_statement() -> None:
    """What is given up must not be what the database ends: `sso.storage.postgresql` says 10 seconds."""
    from sso.storage.postgresql import STATEMENT_SECONDS

    assert audit_parts.PART_SECONDS * 2 < STATEMENT_SECONDS
