"""Months of the log on their way to the archive, and what the log says of those that are there."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import LargeBinary, bindparam, cast, func, or_, select

from sso.audit.entry import public_record
from sso.audit.event import AuditMonthArchived, AuditMonthDropped, AuditMonthNotArchived
from sso.audit.record import AuditRecord
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_months import Month
from sso.storage.audit_rows import readable_records_of
from sso.storage.tables import audit_event, audit_leaf, audit_pending
from sso.storage.unit_of_work import UnitOfWork

_A, _L, _P = audit_event.c, audit_leaf.c, audit_pending.c
_PAGE = (
    select(audit_event, _L.epoch, _L.leaf_index, _L.leaf_hash)
    .outerjoin(audit_leaf, _L.event_id == _A.id)
    .where(_A.id > bindparam("after"), _A.id < bindparam("end_id"))
    .order_by(_A.id)
    .limit(bindparam("batch"))
)
_SAID = (
    select(_A.event, cast(_A.body, LargeBinary).label("body"))
    .outerjoin(audit_leaf, _L.event_id == _A.id)
    .outerjoin(audit_pending, _P.event_id == _A.id)
    .where(or_(_L.event_id.is_not(None), _P.event_id.is_not(None)))
    .order_by(_A.id)
)
_ARCHIVED = _SAID.where(_A.event == AuditMonthArchived.code)
_SAID_IN = _SAID.where(
    or_(_A.event == AuditMonthArchived.code, _A.event == AuditMonthDropped.code),
    _A.id >= bindparam("first_id"),
    _A.id < bindparam("end_id"),
)
_LAST_SAID = (
    select(audit_event)
    .where(_A.event.in_((AuditMonthArchived.code, AuditMonthNotArchived.code)))
    .order_by(_A.id.desc())
    .limit(1)
)
_COUNT = (
    select(func.count().label("leaves"))
    .select_from(audit_leaf)
    .where(_L.event_id >= bindparam("first_id"), _L.event_id < bindparam("end_id"))
)


class SqlAuditArchive:
    """The log's side of the archive."""

    __slots__ = ("_keys", "_unit")

    def __init__(self, unit: UnitOfWork, keys: AuditKeys) -> None:
        self._unit = unit
        self._keys = keys

    def page(self, month: Month, after: str, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return entries of a month as they are stored, by ascending id from one on, with their places."""
        ids = {"after": max(after, month.first_id), "end_id": month.next.first_id}
        return [row._asdict() for row in self._unit.rows(_PAGE, {**ids, "batch": limit})]

    def archived(self) -> Mapping[str, AuditMonthArchived]:
        """Return what the log says of each archived month, the last of each.

        An entry that waits for its place is believed: nothing else tells of the month meanwhile.
        """
        said = (_read(row.body) for row in self._unit.rows(_ARCHIVED))
        return {each.month: each for each in said if each is not None}

    def said_in(self, month: Month) -> Sequence[AuditMonthArchived | AuditMonthDropped]:
        """Return what entries of a month say of earlier ones and nothing later says: it must outlive them."""
        rows = self._unit.rows(_SAID_IN, {"first_id": month.first_id, "end_id": month.next.first_id})
        dropped = [_read_dropped(row.body) for row in rows if row.event == AuditMonthDropped.code]
        archived = [_read(row.body) for row in rows if row.event == AuditMonthArchived.code]
        last = self.archived()
        return [
            *(each for each in dropped if each is not None),
            *(each for each in archived if each is not None and last.get(each.month) == each),
        ]

    def last_said(self) -> AuditRecord | None:
        """Return the last record of a month that was archived, or could not be."""
        found = readable_records_of(self._unit.rows(_LAST_SAID), self._keys)
        return found[0] if found else None

    def leaves(self, month: Month) -> int:
        """Return how many places the tree has for entries of a month."""
        row = self._unit.row(_COUNT, {"first_id": month.first_id, "end_id": month.next.first_id})
        return 0 if row is None else int(row.leaves)


def _read(body: bytes) -> AuditMonthArchived | None:
    """What an entry says was archived; None where it cannot be read."""
    try:
        said = public_record(body).detail
        month = str(Month.parse(str(said.get("month"))))
    except ValueError:
        return None
    file, entries, sha256 = said.get("archive_file"), said.get("entries"), said.get("sha256")
    if not (isinstance(file, str) and isinstance(entries, int) and isinstance(sha256, str)):
        return None
    return AuditMonthArchived(month=month, archive_file=file, entries=entries, sha256=sha256)


def _read_dropped(body: bytes) -> AuditMonthDropped | None:
    """What an entry says was dropped; None where it cannot be read."""
    try:
        said = public_record(body).detail
    except ValueError:
        return None
    entries, minimum = said.get("entries"), said.get("minimum_indices")
    if not (isinstance(entries, int) and isinstance(minimum, Mapping)):
        return None
    return AuditMonthDropped(
        month=str(said.get("month")),
        entries=entries,
        gone_before=str(said.get("gone_before")),
        minimum_indices={epoch: index for epoch, index in minimum.items() if isinstance(index, int)},
    )
