"""The signed checkpoints of the audit log, and the keys that sign them: sealed, perhaps several at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, insert, select, update

from sso.audit.checkpoint import Checkpoint
from sso.audit.signed_note import ED25519, NoteKey, NoteSigner
from sso.storage.sealing import Sealer
from sso.storage.tables import audit_checkpoint, audit_log_key
from sso.storage.unit_of_work import UnitOfWork

_C, _K = audit_checkpoint.c, audit_log_key.c
_LAST = select(audit_checkpoint).where(_C.epoch == bindparam("of_epoch")).order_by(_C.size.desc()).limit(1)
_COVERING = (
    select(audit_checkpoint)
    .where(_C.epoch == bindparam("of_epoch"), _C.size > bindparam("beyond"))
    .order_by(_C.size)
    .limit(1)
)
_NOTES = (
    select(_C.note, _C.size)
    .where(_C.epoch == bindparam("of_epoch"), _C.size > bindparam("beyond"))
    .order_by(_C.size)
    .limit(bindparam("batch"))
)
_ADD_CHECKPOINT = insert(audit_checkpoint)
_KEYS = select(audit_log_key).order_by(_K.created_at, _K.public)
_ADD_KEY = insert(audit_log_key)
_RETIRE_KEY = (
    update(audit_log_key)
    .where(_K.name == bindparam("of_name"), _K.public == bindparam("of_public"), _K.retired_at.is_(None))
    .values(retired_at=bindparam("now"), private=bindparam("destroyed"))
)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it was signed; `note` is the signed note."""

    checkpoint: Checkpoint
    note: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key of the log; `retired_at` is None while it signs."""

    key: NoteKey
    retired_at: datetime | None


class SqlAuditCheckpoints:
    """The notes that sign the tree."""

    __slots__ = ("_sealer", "_unit")

    def __init__(self, unit: UnitOfWork, sealer: Sealer) -> None:
        self._unit = unit
        self._sealer = sealer

    def last(self, epoch: int) -> SignedCheckpoint | None:
        """Return the newest signed checkpoint of an epoch."""
        row = self._unit.row(_LAST, {"of_epoch": epoch})
        return None if row is None else _signed(row)

    def covering(self, epoch: int, index: int) -> SignedCheckpoint | None:
        """Return the first checkpoint whose tree holds an index."""
        row = self._unit.row(_COVERING, {"of_epoch": epoch, "beyond": index})
        return None if row is None else _signed(row)

    def notes(self, epoch: int, after: int, limit: int) -> Sequence[tuple[str, int]]:
        """Return the notes of an epoch with the sizes they are filed under, in their order, above `after`."""
        rows = self._unit.rows(_NOTES, {"of_epoch": epoch, "beyond": after, "batch": limit})
        return [(row.note, row.size) for row in rows]

    def last_note(self, epoch: int) -> tuple[str, int] | None:
        """Return the note that is filed under the largest size, and that size, unverified."""
        row = self._unit.row(_LAST, {"of_epoch": epoch})
        return None if row is None else (row.note, row.size)

    def add(self, epoch: int, signed: SignedCheckpoint) -> None:
        """Remember a signed checkpoint."""
        row = {
            "epoch": epoch,
            "size": signed.checkpoint.size,
            "root": signed.checkpoint.root,
            "note": signed.note,
            "signed_at": signed.signed_at,
        }
        self._unit.change(_ADD_CHECKPOINT, row)

    def signers(self, origin: str) -> Sequence[NoteSigner]:
        """Return the keys that sign for an origin.

        Raises:
            SealBroken: they were sealed with another key.
        """
        rows = [row for row in self._unit.rows(_KEYS) if row.name == origin and row.retired_at is None]
        private = [(row.name, self._private(row)) for row in rows]
        return [NoteSigner.new(name, private=key) for name, key in private if key is not None]

    def public_keys(self) -> Sequence[NoteKey]:
        """Return every key that ever signed, by whatever origin, retired ones included."""
        return [each.key for each in self.keys()]

    def keys(self) -> Sequence[LogKey]:
        """Return every key that ever signed, oldest first.

        Raises:
            SealBroken: they were sealed with another key.
        """
        return [self._known(row) for row in self._unit.rows(_KEYS)]

    def add_key(self, signer: NoteSigner, now: datetime) -> None:
        """Remember a key of the log, its private half sealed."""
        row = {
            "name": signer.key.name,
            "public": signer.key.public,
            "private": self._sealer.seal(signer.private.private_bytes_raw(), _context(signer.key)),
            "created_at": now,
            "retired_at": None,
        }
        self._unit.change(_ADD_KEY, row)

    def retire_key(self, key: NoteKey, now: datetime) -> None:
        """Have a key sign no more, and destroy its private half; what it signed holds."""
        destroyed = self._sealer.seal(b"", _context(key))
        asked = {"of_name": key.name, "of_public": key.public, "now": now, "destroyed": destroyed}
        self._unit.change(_RETIRE_KEY, asked)

    def _known(self, row: Any) -> LogKey:
        """A key as its row has it, which the seal vouches for: whoever writes rows makes none."""
        self._private(row)
        return LogKey(NoteKey(row.name, ED25519, row.public), row.retired_at)

    def _private(self, row: Any) -> Ed25519PrivateKey | None:
        """The private half; None if it was destroyed. The seal holds for this name and public half alone."""
        opened = self._sealer.open(row.private, _context(NoteKey(row.name, ED25519, row.public)))
        return Ed25519PrivateKey.from_private_bytes(opened) if opened else None


def _signed(row: Any) -> SignedCheckpoint:
    return SignedCheckpoint(Checkpoint.parse(row.note), row.note, row.signed_at)


def _context(key: NoteKey) -> bytes:
    return b"audit log key " + str(key).encode()
