"""Checkpoints (C2SP tlog-checkpoint) and the proofs that stand on them (C2SP tlog-proof)."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sso.audit.merkle.verification import includes
from sso.audit.signed_note import NoteInvalid, NoteKey, split_note, verify_note

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_HASHES = 63
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its origin, how many entries it has, and the root above them."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """Return the text that is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{_encode(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint; lines after the third are extensions and passed over.

        Raises:
            NoteInvalid: not a checkpoint.
        """
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0] or not _NUMBER.fullmatch(lines[1]):
            message = "not a checkpoint"
            raise NoteInvalid(message)
        return cls(lines[0], int(lines[1]), _hash(lines[2]))


def verified_checkpoint(note: str, origin: str, keys: Sequence[NoteKey]) -> Checkpoint:
    """Return the checkpoint of a note that one of the log's keys signed.

    Raises:
        NoteInvalid: malformed, unsigned, or of another log.
    """
    checkpoint = Checkpoint.parse(verify_note(note, keys).text)
    if checkpoint.origin != origin:
        message = f"a checkpoint of another log: {checkpoint.origin[:100]}"
        raise NoteInvalid(message)
    return checkpoint


@dataclass(frozen=True, slots=True)
class LogProof:
    """That an entry stands in a log: its index, the hashes beside its path, and a signed checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    note: str
    extra: bytes | None = None

    def __str__(self) -> str:
        """Return the file of C2SP tlog-proof."""
        return self.under(PROOF_HEADER)

    def under(self, header: str) -> str:
        """Return such a file with a header of its own: as a proof of several entries looks."""
        lines = [header]
        if self.extra is not None:
            lines.append(f"extra {_encode(self.extra)}")
        lines += [f"index {self.index}", *map(_encode, self.hashes), "", self.note]
        return "\n".join(lines)

    @classmethod
    def parse(cls, text: str) -> "LogProof":
        """Read a proof, unverified.

        Raises:
            NoteInvalid: not a proof.
        """
        head, blank, note = text.partition("\n\n")
        lines = head.split("\n")
        if not blank or lines[0] != PROOF_HEADER or len(lines) < 2:
            message = "not a proof"
            raise NoteInvalid(message)
        extra = _base64(lines.pop(1)[6:]) if lines[1].startswith("extra ") else None
        word, _, number = lines[1].partition(" ") if len(lines) > 1 else ("", "", "")
        if word != "index" or not _NUMBER.fullmatch(number) or len(lines) - 2 > MAX_PROOF_HASHES:
            message = "a proof names its index and at most 63 hashes"
            raise NoteInvalid(message)
        split_note(note)
        return cls(int(number), tuple(_hash(line) for line in lines[2:]), note, extra)

    def verify(self, leaf: bytes, origin: str, keys: Sequence[NoteKey]) -> Checkpoint:
        """Return the checkpoint in whose tree the leaf is proven to stand.

        Raises:
            NoteInvalid: it is not, or the checkpoint is not the log's.
        """
        checkpoint = verified_checkpoint(self.note, origin, keys)
        if not includes(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root):
            message = f"the entry is not at {self.index} of the log"
            raise NoteInvalid(message)
        return checkpoint


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        message = "not base64"
        raise NoteInvalid(message) from error


def _hash(text: str) -> bytes:
    value = _base64(text)
    if len(value) != 32:
        message = "a hash has 32 bytes"
        raise NoteInvalid(message)
    return value
