"""Counts by the hour answer what counting the entries one by one would: of any kind, in any steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from sso.audit.event import CodeReused, NodeStarted
from sso.audit.query import AuditQuery, Bar
from sso.audit.record import AuditEvent, Outcome, Severity
from sso.storage import audit_hours
from sso.storage.audit_check import wrong_hours
from sso.storage.audit_hour_bars import spans_of, torn_hours, whole_hours
from sso.storage.audit_hours import HOUR, Hours, SqlAuditHours
from sso.storage.database import Database
from tests.storage.examples import DAY, MINUTE, NOW, ORIGIN, SECOND
from tests.storage.test_audit import failed, issued
from tests.storage.test_audit_count import Slow

BEGIN = NOW.replace(minute=0, second=0, microsecond=0)
MICROSECOND = timedelta(microseconds=1)
REUSED = CodeReused(client_id="client-1", account_id="account-1", grant_id="g")
EVENTS: Sequence[AuditEvent] = (
    *(issued(client_id=client) for client in ("client-1", "client-2", "")),
    failed(account_id="account-2"),
    NodeStarted(node="n", version="1"),
    REUSED,
)
FAMILIES = ((), ("token.issued",), ("auth.*", "token."), ("code.reuse_detected", "node.*"), ("nothing.*",))


@dataclass
class Counted:
    """A log that grows, and every event that was written to it."""

    database: Database
    random: Random
    written: list[tuple[datetime, AuditEvent]] = field(default_factory=list)

    def moment(self) -> datetime:
        """Often the edge of an hour, or just before it."""
        hour = BEGIN + self.random.randrange(5 * 24) * HOUR
        some = self.random.randrange(3_600) * SECOND
        return hour + self.random.choice((timedelta(0), -MICROSECOND, MICROSECOND, 30 * MINUTE, some, some))

    def write(self, number: int) -> None:
        new = [(self.moment(), self.random.choice(EVENTS)) for _ in range(number)]
        with self.database.begin(ORIGIN) as stores:
            for moment, event in new:
                stores.audit.append(event, moment)
        self.written += new

    def place(self, batch: int) -> None:
        with self.database.begin(ORIGIN) as stores:
            stores.audit_tree.open_epoch(1, "id.example.gov/audit", NOW)
        with self.database.begin(ORIGIN) as stores:
            assert stores.audit_tree.sequence(batch) <= batch

    def take_back(self, share: float) -> None:
        with self.database.begin(ORIGIN) as stores:
            [head] = stores.audit_tree.heads()
            stores.audit_tree.cut(1, round(head.frontier.size * share))

    def query(self) -> AuditQuery:
        since = self.moment()
        length = self.random.choice((DAY, 2 * DAY, 5 * HOUR, self.random.randrange(1, 400_000) * SECOND))
        facets: dict[str, Any] = {"events": self.random.choice(FAMILIES)}
        facets["outcome"] = self.random.choice((None, None, *Outcome))
        facets["severity"] = self.random.choice((None, None, *Severity))
        facets["client_id"] = self.random.choice((None, None, "client-1", "client-3", ""))
        return AuditQuery(since=since, until=since + length, **facets)

    def histogram(self, query: AuditQuery, bars: int) -> Sequence[Bar]:
        with self.database.read() as stores:
            return stores.audit_search.histogram(query, bars)

    def one_by_one(self, query: AuditQuery, bars: int) -> Sequence[Bar]:
        width = -((query.until - query.since) // -bars)
        counts = [dict.fromkeys(Outcome, 0) for _ in range(bars)]
        for moment, event in self.written:
            if query.since <= moment < query.until and wanted(query, event):
                counts[(moment - query.since) // width][event.outcome] += 1
        return [
            Bar(query.since + number * width, count[Outcome.SUCCESS], count[Outcome.FAILURE])
            for number, count in enumerate(counts)
        ]


def wanted(query: AuditQuery, event: AuditEvent) -> bool:
    code = event.code
    return (
        (not query.events or any(code == name or code.startswith(family(name)) for name in query.events))
        and query.outcome in (None, event.outcome)
        and (query.severity is None or event.severity >= query.severity)
        and query.client_id in (None, getattr(event, "client_id", None))
    )


def family(name: str) -> str:
    """What the codes of a family begin with; no code begins with what is the name of one event."""
    return name.removesuffix("*") if name.endswith((".", ".*")) else "\0"


@pytest.fixture
def counted(sql_database: Database) -> Counted:
    log = Counted(sql_database, Random(7))
    log.write(60)
    return log


@pytest.mark.parametrize("seed", range(2))
def test_any_question_is_answered_as_if_each_entry_was_counted(
    sql_database: Database, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever has its place already, and however much the database does in its time."""
    log, random = Counted(sql_database, Random(seed)), Random(seed)
    log.place(0)
    for turn in range(15):
        log.write(random.randrange(12))
        if turn % 3:
            log.place(random.randrange(40))
        if turn % 6 == 5:
            log.take_back(random.random())
        for _ in range(4):
            query, bars = log.query(), random.choice((1, 2, 7, 24, 30, 100))
            assert log.histogram(query, bars) == log.one_by_one(query, bars), (query, bars)
    assert list(wrong_hours(sql_database)) == []

    Slow(6, monkeypatch)
    for _ in range(10):
        query, bars = log.query(), random.choice((1, 7, 24))
        assert log.histogram(query, bars) == log.one_by_one(query, bars), (query, bars)


