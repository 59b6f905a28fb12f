"""Who outside of the house vouched for which checkpoint, and what keeps the others from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, BindParameter, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql

from sso.audit.signed_note import NoteKey, note_of, split_note
from sso.audit.witnessing import Cosignature
from sso.storage.columns import Text
from sso.storage.tables import audit_anchor_trouble, audit_cosignature, audit_timestamp
from sso.storage.unit_of_work import UnitOfWork

_C, _T, _W = audit_cosignature.c, audit_timestamp.c, audit_anchor_trouble.c
_ADD_COSIGNATURE = postgresql.insert(audit_cosignature).on_conflict_do_nothing()
_ADD_STAMP = postgresql.insert(audit_timestamp).on_conflict_do_nothing()
_SIZE = select(func.max(_C.size).label("size")).where(
    _C.witness_key == bindparam("of_witness"), _C.epoch == bindparam("of_epoch")
)
_LAST_BY = (
    select(audit_cosignature)
    .where(_C.witness_key == bindparam("of_witness"))
    .order_by(_C.epoch.desc(), _C.size.desc())
    .limit(1)
)
_ON = select(audit_cosignature).where(_C.epoch == bindparam("of_epoch"), _C.size == bindparam("of_size"))
_COVERING = select(func.min(_C.size).label("size")).where(
    _C.epoch == bindparam("of_epoch"), _C.size > bindparam("beyond")
)
_STAMP_COVERING = (
    select(audit_timestamp)
    .where(_T.epoch == bindparam("of_epoch"), _T.size > bindparam("beyond"))
    .order_by(_T.size)
    .limit(1)
)
_STAMPS = (
    select(audit_timestamp)
    .where(_T.epoch == bindparam("of_epoch"), _T.size > bindparam("beyond"))
    .order_by(_T.size)
    .limit(bindparam("batch"))
)
_LAST_STAMP = select(audit_timestamp).order_by(_T.epoch.desc(), _T.size.desc()).limit(1)
_beyond: BindParameter[int] = bindparam("beyond", type_=BigInteger)
_beyond_key: BindParameter[str] = bindparam("beyond_key", type_=Text)
_COSIGNED = (
    select(audit_cosignature)
    .where(_C.epoch == bindparam("of_epoch"))
    .where(tuple_(_C.size, _C.witness_key) > tuple_(_beyond, _beyond_key))
    .order_by(_C.size, _C.witness_key)
    .limit(bindparam("batch"))
)
_TROUBLE = select(audit_anchor_trouble).where(_W.anchor == bindparam("of_anchor"))
_BEGIN = postgresql.insert(audit_anchor_trouble).on_conflict_do_nothing()
_GO_ON = (
    update(audit_anchor_trouble)
    .where(_W.anchor == bindparam("of_anchor"))
    .values(failures=_W.failures + 1, reason=bindparam("new_reason"), conflict=bindparam("new_conflict"))
)
_END = delete(audit_anchor_trouble).where(_W.anchor == bindparam("of_anchor")).returning(_W.failures)


@dataclass(frozen=True, slots=True)
class StoredCosignature:
    """A cosignature on the checkpoint of an epoch and size."""

    epoch: int
    size: int
    witness_key: str
    line: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredStamp:
    """A time stamp over the text of the checkpoint of an epoch and size: an RFC 3161 response."""

    epoch: int
    size: int
    authority: str
    token: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why somebody does not vouch for the log: `conflict` is the size of the tree that they know instead."""

    failures: int
    since: datetime
    reason: str
    conflict: int | None


