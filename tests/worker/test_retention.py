"""Retention: months made ahead and dropped whole, keys destroyed by age; on record, never under a hold."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import URL, text

from sso.audit.event import AuditMonthDropped, NodeStarted, SignInSucceeded
from sso.audit.query import AuditQuery
from sso.audit.record import Origin, new_event_id
from sso.hub import Hub
from sso.oidc.digest import new_id
from sso.storage import audit_keys
from sso.storage.audit_holds import EVERYTHING, SqlAuditHolds
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_months import Dropped, Month, SqlAuditMonths
from sso.storage.errors import StorageUnavailable
from sso.worker import retention
from sso.worker.retention import destroy_expired_keys, keep_months
from tests.worker.conftest import Log, binary

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OLD = datetime(2026, 3, 15, tzinfo=UTC)
LATE = datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC)
DAY = timedelta(days=1)


def keeping(log: Log, **days: int | None) -> None:
    """Configure how long the log is kept."""
    settings = log.hub.configuration.settings
    audit = settings.audit.model_copy(update=days)
    configuration = replace(log.hub.configuration, settings=settings.model_copy(update={"audit": audit}))
    object.__setattr__(log.hub, "configuration", configuration)


@pytest.fixture
def months(log: Log) -> dict[str, str]:
    """A log on PostgreSQL with events of four months, signed; their ids by date."""
    if log.hub.database.dialect != "postgresql":
        pytest.skip("SQLite has no partitions: entries stay")
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


@pytest.mark.parametrize(
    ("month", "following"),
    [(Month(2026, 12), Month(2027, 1)), (Month(2026, 3), Month(2026, 4)), (Month(2024, 1), Month(2024, 2))],
)
def test_a_month_is_a_range_of_ids(month: Month, following: Month) -> None:
    """RFC 9562 5.7: the first 48 bits are milliseconds."""
    assert month.next == following
    assert int(month.first_id.replace("-", ""), 16) == int(month.begin.timestamp() * 1000)
    assert new_event_id(month.begin) > month.first_id > new_event_id(month.begin - timedelta(milliseconds=1))
    assert Month.of(month.begin) == month
    assert Month.of(following.begin - timedelta(microseconds=1)) == month


def test_months_are_made_ahead_once(log: Log, months: dict[str, str]) -> None:
    keep_months(log.hub, NOW)
    keep_months(log.hub, NOW)

    assert {Month(2026, 11), Month(2026, 12), Month(2027, 1), Month(2027, 2)} <= set(known(log))
    assert found(log, months["03-15"])


def test_a_month_past_its_retention_goes_whole_on_record_and_everything_still_verifies(
    log: Log, months: dict[str, str]
) -> None:
    keeping(log, retention_days=180)
    query = AuditQuery(since=NOW - DAY, until=NOW + DAY, events=("node.*",))
    with log.hub.database.read() as stores:
        [proven] = stores.audit_receipts.proven(query)

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
        [again] = stores.audit_receipts.proven(query)
    assert (str(again.proof), again.entry) == (str(proven.proof), proven.entry)
    log.grow(300)
    assert log.findings() == []


def test_an_entry_of_a_month_that_stayed_may_not_be_missing(log: Log, months: dict[str, str]) -> None:
    keeping(log, retention_days=180)
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
    keeping(log, retention_days=180)
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


def test_a_drop_is_believed_only_where_months_are_dropped(log: Log) -> None:
    """On PostgreSQL whoever can make the hub's own events can say so of an old month: how-to/audit.md."""
    [gone] = log.grow(1)
    with log.hub.database.begin(Origin()) as stores:
        stores.audit.append(logged_drop("2024-01", 1, 1), NOW)
    log.sequencer.sequence()
    log.sequencer.sign(NOW)

    log.tamper(
        f"DELETE FROM audit_event WHERE id = '{gone}'",
        f"UPDATE audit_leaf SET event_id = '{new_event_id(datetime(2024, 1, 9, tzinfo=UTC))}'"
        f" WHERE event_id = '{gone}'",
    )

    found = ["deleted"] if log.hub.database.dialect == "sqlite" else []
    assert [finding.what for finding in log.findings()] == found


@pytest.mark.parametrize("days", [None, 300])
def test_nothing_goes_before_its_time(log: Log, months: dict[str, str], days: int | None) -> None:
    if days is not None:
        keeping(log, retention_days=days)

    keep_months(log.hub, NOW)

    assert all(found(log, each) for each in months.values())


def test_a_hold_keeps_every_month(log: Log, months: dict[str, str]) -> None:
    keeping(log, retention_days=180)
    with log.hub.database.begin(Origin()) as stores:
        hold = stores.audit_holds.set(EVERYTHING, NOW)

    keep_months(log.hub, NOW)
    assert all(found(log, each) for each in months.values())

    with log.hub.database.begin(Origin()) as stores:
        stores.audit_holds.lift(hold.id, NOW)
    keep_months(log.hub, NOW)
    assert not found(log, months["03-15"])


