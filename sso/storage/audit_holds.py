"""Holds: what must not go from the audit log, whatever its retention says, until somebody lifts them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from sso.oidc.digest import new_id
from sso.storage.columns import Text
from sso.storage.tables import audit_hold
from sso.storage.unit_of_work import UnitOfWork

EVERYTHING: tuple[str, ...] = ()
"""The subject of a hold on the whole log."""

_ADVISORY_LOCK = 0x53534F48_55420004  # "SSOHUB": one at a time sets a hold, or destroys what one would keep


class _Lock(FunctionElement[str]):
    """Waits for the advisory lock; on SQLite whoever writes is alone anyway."""

    type = Text()
    inherit_cache = True


@compiles(_Lock, "sqlite")
def _lock_sqlite(element: _Lock, compiler: SQLCompiler, **kw: Any) -> str:
    return "''"


@compiles(_Lock, "postgresql")
def _lock_postgresql(element: _Lock, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(pg_advisory_xact_lock({_ADVISORY_LOCK}) AS TEXT)"


_H = audit_hold.c
_ALONE = select(_Lock().label("alone")).with_for_update()  # an update's: in a transaction, not on its own
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
    """A hold on what the log tells of a person, or (`subject_ids` empty) on all of it.

    `subject_ids` are those the person had when it was set: their own, then those of their accounts.
    """

    id: str
    subject_ids: tuple[str, ...]
    set_at: datetime


class SqlAuditHolds:
    """The holds on the log."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def active(self) -> Sequence[Hold]:
        """Return the holds that were not lifted, oldest first."""
        return [Hold(row.id, _ids(row.subject_id), row.set_at) for row in self._unit.rows(_ACTIVE)]

    def on(self, ids: Collection[str]) -> Sequence[Hold]:
        """Return the holds that keep the part of the log of anybody who has, or had, one of the ids.

        Holds on everything are among them.
        """
        return [hold for hold in self.active() if not hold.subject_ids or {*hold.subject_ids} & {*ids}]

    def lock(self) -> None:
        """Be alone until the transaction ends: with what sets a hold, and with what one would forbid.

        Whoever destroys something of the log looks for holds after this, and has destroyed before the end.
        """
        self._unit.row(_ALONE)

    def set(self, subject_ids: Sequence[str], now: datetime) -> Hold:
        """Set a hold on everything that is told of some ids of a person, or of EVERYTHING."""
        self.lock()
        hold = Hold(new_id(), tuple(subject_ids), now)
        row = {"id": hold.id, "subject_id": " ".join(subject_ids), "set_at": now, "lifted_at": None}
        self._unit.change(_ADD, row)
        return hold

    def lift(self, hold_id: str, now: datetime) -> tuple[str, ...] | None:
        """Lift a hold and return the ids of its person; None if there is no such hold any more."""
        row = self._unit.row(_LIFT, {"hold": hold_id, "now": now})
        return None if row is None else _ids(row.subject_id)


def _ids(subject: str) -> tuple[str, ...]:
    """An id holds no space."""
    return tuple(subject.split())