def test_whole_hours_are_not_counted_again(counted: Counted) -> None:
    """A false count shows in each whole hour of a bar, and in no part of one."""
    counted.place(100)
    falsify(counted.database, "UPDATE audit_hour SET events = events + 1000")
    aligned = AuditQuery(since=BEGIN - HOUR, until=BEGIN + 6 * DAY)
    ragged = AuditQuery(since=BEGIN + MINUTE, until=BEGIN + HOUR + MINUTE)

    [whole] = counted.histogram(aligned, 1)
    parts = counted.histogram(ragged, 1)

    assert whole.success > 1000
    assert whole.failure > 1000
    assert parts == counted.one_by_one(ragged, 1)


def test_what_is_not_counted_by_the_hour_is_looked_for_in_the_log(counted: Counted) -> None:
    counted.place(100)
    falsify(counted.database, "UPDATE audit_hour SET events = events + 1000")
    query = AuditQuery(since=BEGIN - HOUR, until=BEGIN + 6 * DAY, account_id="account-1")

    [bar] = counted.histogram(query, 1)

    assert 0 < bar.success < 60
    assert 0 < bar.failure < 60


def test_an_event_without_an_application_is_not_one_of_the_application_without_a_name(
    counted: Counted,
) -> None:
    counted.place(100)
    query = AuditQuery(since=BEGIN - HOUR, until=BEGIN + 6 * DAY, client_id="")

    [bar] = counted.histogram(query, 1)

    assert bar.failure == 0
    assert bar.success == sum(getattr(event, "client_id", None) == "" for _, event in counted.written) > 0


def test_a_transaction_that_does_not_commit_counts_nothing(counted: Counted) -> None:
    counted.place(10)

    with pytest.raises(ZeroDivisionError), counted.database.begin(ORIGIN) as stores:
        assert stores.audit_tree.sequence() == 50
        raise ZeroDivisionError

    assert sum_of(counted.database) == 10
    assert list(wrong_hours(counted.database)) == []


