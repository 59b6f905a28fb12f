"""Upkeep: sessions past their limits end, refusals are summed up, and expired rows go.

What may be much is done in small steps, each a transaction of its own, for a second at most: a job that is
not through says so, and the others have their turn in between.
"""

import time
from datetime import UTC, datetime

from sso.audit.event import AuditSpoolTaken
from sso.audit.record import Origin
from sso.authentication import sessions
from sso.authentication.throttling import record_refusals
from sso.hub import Hub
from sso.storage.audit_spool import Spooled
from sso.storage.cleanup import MAX_BATCH, SWEPT_TABLES
from sso.storage.expiries import EXPIRING_TABLES

BATCH = 200
TURN_SECONDS = 1.0
BREATH_SECONDS = 0.01
"""A pause between two batches: on SQLite someone who waits to write sleeps, and wakes to find it free."""

_ORIGIN = Origin(actor="worker")


def end_expired_sessions(hub: Hub) -> bool:
    """End sessions past their idle or absolute limit, one a transaction; true if more are waiting."""
    ends = time.monotonic() + TURN_SECONDS
    now = datetime.now(UTC)
    idle_seconds = int(hub.settings.session_idle.total_seconds())
    with hub.database.read() as stores:
        expired = stores.sessions.expired(now, idle_seconds, BATCH)
    for found in expired:
        _end_if_over(hub, found.id, now)
        if time.monotonic() > ends:
            return True
    return len(expired) == BATCH


def _end_if_over(hub: Hub, session_id: str, now: datetime) -> None:
    """End a session unless someone has ended or renewed it since it was found."""
    with hub.database.begin(_ORIGIN) as stores:
        session = stores.sessions.by_id(session_id)
        cause = sessions.cause_of_timeout(session, hub.settings, now) if session is not None else None
        if session is not None and cause is not None:
            sessions.end(session, cause, stores, now)


def record_expiries(hub: Hub, now: datetime | None = None) -> bool:
    """Record what expired by itself, a batch of a kind a transaction; true if there is more."""
    ends = time.monotonic() + TURN_SECONDS
    now = now or datetime.now(UTC)
    for expiring in EXPIRING_TABLES:
        while _record_expired(hub, expiring, now):
            if time.monotonic() > ends:
                return True
    return False


def _record_expired(hub: Hub, expiring: str, now: datetime) -> bool:
    with hub.database.begin(_ORIGIN) as stores:
        expired = stores.expiries.take(expiring, now, BATCH)
        for event in expired.events:
            stores.audit.append(event, now)
        return expired.more


def end_refusals(hub: Hub) -> bool:
    """Record how many attempts were refused in each window that is over; true if there may be more."""
    with hub.database.begin(_ORIGIN) as stores:
        return record_refusals(stores, datetime.now(UTC), BATCH) == BATCH


def take_in_old_events(hub: Hub) -> bool:
    """Bring a batch of events from before the log into it; true if there may be more."""
    with hub.database.begin(_ORIGIN) as stores:
        return stores.audit_import.take(BATCH) == BATCH


def take_in_spooled_events(hub: Hub) -> None:
    """Bring what was spooled while the log could not be written into it, on record with how much it was."""
    spool = hub.database.audit_spool
    if spool is not None:
        spool.take(lambda spooled: _take_in(hub, spooled))


def _take_in(hub: Hub, spooled: Spooled) -> None:
    """Take in a batch; what a crash cut off is handed over again, and is not taken in twice."""
    with hub.database.begin(_ORIGIN) as stores:
        taken = stores.audit_late.take(spooled.records, spooled.uncertain)
        if not (taken or spooled.broken):
            return  # a crash came after its commit
        oldest = min((record.occurred_at for record in spooled.records), default=None)
        event = AuditSpoolTaken(count=taken, broken=spooled.broken, oldest=oldest)
        stores.audit.append(event, datetime.now(UTC))


def clean_up(hub: Hub) -> bool:
    """Delete expired rows, one small batch a transaction, while a batch is full; true if more are left."""
    ends = time.monotonic() + TURN_SECONDS
    for table in SWEPT_TABLES:
        while _sweep(hub, table) == MAX_BATCH:
            if time.monotonic() > ends:
                return True
            time.sleep(BREATH_SECONDS)
    return False


def _sweep(hub: Hub, table: str) -> int:
    with hub.database.begin(_ORIGIN) as stores:
        return stores.cleanup.sweep(table, datetime.now(UTC))
