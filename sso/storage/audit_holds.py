"""Holds: what must not go from the audit log, whatever its retention says, until somebody lifts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from sso.oidc.digest import new_id
from sso.storage.tables import audit_hold
from sso.storage.unit_of_work import UnitOfWork

EVERYTHING = ""
"""The subject of a hold on the whole log."""

_H = audit_hold.c
_ACTIVE = select(audit_hold).where(_H.lifted_at.is_(None)).order_by(_H.set_at, _H.id)
_ADD = insert(audit_hold)
_LIFT = (
    update(audit_hold)
    .where(_H.id == bindparam("hold"), _H.lifted_at.is_(None))
    .values(lifted_at=bindparam("now"))
    .returning(_H.subject_id)
)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on what the log tells of a person, or (`subject_id` EVERYTHING) on all of it."""

    id: str
    subject_id: str
    set_at: datetime


class SqlAuditHolds:
    """The holds on the log."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def active(self) -> Sequence[Hold]:
        """Return the holds that were not lifted, oldest first."""
        return [Hold(row.id, row.subject_id, row.set_at) for row in self._unit.rows(_ACTIVE)]

    def on(self, subject_id: str) -> Sequence[Hold]:
        """Return the holds that keep a person's part of the log, one on everything included."""
        return [hold for hold in self.active() if hold.subject_id in (subject_id, EVERYTHING)]

    def set(self, subject_id: str, now: datetime) -> Hold:
        """Set a hold."""
        hold = Hold(new_id(), subject_id, now)
        row = {"id": hold.id, "subject_id": subject_id, "set_at": now, "lifted_at": None}
        self._unit.change(_ADD, row)
        return hold

    def lift(self, hold_id: str, now: datetime) -> str | None:
        """Lift a hold and return its subject; None if there is no such hold any more."""
        row = self._unit.row(_LIFT, {"hold": hold_id, "now": now})
        return None if row is None else str(row.subject_id)