class SqlAuditAnchors:
    """What others say of the log."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def cosigned_size(self, epoch: int, witness: NoteKey) -> int:
        """Return the largest tree of an epoch that a witness cosigned, 0 before the first."""
        row = self._unit.row(_SIZE, {"of_witness": str(witness), "of_epoch": epoch})
        return 0 if row is None or row.size is None else int(row.size)

    def add_cosignature(self, epoch: int, size: int, cosignature: Cosignature) -> None:
        """Keep a cosignature; the first one of a witness on a checkpoint stays."""
        row = {
            "epoch": epoch,
            "size": size,
            "witness_key": str(cosignature.key),
            "line": cosignature.line,
            "cosigned_at": cosignature.at,
        }
        self._unit.change(_ADD_COSIGNATURE, row)

    def last_cosignature(self, witness: NoteKey) -> StoredCosignature | None:
        """Return the newest cosignature of a witness."""
        row = self._unit.row(_LAST_BY, {"of_witness": str(witness)})
        return None if row is None else _cosignature(row)

    def cosignatures(
        self, epoch: int, after: StoredCosignature | None, limit: int
    ) -> Sequence[StoredCosignature]:
        """Return cosignatures of an epoch by ascending size and key, those after one."""
        size, key = (-1, "") if after is None else (after.size, after.witness_key)
        asked = {"of_epoch": epoch, "beyond": size, "beyond_key": key, "batch": limit}
        rows = self._unit.rows(_COSIGNED, asked)
        return [_cosignature(row) for row in rows]

    def cosigned_covering(self, epoch: int, index: int) -> int | None:
        """Return the size of the first cosigned checkpoint whose tree holds an index."""
        row = self._unit.row(_COVERING, {"of_epoch": epoch, "beyond": index})
        return None if row is None or row.size is None else int(row.size)

    def with_cosignatures(self, epoch: int, size: int, note: str) -> str:
        """Return the note of a checkpoint with the signature lines of its witnesses below the log's own."""
        rows = self._unit.rows(_ON, {"of_epoch": epoch, "of_size": size})
        text, lines = split_note(note)
        return note_of(text, [*lines, *(row.line for row in sorted(rows, key=lambda row: row.witness_key))])

    def add_stamp(self, stamp: StoredStamp) -> None:
        """Keep a time stamp."""
        row = {
            "epoch": stamp.epoch,
            "size": stamp.size,
            "authority": stamp.authority,
            "token": stamp.token,
            "stamped_at": stamp.at,
        }
        self._unit.change(_ADD_STAMP, row)

    def last_stamp(self) -> StoredStamp | None:
        """Return the newest time stamp."""
        row = self._unit.row(_LAST_STAMP)
        return None if row is None else _stamp(row)

    def stamp_covering(self, epoch: int, index: int) -> StoredStamp | None:
        """Return the first time stamp of a checkpoint whose tree holds an index."""
        row = self._unit.row(_STAMP_COVERING, {"of_epoch": epoch, "beyond": index})
        return None if row is None else _stamp(row)

    def stamps(self, epoch: int, after: StoredStamp | None, limit: int) -> Sequence[StoredStamp]:
        """Return time stamps of an epoch by ascending size, those after one."""
        beyond = -1 if after is None else after.size
        rows = self._unit.rows(_STAMPS, {"of_epoch": epoch, "beyond": beyond, "batch": limit})
        return [_stamp(row) for row in rows]

    def trouble(self, anchor: str) -> Trouble | None:
        """Return why somebody does not vouch, None where they do."""
        row = self._unit.row(_TROUBLE, {"of_anchor": anchor})
        return None if row is None else Trouble(row.failures, row.since, row.reason, row.conflict)

    def failed(self, anchor: str, reason: str, conflict: int | None, now: datetime) -> Trouble:
        """Count a failure, and return what is known of them now."""
        if not self._unit.change(
            _GO_ON, {"of_anchor": anchor, "new_reason": reason, "new_conflict": conflict}
        ):
            row = {"anchor": anchor, "failures": 1, "since": now, "reason": reason, "conflict": conflict}
            self._unit.change(_BEGIN, row)
        return self.trouble(anchor) or Trouble(1, now, reason, conflict)

    def succeeded(self, anchor: str) -> int:
        """Forget the failures, and return how many there were."""
        row = self._unit.row(_END, {"of_anchor": anchor})
        return 0 if row is None else int(row.failures)


def _cosignature(row: Any) -> StoredCosignature:
    return StoredCosignature(row.epoch, row.size, row.witness_key, row.line, row.cosigned_at)


def _stamp(row: Any) -> StoredStamp:
    return StoredStamp(row.epoch, row.size, row.authority, row.token, row.stamped_at)
