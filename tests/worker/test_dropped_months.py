"""The months of the log on PostgreSQL: made ahead and dropped whole, on record, never under a hold."""

import threading
import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from sso.audit.event import AuditMonthDropped, NodeStarted, SignInSucceeded
from sso.audit.query import AuditQuery
from sso.audit.record import Origin, new_event_id
from sso.oidc.digest import new_id
from sso.storage.audit_check import wrong_hours
from sso.storage.audit_holds import EVERYTHING
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_months import Month, MonthExtent, SqlAuditMonths
from sso.storage.tables import audit_hour
from sso.worker.retention import destroy_expired_keys, keep_months
from tests.worker.conftest import Log, binary, log_at

pytestmark = pytest.mark.postgresql
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OLD = datetime(2026, 3, 15, tzinfo=UTC)
LATE = datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def log(empty_postgresql_url: str, tmp_path: Path) -> Iterator[Log]:
    """SQLite has no partitions: entries stay."""
    with log_at(empty_postgresql_url, tmp_path) as made:
        yield made


@pytest.fixture
def months(log: Log) -> dict[str, str]:
    """Events of four months, signed; their ids by date."""
    for month in (Month(2026, 3), Month(2026, 4), Month(2026, 5)):
        with log.hub.database.begin(Origin()) as stores:
            if month not in stores.audit_months.known():
                stores.audit_months.make(month)
    ids = {}
    for moment in (OLD, LATE, LATE + timedelta(seconds=1), NOW):
        with log.hub.database.begin(Origin(address="192.0.2.7")) as stores:
            ids[f"{moment:%m-%d}"] = stores.audit.append(NodeStarted(node="n", version="1"), moment)
        log.sequencer.sequence()
        log.sequencer.sign(NOW)
    return ids


def known(log: Log) -> list[Month]:
    with log.hub.database.read() as stores:
        return list(stores.audit_months.known())


def found(log: Log, event_id: str) -> bool:
    with log.hub.database.read() as stores:
        return stores.audit_search.find(event_id) is not None


def test_months_are_made_ahead_once(log: Log, months: dict[str, str]) -> None:
    keep_months(log.hub, NOW)
    keep_months(log.hub, NOW)

    assert {Month(2026, 11), Month(2026, 12), Month(2027, 1), Month(2027, 2)} <= set(known(log))
    assert found(log, months["03-15"])


def test_a_month_past_its_retention_goes_whole_on_record_and_everything_still_verifies(
    log: Log, months: dict[str, str]
) -> None:
    log.keeping(retention_days=180)
    query = AuditQuery(since=NOW - DAY, until=NOW + DAY, events=("node.*",))
    with log.hub.database.read() as stores:
        [proven] = stores.audit_receipts.proven(stores.audit_search.entries(query))

    keep_months(log.hub, NOW)

    assert {Month(2026, 3), Month(2026, 4)}.isdisjoint(known(log))
    assert Month(2026, 5) in known(log)
    assert [found(log, months[day]) for day in ("03-15", "04-30", "05-01", "11-20")] == [
        False,
        False,
        True,
        True,
    ]
    log.sequencer.sequence()
    log.sequencer.sign(NOW)
    assert log.findings() == []
    assert log.codes().count("audit.retention.dropped") == 2
    with log.hub.database.read() as stores:
        [again] = stores.audit_receipts.proven(stores.audit_search.entries(query))
        head, place = stores.audit_tree.head(), stores.audit_tree.place_of(months["04-30"])
    assert head is not None and place == (head.epoch, head.minimum_index - 1)
    assert (str(again.proof), again.entry) == (str(proven.proof), proven.entry)
    log.grow(300)
    assert log.findings() == []


def test_a_log_from_which_a_month_went_this_moment_is_whole(log: Log, months: dict[str, str]) -> None:
    """No sequencer has run since: what the log says of the drop waits for its place."""
    log.keeping(retention_days=180)

    keep_months(log.hub, NOW)

    assert log.findings() == []


