"""A page in parts of the time range: pages that were cut short anywhere together are the whole answer."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Executable

from sso.audit.found import Found
from sso.audit.query import AuditQuery, Looked, pages
from sso.audit.record import Outcome, Severity, first_id_of, moment_of_id, new_event_id
from sso.storage import audit_look, audit_parts
from sso.storage.database import Database
from sso.storage.errors import StorageUnavailable
from sso.storage.unit_of_work import UnitOfWork
from tests.storage.examples import DAY, HOUR, MINUTE, NOW
from tests.storage.test_audit import record_both

SINCE, UNTIL = NOW - 2 * DAY, NOW + 2 * DAY
MICROSECOND, MILLISECOND = timedelta(microseconds=1), timedelta(milliseconds=1)
FACETS: Sequence[dict[str, Any]] = (
    {},
    {"outcome": Outcome.FAILURE},
    {"severity": Severity.LOW},
    {"events": ("auth.*",)},
    {"client_id": "client-1"},
    {"involving": ("account-1",)},
    {"text": "openid"},
    {"claim": "email"},
    {"status_code": "bad"},
    {"status_code": "nothing of the kind"},
)


@pytest.fixture
def filled(sql_database: Database) -> Database:
    """A burst, many in one millisecond, a quiet time, and records at both ends of the range."""
    moments = [NOW + number * MINUTE for number in range(20)]
    moments += [NOW + number * MICROSECOND for number in range(0, 4000, 400)]
    moments += [SINCE - MICROSECOND, SINCE, UNTIL - MICROSECOND, UNTIL, UNTIL - HOUR]
    record_both(sql_database, moments)
    return sql_database


class Slow:
    """A database that cannot look through more than some records in its time, and a clock that it moves."""

    def __init__(self, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most = most
        self.now = 0.0
        self.calls = self.too_slow = 0
        self._run = UnitOfWork.rows_in_time
        monkeypatch.setattr(UnitOfWork, "rows_in_time", lambda *given: self.rows_in_time(*given))
        monkeypatch.setattr(audit_parts, "monotonic", lambda: self.now)

    def rows_in_time(self, unit: UnitOfWork, statement: Executable, seconds: float) -> Sequence[Any] | None:
        self.now += random.choice((0.01, 0.3, 1.0, 1.9))
        self.calls += 1
        rows = self._run(unit, statement, seconds)
        assert rows is not None
        if len(rows) > self.most:
            self.too_slow += 1
            self.now += seconds
            return None
        return rows


def looked_through(database: Database, query: AuditQuery, seconds: float) -> list[Looked[Found]]:
    """All pages, each going on where the one before ended."""
    found: list[Looked[Found]] = []
    while True:
        with database.read() as stores:
            page = stores.audit_search.look(query, seconds)
        found.append(page)
        if page.back_to is None and len(page.found) < query.limit:
            return found
        query = replace(query, before=page.before or page.found[-1].id)


@pytest.mark.parametrize("facets", FACETS, ids=lambda facets: "-".join(map(str, facets.items())) or "none")
@pytest.mark.parametrize(("most", "limit"), [(8, 1000), (9, 14), (2, 2)])
def test_pages_that_are_cut_short_together_are_the_whole_answer(
    filled: Database, monkeypatch: pytest.MonkeyPatch, facets: dict[str, Any], most: int, limit: int
) -> None:
    query = AuditQuery(since=SINCE, until=UNTIL, limit=limit, **facets)
    with filled.read() as stores:
        whole = [each.id for page in pages(query, stores.audit_search.search) for each in page]
    Slow(most, monkeypatch)

    for seconds in (-1.0, 1.5, 1_000_000.0):
        found = looked_through(filled, query, seconds)

        assert [record.id for page in found for record in page.found] == whole
        for page in found:
            assert all(moment_of_id(record.id) >= page.back_to for record in page.found if page.back_to)


def test_most_is_found_although_every_first_try_is_too_slow(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = AuditQuery(since=SINCE, until=UNTIL, limit=1000)
    slow = Slow(8, monkeypatch)

    found = looked_through(filled, query, 1.5)

    assert slow.too_slow > 2
    assert len(found) > 3
    assert [page.back_to is None for page in found] == [False] * (len(found) - 1) + [True]
    assert sorted({page.back_to for page in found if page.back_to}, reverse=True) == [
        page.back_to for page in found if page.back_to
    ]


def test_what_is_quick_is_one_statement(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(1000, monkeypatch)

    with filled.read() as stores:
        page = stores.audit_search.look(AuditQuery(since=SINCE, until=UNTIL, limit=1000), -1.0)

    assert page.back_to is None
    assert (slow.calls, slow.too_slow) == (1, 0)


def test_entries_are_looked_for_in_parts_to_the_end(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = AuditQuery(since=SINCE, until=UNTIL, limit=1000, text="openid")
    with filled.read() as stores:
        whole = [record.id for record in stores.audit_search.search(query)]
    slow = Slow(8, monkeypatch)

    with filled.read() as stores:
        assert [entry.id for entry in stores.audit_search.entries(query)] == whole
    assert slow.too_slow > 0


def test_a_log_that_cannot_be_looked_through_at_all_is_no_endless_search(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Slow(-1, monkeypatch)

    with (
        pytest.raises(StorageUnavailable, match="a millisecond of the log"),
        filled.read() as stores,
    ):
        stores.audit_search.look(AuditQuery(since=SINCE, until=UNTIL), 1.0)


def test_a_page_that_ended_before_1970_is_gone_on_from() -> None:
    long_ago = AuditQuery(since=NOW.replace(year=1), until=NOW)

    page: Looked[Found] = Looked((), NOW.replace(year=1950))

    assert page.before is not None
    assert audit_look._end(replace(long_ago, before=page.before)) == datetime(1970, 1, 1, tzinfo=UTC)


def test_the_first_id_of_a_millisecond_is_not_above_any_other() -> None:
    for moment in (NOW.replace(microsecond=number * 1000) for number in (0, 1, 123, 999)):
        first = first_id_of(moment + 999 * MICROSECOND)
        assert moment_of_id(first) == moment
        assert all(first <= new_event_id(moment, number % 3) for number in range(300))
        assert all(first > new_event_id(moment - MILLISECOND, 4095) for _ in range(300))