def test_a_hold_that_comes_while_a_month_is_dropped_takes_it_back(
    log: Log, months: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping(log, retention_days=180)
    drop = SqlAuditMonths.drop

    def drop_and_hold(self: SqlAuditMonths, month: Month) -> Dropped | None:
        dropped = drop(self, month)
        SqlAuditHolds(self._unit).set(EVERYTHING, NOW)
        return dropped

    monkeypatch.setattr(SqlAuditMonths, "drop", drop_and_hold)
    keep_months(log.hub, NOW)

    assert all(found(log, each) for each in months.values())


def test_what_has_no_place_in_the_log_yet_does_not_go(log: Log, months: dict[str, str]) -> None:
    keeping(log, retention_days=180)
    with log.hub.database.begin(Origin()) as stores:
        waiting = stores.audit.append(NodeStarted(node="n", version="1"), OLD)

    keep_months(log.hub, NOW)

    assert found(log, waiting) and not found(log, months["04-30"])


def signed_in(account_id: str) -> SignInSucceeded:
    return SignInSucceeded(account_id=account_id, session_id="s", directory_id=None, acr="1", amr=())


def test_what_is_told_of_people_goes_with_their_old_keys(log: Log) -> None:
    account, earlier = new_id(), NOW.replace(year=2024)
    with log.hub.database.begin(Origin(address="192.0.2.7")) as stores:
        old = stores.audit.append(signed_in(account), earlier)
        nobody = stores.audit.append(NodeStarted(node="n", version="1"), earlier)
        new = stores.audit.append(signed_in(account), NOW)
    log.sequencer.sequence()
    log.sequencer.sign(NOW)
    assert destroy_expired_keys(log.hub, NOW) == 0
    keeping(log, personal_retention_days=365)

    assert destroy_expired_keys(log.hub, NOW) == 2
    assert destroy_expired_keys(log.hub, NOW) == 0

    with log.hub.database.read() as stores:
        records = [stores.audit_search.find(each) for each in (old, nobody, new)]
    assert [record and (record.account_id, record.origin.address) for record in records] == [
        (None, None),
        (None, None),
        (account, "192.0.2.7"),
    ]
    codes = {code for code in log.codes() if code.startswith("audit.retention.keys")}
    assert codes == {"audit.retention.keys_ordered", "audit.retention.keys_destroyed"}
    assert log.findings() == []


def test_a_hold_keeps_every_key(log: Log) -> None:
    with log.hub.database.begin(Origin()) as stores:
        stores.audit.append(signed_in(new_id()), NOW.replace(year=2024))
        stores.audit_holds.set([new_id()], NOW)
    keeping(log, personal_retention_days=365)

    assert destroy_expired_keys(log.hub, NOW) == 0
    assert log.codes().count("audit.retention.keys_ordered") == 0


def test_a_hold_that_comes_between_two_batches_keeps_what_is_left(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.hub.database.begin(Origin()) as stores:
        for _ in range(3):
            stores.audit.append(signed_in(new_id()), NOW.replace(year=2024))
    keeping(log, personal_retention_days=365)
    monkeypatch.setattr(retention, "MAX_BATCH", 2)
    rows, destroy = log.hub.database.audit_keys, AuditKeys.destroy

    def destroy_and_hold(self: AuditKeys, ids: Collection[str]) -> int:
        monkeypatch.setattr(AuditKeys, "destroy", destroy)
        hold.append(threading.Thread(target=_hold_everything, args=(log,)))
        hold[0].start()
        hold[0].join(0.2)
        assert hold[0].is_alive()  # it waits for the batch under way
        return destroy(self, ids)

    hold: list[threading.Thread] = []
    order = retention._destroy_batch

    def batch(hub: Hub, ids: Sequence[str]) -> int | None:
        gone = order(hub, ids)
        for each in hold:
            each.join()
        return gone

    monkeypatch.setattr(retention, "_destroy_batch", batch)
    monkeypatch.setattr(AuditKeys, "destroy", destroy_and_hold)

    assert destroy_expired_keys(log.hub, NOW) == 2
    assert len(rows.older_than(NOW)) == 1


def _hold_everything(log: Log) -> None:
    with log.hub.database.begin(Origin()) as stores:
        stores.audit_holds.set(EVERYTHING, NOW)


def test_files_that_could_not_be_rewritten_are_rewritten_by_the_next_run(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.hub.database.begin(Origin()) as stores:
        stores.audit.append(signed_in(new_id()), NOW.replace(year=2024))
    keeping(log, personal_retention_days=365)

    def unable(url: URL, table: str) -> None:
        raise StorageUnavailable("the files could not be rewritten")

    monkeypatch.setattr(audit_keys, "rewrite", unable)
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            destroy_expired_keys(log.hub, NOW)
    monkeypatch.undo()
    keeping(log, personal_retention_days=None)

    destroy_expired_keys(log.hub, NOW)

    assert log.hub.database.audit_keys.rewrite(NOW) == 0
    assert log.codes().count("audit.retention.keys_ordered") == 1