def test_the_counts_of_a_month_go_with_it(log: Log, months: dict[str, str]) -> None:
    log.keeping(retention_days=180)
    before = counted_hours(log)

    keep_months(log.hub, NOW)

    gone = [hour for hour in before if Month.of(hour) < Month(2026, 5)]
    assert len(gone) == 2
    assert counted_hours(log) == [hour for hour in before if hour not in gone]
    assert list(wrong_hours(log.hub.database)) == []


def counted_hours(log: Log) -> list[datetime]:
    with log.hub.database._schema_reader() as connection:
        hours = select(audit_hour.c.hour).distinct().order_by(audit_hour.c.hour)
        return list(connection.execute(hours).scalars())


def test_what_a_month_holds_is_counted_in_steps(log: Log, months: dict[str, str]) -> None:
    with log.hub.database.begin(Origin()) as stores:
        for _ in range(4):
            stores.audit.append(NodeStarted(node="n", version="1"), LATE)
    log.sequencer.sequence()

    with log.hub.database.read() as stores:
        extents = [stores.audit_months.extent(Month(2026, 4), step) for step in (1, 2, 5, 6)]

    assert extents == [MonthExtent(5, {1: log.size})] * 4


def test_an_entry_of_a_month_that_stayed_may_not_be_missing(log: Log, months: dict[str, str]) -> None:
    log.keeping(retention_days=180)
    keep_months(log.hub, NOW)
    log.sequencer.sequence()
    log.sequencer.sign(NOW)

    log.tamper(f"DELETE FROM audit_event WHERE id = '{months['05-01']}'")

    assert [finding.what for finding in log.findings()] == ["deleted"]


def test_a_month_that_nobody_said_was_dropped_is_missing(log: Log, months: dict[str, str]) -> None:
    with log.hub.database._schema_writer() as connection:
        connection.execute(text(f"DROP TABLE {Month(2026, 3).table}"))

    assert [finding.what for finding in log.findings()] == ["deleted"]


def test_a_record_of_a_drop_that_was_put_in_by_hand_excuses_nothing(log: Log, months: dict[str, str]) -> None:
    body = binary(log, b'{"event":"audit.retention.dropped","public":{"gone_before":"f"}}')
    columns = "id, event, occurred_at, outcome, severity, body"
    values = f"'{new_id()}', 'audit.retention.dropped', now(), 'success', 4, {body}"
    log.tamper(
        f"INSERT INTO audit_event ({columns}) VALUES ({values})",
        f"DELETE FROM audit_event WHERE id = '{months['03-15']}'",
    )

    assert "deleted" in [finding.what for finding in log.findings()]


def logged_drop(month: str, entries: int, minimum: int) -> AuditMonthDropped:
    return AuditMonthDropped(
        month=month, entries=entries, gone_before="f", minimum_indices={"0": minimum, "1": minimum}
    )


def test_an_entry_of_another_month_is_not_excused_by_the_id_of_a_dropped_one(
    log: Log, months: dict[str, str]
) -> None:
    """A leaf commits to the entry, not to the id that stands beside it: the numbers have to agree."""
    log.keeping(retention_days=180)
    keep_months(log.hub, NOW)
    log.sequencer.sequence()
    log.sequencer.sign(NOW)
    young, old = months["05-01"], new_event_id(OLD)
    delete = f"DELETE FROM audit_event WHERE id = '{young}'"

    log.tamper(delete, f"UPDATE audit_leaf SET event_id = '{old}' WHERE event_id = '{young}'")
    assert [finding.what for finding in log.findings()] == ["deleted"]

    log.tamper(f"UPDATE audit_leaf SET event_id = '0' WHERE event_id = '{old}'")
    assert [finding.what for finding in log.findings()] == ["deleted"]


def test_of_a_dropped_month_no_more_is_missing_than_went(log: Log, months: dict[str, str]) -> None:
    """A place below all that went, and the id of a dropped month: only the number is too large."""
    with log.hub.database.begin(Origin()) as stores:
        stores.audit.append(logged_drop("2026-03", 1, 4), NOW)
    log.sequencer.sequence()
    log.sequencer.sign(NOW)
    young, old = months["04-30"], new_event_id(OLD)

    log.tamper(
        f"DELETE FROM audit_event WHERE id IN ('{young}', '{months['03-15']}')",
        f"UPDATE audit_leaf SET event_id = '{old}' WHERE event_id = '{young}'",
    )

    [finding] = log.findings()
    assert finding.sentence == "2 entries of 2026-03 are missing, and 1 were dropped"


