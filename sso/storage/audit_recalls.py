"""Entries that left the database and are asked for again, for their receipts.

A month in the archive may be gigabytes, so nobody waits for it in a request: whoever asks is told to come
again, and a worker reads the entries of a month that were asked for in one pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql

from sso.storage.columns import UtcDateTime
from sso.storage.many import BATCH
from sso.storage.tables import audit_recall
from sso.storage.unit_of_work import UnitOfWork

MAX_OF_CLIENT = 1_000
"""So many an application may have asked for at a time: one cannot fill the table, nor hold up the others."""
LEASE = timedelta(minutes=30)
"""A worker that was killed while it read is waited for as long."""
AGAIN = timedelta(hours=1)
"""What could not be read is tried again after."""
KEPT = timedelta(days=1)
KEPT_AFTER_GIVEN = timedelta(minutes=10)

_R = audit_recall.c
_now = bindparam("now", type_=UtcDateTime())
_OF = select(_R.body, _R.failed).where(_R.event_id == bindparam("key"))
_COUNT = select(func.count().label("asked")).where(_R.client_id == bindparam("of_client"))
_ASK = postgresql.insert(audit_recall).on_conflict_do_nothing()
_due = (
    select(_R.event_id)
    .where(_R.body.is_(None), _R.try_at <= _now)
    .order_by(_R.try_at)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
    .cte("due")
)
_TAKE = (
    update(audit_recall)
    .where(_R.event_id.in_(select(_due.c.event_id)))
    .values(try_at=bindparam("lease_ends_at"))
    .returning(_R.event_id)
)
_KEEP = (
    update(audit_recall)
    .where(_R.event_id == bindparam("key"), _R.body.is_(None))
    .values(body=bindparam("read"), failed=False, expires_at=bindparam("until"))
)
_FAILED = (
    update(audit_recall)
    .where(_R.event_id == bindparam("key"), _R.body.is_(None))
    .values(failed=True, try_at=bindparam("next_at"))
)
_GIVEN = (
    update(audit_recall)
    .where(_R.event_id == bindparam("key"), _R.expires_at > bindparam("until", type_=UtcDateTime()))
    .values(expires_at=bindparam("until", type_=UtcDateTime()))
)


@dataclass(frozen=True, slots=True)
class Recall:
    """An entry that was asked for: its body once it was read; whether the last try to read it failed."""

    body: bytes | None
    failed: bool


class SqlAuditRecalls:
    """What was asked for, and what was read."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def of(self, event_id: str) -> Recall | None:
        """Return what became of an entry that was asked for; None if it was not."""
        row = self._unit.row(_OF, {"key": event_id})
        return None if row is None else Recall(row.body, row.failed)

    def ask(self, event_id: str, client_id: str, now: datetime) -> bool:
        """Ask for an entry; false if the application has asked for too many."""
        (counted,) = self._unit.rows(_COUNT, {"of_client": client_id})
        if counted.asked >= MAX_OF_CLIENT:
            return False
        row = {"event_id": event_id, "client_id": client_id, "try_at": now, "failed": False, "body": None}
        self._unit.change(_ASK, row | {"expires_at": now + KEPT})
        return True

    def take(self, now: datetime) -> Sequence[str]:
        """Take entries that are to be read for this caller alone; what it does not read comes again."""
        taken = self._unit.rows(_TAKE, {"now": now, "lease_ends_at": now + LEASE})
        return [row.event_id for row in taken]

    def keep(self, event_id: str, body: bytes, now: datetime) -> None:
        """Keep what was read until it is fetched, for a day at most."""
        self._unit.change(_KEEP, {"key": event_id, "read": body, "until": now + KEPT})

    def failed(self, event_id: str, now: datetime) -> None:
        """Note that an entry could not be read: it is tried again."""
        self._unit.change(_FAILED, {"key": event_id, "next_at": now + AGAIN})

    def given(self, event_id: str, now: datetime) -> None:
        """Note that the receipt was given: its place is somebody else's soon."""
        self._unit.change(_GIVEN, {"key": event_id, "until": now + KEPT_AFTER_GIVEN})