def test_what_a_release_that_counts_nothing_gave_places_is_counted_by_the_next_one(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then nothing is answered from the counts, nor compared with them."""
    query = AuditQuery(since=BEGIN - HOUR, until=BEGIN + 6 * DAY)
    counted.place(10)
    with monkeypatch.context() as before:
        before.setattr(SqlAuditHours, "count", lambda *given: given[2])
        counted.place(20)

    assert sum_of(counted.database) == 10
    assert counted.histogram(query, 6) == counted.one_by_one(query, 6)
    assert list(wrong_hours(counted.database)) == []

    counted.place(1)

    assert sum_of(counted.database) == 31
    assert counted.histogram(query, 6) == counted.one_by_one(query, 6)
    assert list(wrong_hours(counted.database)) == []


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_it_is_counted_too_where_places_are_taken_back_and_where_all_is_counted_anew(
    counted: Counted, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    counted.place(10)
    with monkeypatch.context() as before:
        before.setattr(SqlAuditHours, "count", lambda *given: given[2])
        counted.place(20)
    if share < 1:
        counted.take_back(share)
    with counted.database.begin(ORIGIN) as stores:
        stores.audit_hours.catch_up()

    assert sum_of(counted.database) == round(30 * share)
    assert list(wrong_hours(counted.database)) == []


def test_many_are_counted_by_several_statements(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_hours, "MOST_AT_ONCE", 7)
    query = AuditQuery(since=BEGIN - HOUR, until=BEGIN + 6 * DAY)

    counted.place(20)
    behind = sum_of(counted.database)
    bars = counted.histogram(query, 6)
    counted.take_back(0.9)

    assert behind == 7
    assert bars == counted.one_by_one(query, 6)
    assert sum_of(counted.database) == 18


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ("UPDATE audit_hour SET events = events - 1 WHERE {one}", 1),
        ("UPDATE audit_hour SET outcome = 'other' WHERE {one}", 1),
        ("DELETE FROM audit_hour WHERE {one}", 1),
        ("UPDATE audit_hour SET client_id = 'somebody'", None),
        ("DELETE FROM audit_hour", None),
    ],
)
def test_an_hour_that_is_not_counted_as_its_entries_are_is_named_and_counted_anew(
    counted: Counted, change: str, number: int | None
) -> None:
    counted.place(100)
    hours = [moment.replace(minute=0, second=0, microsecond=0) for moment, _ in counted.written]
    chosen = max(set(hours), key=hours.count)
    literal = "'{:%Y-%m-%d %H:%M+00}'" if counted.database.dialect == "postgresql" else "{0:%s}000000"
    falsify(counted.database, change.format(one=f"hour = {literal.format(chosen)}"))

    wrong = list(wrong_hours(counted.database))
    with counted.database.begin(ORIGIN) as stores:
        for hour in wrong:
            stores.audit_hours.count_again(Hours(hour, hour + HOUR))

    assert wrong == ([chosen] if number else sorted(set(hours)))
    assert list(wrong_hours(counted.database)) == []
    assert sum_of(counted.database) == 60


def test_a_count_where_nothing_was_logged_is_named(counted: Counted) -> None:
    counted.place(100)
    later = (
        "hour + interval '400 days'"
        if counted.database.dialect == "postgresql"
        else f"hour + {400 * 86_400}000000"
    )
    falsify(
        counted.database,
        f"INSERT INTO audit_hour SELECT {later}, event, outcome, severity, client_id, events FROM audit_hour",
    )

    wrong = list(wrong_hours(counted.database))

    assert wrong == sorted({hour + 400 * DAY for hour in known_hours(counted)})


def test_hours_are_compared_one_by_one_where_a_day_takes_too_long(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.place(100)
    falsify(counted.database, "UPDATE audit_hour SET events = events + 1")
    monkeypatch.setattr("sso.storage.unit_of_work.UnitOfWork.rows_in_time", lambda *_: None)

    assert list(wrong_hours(counted.database)) == known_hours(counted)


def test_an_empty_log_has_no_hours(sql_database: Database) -> None:
    assert list(wrong_hours(sql_database)) == []


@pytest.mark.parametrize(
    ("since", "until", "bars", "torn", "whole"),
    [
        ("00:00", "24:00", 24, [], ("00:00", "24:00")),
        ("00:30", "24:30", 1, [("00:30", "01:00"), ("24:00", "24:30")], ("01:00", "24:00")),
        ("00:30", "24:30", 24, [("00:30", "24:30")], ("01:00", "24:00")),
        ("00:00", "05:00", 2, [("02:00", "03:00")], ("00:00", "05:00")),
        ("01:10", "01:20", 1, [("01:10", "01:20")], ("01:20", "01:00")),
        ("01:10", "02:20", 1, [("01:10", "02:20")], ("02:00", "02:00")),
    ],
)
def test_an_hour_is_torn_that_no_bar_holds_as_a_whole(
    since: str, until: str, bars: int, torn: list[tuple[str, str]], whole: tuple[str, str]
) -> None:
    query = AuditQuery(since=at(since), until=at(until))

    assert spans_of(query, torn_hours(query, bars)) == [(at(a), at(b)) for a, b in torn]
    assert whole_hours(query) == Hours(at(whole[0]), at(whole[1]))


def at(clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return BEGIN.replace(hour=0) + int(hours) * HOUR + int(minutes) * MINUTE


def known_hours(log: Counted) -> list[datetime]:
    return sorted({moment.replace(minute=0, second=0, microsecond=0) for moment, _ in log.written})


def falsify(database: Database, statement: str) -> None:
    with database._schema_writer() as connection:
        connection.execute(text(statement))


def sum_of(database: Database) -> int:
    with database._schema_reader() as connection:
        return int(connection.execute(text("SELECT coalesce(sum(events), 0) FROM audit_hour")).scalar_one())
