"""Retention: the keys of what is told of people are destroyed by age; on record, never under a hold."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import URL

from sso.audit.event import AuditMonthDropped, NodeStarted, SignInSucceeded
from sso.audit.record import Origin, new_event_id
from sso.hub import Hub
from sso.oidc.digest import new_id
from sso.storage import audit_keys
from sso.storage.audit_holds import EVERYTHING
from sso.storage.audit_months import Month
from sso.storage.errors import StorageUnavailable
from sso.worker import retention
from sso.worker.retention import destroy_expired_keys
from tests.worker.conftest import Log

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


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


def test_a_drop_is_believed_only_where_months_are_dropped(log: Log) -> None:
    """On PostgreSQL whoever can make the hub's own events can say so of an old month: how-to/audit.md.

    What is counted by the hour still tells of the entry, unless they change that, too.
    """
    [gone] = log.grow(1)
    dropped = AuditMonthDropped(month="2024-01", entries=1, gone_before="f", minimum_indices={"1": 1})
    with log.hub.database.begin(Origin()) as stores:
        stores.audit.append(dropped, NOW)
    log.sequencer.sequence()
    log.sequencer.sign(NOW)

    log.tamper(
        f"DELETE FROM audit_event WHERE id = '{gone}'",
        f"UPDATE audit_leaf SET event_id = '{new_event_id(datetime(2024, 1, 9, tzinfo=UTC))}'"
        f" WHERE event_id = '{gone}'",
    )

    found = "deleted" if log.hub.database.dialect == "sqlite" else "counts"
    assert [finding.what for finding in log.findings()] == [found]


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
    log.keeping(personal_retention_days=365)

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
    log.keeping(personal_retention_days=365)

    assert destroy_expired_keys(log.hub, NOW) == 0
    assert log.codes().count("audit.retention.keys_ordered") == 0


def test_a_hold_that_comes_between_two_batches_keeps_what_is_left(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.hub.database.begin(Origin()) as stores:
        for _ in range(3):
            stores.audit.append(signed_in(new_id()), NOW.replace(year=2024))
    log.keeping(personal_retention_days=365)
    monkeypatch.setattr(retention, "MAX_BATCH", 2)
    destroy = retention._destroy_batch

    def destroy_and_hold(hub: Hub, ids: Sequence[str]) -> int | None:
        gone = destroy(hub, ids)
        with hub.database.begin(Origin()) as stores:
            stores.audit_holds.set(EVERYTHING, NOW)
        return gone

    monkeypatch.setattr(retention, "_destroy_batch", destroy_and_hold)

    assert destroy_expired_keys(log.hub, NOW) == 2
    assert len(log.hub.database.audit_keys.older_than(NOW)) == 1


def test_files_that_could_not_be_rewritten_are_rewritten_by_the_next_run(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.hub.database.begin(Origin()) as stores:
        stores.audit.append(signed_in(new_id()), NOW.replace(year=2024))
    log.keeping(personal_retention_days=365)

    def unable(url: URL, table: str) -> None:
        raise StorageUnavailable("the files could not be rewritten")

    monkeypatch.setattr(audit_keys, "rewrite", unable)
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            destroy_expired_keys(log.hub, NOW)
    monkeypatch.undo()
    log.keeping(personal_retention_days=None)

    destroy_expired_keys(log.hub, NOW)

    assert log.hub.database.audit_keys.rewrite(NOW) == 0
    assert log.codes().count("audit.retention.keys_ordered") == 1
