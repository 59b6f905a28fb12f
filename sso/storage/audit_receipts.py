"""Receipts: what proves to a stranger that an event stands in the log (C2SP tlog-proof)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from sso.audit.checkpoint import LogProof
from sso.audit.entry import Entry
from sso.audit.evidence import ProvenEntry
from sso.audit.merkle.proofs import inclusion_proof
from sso.audit.query import AuditQuery
from sso.storage.audit import selection
from sso.storage.audit_checkpoints import SqlAuditCheckpoints
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_rows import entries_of
from sso.storage.audit_tree import SqlAuditTree
from sso.storage.tables import audit_event
from sso.storage.unit_of_work import UnitOfWork

_OWN = select(audit_event.c.body).where(
    audit_event.c.id == bindparam("of_event"), audit_event.c.client_id == bindparam("of_client")
)


class NotSignedYet(Exception):
    """An event waits for its place, or its place for a signature: seconds, as long as the worker runs."""


class SqlAuditReceipts:
    """Proofs for events."""

    __slots__ = ("_checkpoints", "_keys", "_tree", "_unit")

    def __init__(
        self, unit: UnitOfWork, keys: AuditKeys, tree: SqlAuditTree, checkpoints: SqlAuditCheckpoints
    ) -> None:
        self._unit = unit
        self._keys = keys
        self._tree = tree
        self._checkpoints = checkpoints

    def receipt(self, event_id: str, client_id: str) -> LogProof | None:
        """Return the receipt of an event of a client, its body within; None if it has no such event.

        Raises:
            NotSignedYet: ask again.
        """
        row = self._unit.row(_OWN, {"of_event": event_id, "of_client": client_id})
        return None if row is None else self._proof(event_id, row.body)

    def proven(self, query: AuditQuery) -> Sequence[ProvenEntry]:
        """Return a page of entries, newest first, each with its proof.

        Raises:
            NotSignedYet: one of them is too young.
            ValueError: `address` is neither an address nor a network.
        """
        entries = entries_of(self._unit.rows(selection(query, self._keys)), self._keys)
        return [ProvenEntry(entry, self._proof_beside(entry)) for entry in entries]

    def _proof_beside(self, entry: Entry) -> LogProof:
        return self._proof(entry.id, None)

    def _proof(self, event_id: str, extra: bytes | None) -> LogProof:
        place = self._tree.place_of(event_id)
        signed = None if place is None else self._checkpoints.covering(*place)
        if place is None or signed is None:
            raise NotSignedYet(event_id)
        epoch, index = place
        hashes = inclusion_proof(self._tree.nodes(epoch).node, index, signed.checkpoint.size)
        return LogProof(index, tuple(hashes), signed.note, extra)
