"""A log in memory that can be submitted to a witness: honest, or split in two."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sso.audit.checkpoint import Checkpoint
from sso.audit.merkle.proofs import consistency_proof
from sso.audit.merkle.tree import Frontier, leaf_hash
from sso.audit.signed_note import NoteSigner, note_of
from sso.audit.witnessing import Submission

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass
class SmallLog:
    """Its entries are numbers, from `fork` on of another kind."""

    origin: str = "id.example.gov/audit"
    fork: int | None = None
    signer: NoteSigner = field(init=False)

    def __post_init__(self) -> None:
        self.signer = NoteSigner.new(self.origin)

    def forked(self, at: int) -> "SmallLog":
        """The same log, with the same key, that tells another history from an entry on."""
        other = SmallLog(self.origin, at)
        other.signer = self.signer
        return other

    def leaf(self, index: int) -> bytes:
        kind = b"other" if self.fork is not None and index >= self.fork else b"entry"
        return leaf_hash(kind + b" %d" % index)

    def node(self, level: int, index: int) -> bytes:
        begin = index << level
        return Frontier().extended([self.leaf(begin + i) for i in range(1 << level)]).root

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, Frontier().extended(map(self.leaf, range(size))).root)

    def note(self, size: int) -> str:
        text = str(self.checkpoint(size))
        return note_of(text, [self.signer.sign(text, NOW)])

    def submission(self, old: int, size: int, proof: Sequence[bytes] | None = None) -> Submission:
        hashes = consistency_proof(self.node, old, size) if proof is None and old <= size else proof or ()
        return Submission(old, tuple(hashes), self.note(size))

    def body(self, old: int, size: int) -> bytes:
        return str(self.submission(old, size)).encode()