def test_no_drop_is_believed_of_what_had_to_be_kept(log: Log, months: dict[str, str]) -> None:
    with log.hub.database.begin(Origin()) as stores:
        stores.audit.append(logged_drop("2026-11", 1, 4), NOW)
    log.sequencer.sequence()
    log.sequencer.sign(NOW)

    log.tamper(f"DELETE FROM audit_event WHERE id = '{months['11-20']}'")

    assert [finding.what for finding in log.findings()] == ["deleted"]


@pytest.mark.parametrize("days", [None, 300])
def test_nothing_goes_before_its_time(log: Log, months: dict[str, str], days: int | None) -> None:
    if days is not None:
        log.keeping(retention_days=days)

    keep_months(log.hub, NOW)

    assert all(found(log, each) for each in months.values())


def test_a_hold_keeps_every_month(log: Log, months: dict[str, str]) -> None:
    log.keeping(retention_days=180)
    with log.hub.database.begin(Origin()) as stores:
        hold = stores.audit_holds.set(EVERYTHING, NOW)

    keep_months(log.hub, NOW)
    assert all(found(log, each) for each in months.values())

    with log.hub.database.begin(Origin()) as stores:
        stores.audit_holds.lift(hold.id, NOW)
    keep_months(log.hub, NOW)
    assert not found(log, months["03-15"])


def hold_meanwhile(log: Log) -> threading.Thread:
    """Have somebody else set a hold on everything, and return when it waits for whoever is at work."""

    def hold() -> None:
        with log.hub.database.begin(Origin()) as stores:
            stores.audit_holds.set(EVERYTHING, NOW)

    thread, ends = threading.Thread(target=hold), time.monotonic() + 10
    thread.start()
    waits = text(
        "SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        "WHERE d.datname = current_database() AND locktype = 'advisory' AND NOT granted"
    )
    while time.monotonic() < ends:
        with log.hub.database._schema_writer() as connection:
            if connection.execute(waits).first():
                return thread
        time.sleep(0.01)
    pytest.fail("the hold did not wait")


def held(log: Log) -> bool:
    with log.hub.database.read() as stores:
        return bool(stores.audit_holds.active())


def test_a_hold_waits_for_the_month_that_is_being_dropped(
    log: Log, months: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log.keeping(retention_days=180)
    holding: list[threading.Thread] = []
    drop = SqlAuditMonths.drop

    def drop_and_hold(self: SqlAuditMonths, month: Month, extent: MonthExtent) -> None:
        holding.append(hold_meanwhile(log))
        monkeypatch.undo()
        drop(self, month, extent)

    monkeypatch.setattr(SqlAuditMonths, "drop", drop_and_hold)
    keep_months(log.hub, NOW)
    holding[0].join()

    assert held(log)
    assert not found(log, months["03-15"])


def test_a_hold_waits_for_the_keys_that_are_being_destroyed(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.hub.database.begin(Origin()) as stores:
        stores.audit.append(
            SignInSucceeded(account_id=new_id(), session_id="s", directory_id=None, acr="1", amr=()),
            NOW.replace(year=2024),
        )
    log.keeping(personal_retention_days=365)
    holding: list[threading.Thread] = []
    destroy = AuditKeys.destroy

    def destroy_and_hold(self: AuditKeys, ids: Collection[str]) -> int:
        holding.append(hold_meanwhile(log))
        return destroy(self, ids)

    monkeypatch.setattr(AuditKeys, "destroy", destroy_and_hold)

    assert destroy_expired_keys(log.hub, NOW) == 1
    holding[0].join()
    assert held(log)


def test_what_has_no_place_in_the_log_yet_does_not_go(log: Log, months: dict[str, str]) -> None:
    log.keeping(retention_days=180)
    with log.hub.database.begin(Origin()) as stores:
        waiting = stores.audit.append(NodeStarted(node="n", version="1"), OLD)

    keep_months(log.hub, NOW)

    assert found(log, waiting) and not found(log, months["04-30"])
