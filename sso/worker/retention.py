"""Retention of the audit log: months made ahead and dropped when they are over, personal keys destroyed.

On PostgreSQL old entries go as whole partitions, never row by row; on SQLite they stay. What an entry tells
of people goes with its key, on both. So do findings that were closed long ago, in small steps. Each is on
record, and none of it while a hold is set.
"""

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sso.audit.event import AuditKeyExpiryOrdered, AuditKeysExpired, AuditMonthArchived, AuditMonthDropped
from sso.audit.event.findings import FindingsDropped
from sso.audit.record import Origin
from sso.hub import Hub
from sso.storage.audit_keys import MAX_BATCH
from sso.storage.audit_months import Month
from sso.storage.errors import StorageUnavailable
from sso.storage.stores import SqlStores
from sso.worker.archiving import archived
from sso.worker.upkeep import BREATH_SECONDS, TURN_SECONDS

log = logging.getLogger("sso.worker")

MONTHS_AHEAD = 3
_ORIGIN = Origin(actor="worker")


def keep_months(hub: Hub, now: datetime | None = None) -> None:
    """Make the partitions of the coming months, and drop those of months past their retention."""
    now = now or datetime.now(UTC)
    if hub.database.dialect != "postgresql":
        return
    month = Month.of(now)
    for _ in range(MONTHS_AHEAD + 1):
        _make(hub, month)
        month = month.next
    days = hub.configuration.settings.audit.retention_days
    if days is None:
        return
    with hub.database.read() as stores:
        over = [each for each in stores.audit_months.known() if each.next.begin <= now - timedelta(days=days)]
        held = bool(stores.audit_holds.active())
    for each in [] if held else over:
        if not _retire(hub, each, now):
            return


def destroy_expired_keys(hub: Hub, now: datetime | None = None) -> int:
    """Destroy the keys of years (of events of nobody: months) past their retention; return how many."""
    now = now or datetime.now(UTC)
    keys, days = hub.database.audit_keys, hub.configuration.settings.audit.personal_retention_days
    keys.rewrite(now)  # of an earlier destruction, where that failed
    if days is None:
        return 0
    end = now - timedelta(days=days)
    due = keys.older_than(end)
    if not due or not _order_expiry(hub, AuditKeyExpiryOrdered(keys=len(due), until=end), now):
        return 0
    destroyed = 0
    for start in range(0, len(due), MAX_BATCH):
        gone = _destroy_batch(hub, due[start : start + MAX_BATCH])
        if gone is None:
            break
        destroyed += gone
    keys.rewrite(now)
    with hub.database.begin(_ORIGIN) as stores:
        stores.audit.append(AuditKeysExpired(keys=destroyed, until=end), now)
    return destroyed


def drop_old_findings(hub: Hub, now: datetime | None = None) -> bool:
    """Delete findings that were closed long ago, a batch a transaction; true if there may be more."""
    ends = time.monotonic() + TURN_SECONDS
    now = now or datetime.now(UTC)
    while _drop_findings(hub, now):
        if time.monotonic() > ends:
            return True
        time.sleep(BREATH_SECONDS)
    return False


def _drop_findings(hub: Hub, now: datetime) -> bool:
    """Delete a batch, on record in its own transaction, while nobody can set a hold; false if that is all."""
    until = now - hub.configuration.settings.audit.closed_findings_kept
    with hub.database.begin(_ORIGIN) as stores:
        stores.audit_holds.lock()
        if stores.audit_holds.active():
            return False
        gone = stores.finding_retention.sweep(until, now)
        if gone.findings or gone.suppressions:
            event = FindingsDropped(findings=gone.findings, suppressions=gone.suppressions, until=until)
            stores.audit.append(event, now)
        return gone.more


def _order_expiry(hub: Hub, event: AuditKeyExpiryOrdered, now: datetime) -> bool:
    """Put on record that keys are about to go: a crash shows. False while a hold is set."""
    with hub.database.begin(_ORIGIN) as stores:
        stores.audit_holds.lock()
        if stores.audit_holds.active():
            return False
        stores.audit.append(event, now)
        return True


def _destroy_batch(hub: Hub, ids: Sequence[str]) -> int | None:
    """Destroy some keys while nobody can set a hold; None if one is set."""
    with hub.database.begin(_ORIGIN) as stores:
        stores.audit_holds.lock()
        return None if stores.audit_holds.active() else hub.database.audit_keys.destroy(ids)


def _make(hub: Hub, month: Month) -> None:
    try:
        with hub.database.begin(_ORIGIN) as stores:
            if stores.audit_months.lock() and month not in stores.audit_months.known():
                stores.audit_months.make(month)
    except StorageUnavailable:
        log.exception("a month of the audit log has no partition", extra={"month": str(month)})


def _retire(hub: Hub, month: Month, now: datetime) -> bool:
    """Archive a month where there is an archive, then drop it; false if the archive did not take it."""
    try:
        kept = archived(hub, month, now)
        if kept is None and hub.configuration.audit_archive is not None:
            return False
        with hub.database.begin(_ORIGIN) as stores:
            if stores.audit_months.lock():
                _drop_on_record(stores, month, kept, now)
    except StorageUnavailable:
        log.exception("a month of the audit log could not be dropped", extra={"month": str(month)})
    return True


def _drop_on_record(stores: SqlStores, month: Month, kept: AuditMonthArchived | None, now: datetime) -> None:
    if month not in stores.audit_months.known():
        return
    extent = stores.audit_months.extent(month)  # this may take long: nobody waits for it to set a hold
    stores.audit_holds.lock()
    if extent is None or stores.audit_holds.active():
        return
    if kept is not None and kept.entries != extent.entries:
        return  # it has grown since it was archived: it is archived again
    still_true = stores.audit_archive.said_in(month)
    stores.audit_months.drop(month, extent)
    for said in still_true:
        stores.audit.append(said, now)
    event = AuditMonthDropped(
        month=str(month),
        entries=extent.entries,
        gone_before=month.next.first_id,
        minimum_indices={str(epoch): index for epoch, index in extent.minimum_indices.items()},
    )
    stores.audit.append(event, now)
