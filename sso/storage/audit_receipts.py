"""Receipts: what proves to a stranger that an event stands in the log (C2SP tlog-proof)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, select

from sso.audit.checkpoint import Checkpoint, LogProof
from sso.audit.entry import Entry, public_record
from sso.audit.evidence import ProvenEntry, signed_by
from sso.audit.merkle.proofs import inclusion_proof, range_proof
from sso.audit.merkle.tree import leaf_hash
from sso.audit.signed_note import split_note
from sso.storage.audit_anchors import SqlAuditAnchors
from sso.storage.audit_checkpoints import SignedCheckpoint, SqlAuditCheckpoints
from sso.storage.audit_tree import SqlAuditTree
from sso.storage.tables import audit_event
from sso.storage.unit_of_work import UnitOfWork

_OWN = select(audit_event.c.body).where(
    audit_event.c.id == bindparam("of_event"), audit_event.c.client_id == bindparam("of_client")
)


class NotSignedYet(Exception):
    """An event waits for its place, or its place for a signature: seconds, as long as the worker runs."""


class NotLogged(ValueError):
    """An entry is not the one that stands in the tree: no proof of it would hold."""


@dataclass(frozen=True, slots=True)
class SignedTree:
    """The tree, the checkpoints that sign it, and who outside of the house vouches for them."""

    tree: SqlAuditTree
    checkpoints: SqlAuditCheckpoints
    anchors: SqlAuditAnchors

    def covering(self, epoch: int, index: int) -> SignedCheckpoint | None:
        """Return a checkpoint whose tree holds an index, with its cosignatures below the log's signature.

        The first one with a time stamp; before that, the first one that witnesses cosigned; or the first one.
        """
        first = self.checkpoints.covering(epoch, index)
        stamp = self.anchors.stamp_covering(epoch, index)
        size = self.anchors.cosigned_covering(epoch, index) if stamp is None else stamp.size
        if size is None or first is None:
            return first
        signed = self.checkpoints.covering(epoch, size - 1) or first
        note = self.anchors.with_cosignatures(epoch, signed.checkpoint.size, signed.note)
        return replace(signed, note=note)


class SqlAuditReceipts:
    """Proofs for events."""

    __slots__ = ("_signed", "_unit")

    def __init__(self, unit: UnitOfWork, signed: SignedTree) -> None:
        self._unit = unit
        self._signed = signed

    def receipt(self, event_id: str, client_id: str) -> LogProof | None:
        """Return the receipt of an event of a client, its body within; None if it has no such event.

        Raises:
            NotSignedYet: ask again.
        """
        row = self._unit.row(_OWN, {"of_event": event_id, "of_client": client_id})
        return None if row is None else self._proof(event_id, row.body)

    def of_body(self, event_id: str, body: bytes, client_id: str) -> LogProof | None:
        """Return the receipt of an event of a client whose entry was kept elsewhere; None if it is another's.

        Raises:
            EntryInvalid: the body is not that of an entry.
            NotSignedYet: ask again.
        """
        return self._proof(event_id, body) if public_record(body).client_id == client_id else None

    def proven(self, entries: Sequence[Entry]) -> Sequence[ProvenEntry]:
        """Return entries, wherever they were kept, each with its proof.

        Raises:
            NotSignedYet: one of them is too young.
            NotLogged: one of them is not what stands in the tree.
        """
        known = self._signed.tree.leaf_hashes([entry.id for entry in entries])
        for entry in entries:
            if entry.id in known and leaf_hash(entry.body) != known[entry.id]:
                message = f"entry {entry.id} is not what was logged"
                raise NotLogged(message)
        return [ProvenEntry(entry, self._proof(entry.id, None)) for entry in entries]

    def together(self, proven: Sequence[ProvenEntry]) -> LogProof:
        """Return the one proof of entries that stand side by side, in order, under the last one's note."""
        first, last = proven[0].proof, proven[-1].proof
        checkpoint = signed_by(last.note)
        (epoch,) = (head.epoch for head in self._signed.tree.heads() if head.origin == checkpoint.origin)
        node = self._signed.tree.nodes(epoch).node
        hashes = range_proof(node, first.index, last.index + 1, checkpoint.size)
        return LogProof(first.index, tuple(hashes), last.note)

    def time_stamps(self, proven: Sequence[ProvenEntry]) -> dict[str, bytes]:
        """Return the time stamps over the checkpoints of proofs, as files for `openssl ts -verify`."""
        epochs = {head.origin: head.epoch for head in self._signed.tree.heads()}
        files: dict[str, bytes] = {}
        for text in sorted({split_note(one.proof.note)[0] for one in proven}):
            checkpoint = Checkpoint.parse(text)
            epoch = epochs.get(checkpoint.origin, 0)
            stamp = self._signed.anchors.stamp_covering(epoch, checkpoint.size - 1)
            if stamp is not None and stamp.size == checkpoint.size:
                files[f"time-stamps/{epoch}-{stamp.size}.tsr"] = stamp.token
                files[f"time-stamps/{epoch}-{stamp.size}.txt"] = text.encode()
        return files

    def _proof(self, event_id: str, extra: bytes | None) -> LogProof:
        place = self._signed.tree.place_of(event_id)
        signed = None if place is None else self._signed.covering(*place)
        if place is None or signed is None:
            raise NotSignedYet(event_id)
        epoch, index = place
        hashes = inclusion_proof(self._signed.tree.nodes(epoch).node, index, signed.checkpoint.size)
        return LogProof(index, tuple(hashes), signed.note, extra)
