"""Take in the events of a hub that did not have the log yet, with their ids and times, as entries."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, bindparam, delete, select

from sso.audit.record import AuditRecord, Origin, Outcome, Severity
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_rows import collect_entry
from sso.storage.tables import audit_event, audit_event_before_log
from sso.storage.unit_of_work import UnitOfWork

_B = audit_event_before_log.c
_oldest = select(_B.id).order_by(_B.id).limit(bindparam("batch"))
_TAKE = delete(audit_event_before_log).where(_B.id.in_(_oldest)).returning(*_B)


class SqlAuditImport:
    """The events that wait to be taken in: a table that is empty for ever afterwards."""

    __slots__ = ("_keys", "_unit")

    def __init__(self, unit: UnitOfWork, keys: AuditKeys) -> None:
        self._unit = unit
        self._keys = keys

    def take(self, batch: int) -> int:
        """Make the oldest events entries, in the place of what they were; return how many."""
        rows = self._unit.rows(_TAKE, {"batch": batch})
        for row in rows:
            collect_entry(_record(row), self._keys, self._unit)
        return len(rows)


class SqlAuditLateEvents:
    """Events that were spooled while the log could not be written."""

    __slots__ = ("_keys", "_unit")

    def __init__(self, unit: UnitOfWork, keys: AuditKeys) -> None:
        self._unit = unit
        self._keys = keys

    def take(self, records: Sequence[AuditRecord], uncertain: Collection[str] = ()) -> int:
        """Make records entries, marked `late`, unless they are there already; return how many.

        Of the ids in `uncertain` nobody knows whether what they tell of was done: these are marked so.
        """
        ids = select(audit_event.c.id).where(audit_event.c.id.in_([record.id for record in records]))
        known = {row.id for row in self._unit.rows(ids)}
        new = [record for record in records if record.id not in known]
        for record in new:
            doubt = {"uncertain": True} if record.id in uncertain else {}
            late = replace(record, detail={**record.detail, "late": True, **doubt})
            collect_entry(late, self._keys, self._unit)
        return len(new)


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        event=row.event,
        occurred_at=row.occurred_at,
        outcome=Outcome(row.outcome),
        severity=Severity(row.severity),
        client_id=row.client_id,
        account_id=row.account_id,
        session_id=row.session_id,
        grant_id=row.grant_id,
        origin=Origin(address=row.address, request_id=row.request_id, **row.origin),
        detail=row.detail,
    )
