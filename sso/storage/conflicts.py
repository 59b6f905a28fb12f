"""The queue of what directories say twice."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.dialects import postgresql

from sso.directory.conflict import Conflict, ConflictKind, Resolution, Side
from sso.directory.person import Account
from sso.storage.tables import account, directory_conflict, provisioned_resource
from sso.storage.unit_of_work import UnitOfWork

CONFLICTS_MAX = 1_000
"""Conflicts of a directory that are told at once: more is one mistake, which one sentence tells."""

_C, _A, _R = directory_conflict.c, account.c, provisioned_resource.c
_is_open = _C.resolved_at.is_(None)

_ADD = postgresql.insert(directory_conflict).on_conflict_do_nothing().returning(_C.id)
_SEEN = (
    update(directory_conflict)
    .where(_C.directory_id == bindparam("directory"), _C.fingerprint == bindparam("whose"), _is_open)
    .values(seen_at=bindparam("now"))
)
_GET = select(directory_conflict).where(_C.id == bindparam("key"))
_ALL = (
    select(directory_conflict)
    .where(_C.directory_id == bindparam("directory"))
    .order_by(_C.found_at, _C.id)
    .limit(bindparam("size"))
)
_OPEN = _ALL.where(_is_open)
_REUSED = (
    select(_A.name_key)
    .where(_A.directory_id == bindparam("directory"), _A.name_key.is_not(None), _A.disabled_at.is_(None))
    .group_by(_A.name_key)
    .having(func.count() > 1)
    .order_by(_A.name_key)
    .limit(bindparam("size"))
)
_GIVE_ID = update(account).where(_A.id == bindparam("key")).values(immutable_id=bindparam("given"))
_FOLLOW = (
    update(provisioned_resource)
    .where(_R.id == bindparam("resource"), _R.directory_id == bindparam("directory"))
    .values(account_id=bindparam("given"))
)
_RESOLVE = (
    update(directory_conflict)
    .where(_C.id == bindparam("key"), _is_open)
    .values(resolved_at=bindparam("now"), resolution=bindparam("decided"), reason=bindparam("because"))
)


class SqlConflicts:
    """`sso.directory.conflict.Conflicts` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def note(self, conflict: Conflict) -> bool:
        """Remember a conflict; false if it is open already, and then only when it was met last."""
        row = {
            "id": conflict.id,
            "directory_id": conflict.directory_id,
            "kind": conflict.kind.value,
            "fingerprint": conflict.fingerprint,
            "sides": [asdict(side) for side in conflict.sides],
            "found_at": conflict.found_at,
            "seen_at": conflict.seen_at,
            "resolved_at": None,
            "resolution": None,
            "reason": None,
        }
        if self._unit.row(_ADD, row) is not None:
            return True
        met = {"directory": conflict.directory_id, "whose": conflict.fingerprint, "now": conflict.seen_at}
        self._unit.change(_SEEN, met)
        return False

    def get(self, conflict_id: str) -> Conflict | None:
        """Return a conflict, open or resolved, or None."""
        row = self._unit.row(_GET, {"key": conflict_id})
        return None if row is None else _conflict(row)

    def of_directory(self, directory_id: str, *, resolved: bool = False) -> Sequence[Conflict]:
        """Return the open conflicts of a directory, with `resolved` all of them, the oldest first."""
        asked = {"directory": directory_id, "size": CONFLICTS_MAX}
        return [_conflict(row) for row in self._unit.rows(_ALL if resolved else _OPEN, asked)]

    def reused_names(self, directory_id: str) -> Sequence[str]:
        """Return login names that more than one account in use of a directory bears, a few at most."""
        found = self._unit.rows(_REUSED, {"directory": directory_id, "size": CONFLICTS_MAX})
        return [row.name_key for row in found]

    def exchange_ids(self, one: Account, other: Account) -> None:
        """Let each of two accounts of a directory go on with the other's immutable id.

        What the department brought under that id over SCIM is the account's from now on, too.
        """
        if one.id == other.id:
            return
        self._unit.change(_GIVE_ID, {"key": one.id, "given": f"exchanged {one.id}"})
        self._unit.change(_GIVE_ID, {"key": other.id, "given": one.immutable_id})
        self._unit.change(_GIVE_ID, {"key": one.id, "given": other.immutable_id})
        for given, of in ((one, other), (other, one)):
            follows = {"resource": of.immutable_id, "directory": of.directory_id, "given": given.id}
            self._unit.change(_FOLLOW, follows)

    def resolve(self, conflict_id: str, resolution: Resolution, reason: str, now: datetime) -> bool:
        """Note what an officer decided; true for one caller only."""
        decided = {"key": conflict_id, "decided": resolution.value, "because": reason, "now": now}
        return self._unit.change(_RESOLVE, decided) == 1


def _conflict(row: Row[Any]) -> Conflict:
    return Conflict(
        id=row.id,
        directory_id=row.directory_id,
        kind=ConflictKind(row.kind),
        sides=tuple(Side(**side) for side in row.sides),
        found_at=row.found_at,
        seen_at=row.seen_at,
        resolved_at=row.resolved_at,
        resolution=None if row.resolution is None else Resolution(row.resolution),
        reason=row.reason or "",
    )
