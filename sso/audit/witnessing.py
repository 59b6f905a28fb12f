"""What a log asks of a witness and what a witness accepts (C2SP tlog-witness, tlog-cosignature).

A witness remembers the largest tree that it has cosigned of each log, and cosigns another one only if that
grew out of it. So no log can show two histories to people who ask for its witnesses' cosignatures.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sso.audit.checkpoint import MAX_PROOF_HASHES, Checkpoint, verified_checkpoint
from sso.audit.merkle.tree import EMPTY_ROOT
from sso.audit.merkle.verification import consistent
from sso.audit.signed_note import COSIGNATURE, NoteInvalid, NoteKey, note_of, split_note, verify_note

MAX_SUBMISSION_BYTES = 65_536
MAX_SIZE = 2**62
SIZE_TYPE = "text/x.tlog.size"
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_HASH = re.compile(r"[A-Za-z0-9+/]{43}=")


class Refused(Exception):
    """A witness does not cosign, and answers with this HTTP status; with 409 also with its size."""

    def __init__(self, status: int, reason: str, size: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.size = size


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint with the proof that it grew out of the tree of `old_size`: the body of add-checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    def __str__(self) -> str:
        """Return the body of the request."""
        lines = [f"old {self.old_size}", *(base64.b64encode(each).decode("ascii") for each in self.proof)]
        return "\n".join([*lines, "", self.note])

    @classmethod
    def parse(cls, body: bytes) -> "Submission":
        """Read the body of a request, unverified.

        Raises:
            Refused: 400, it is none.
        """
        try:
            head, blank, note = body.decode("utf-8").partition("\n\n")
            split_note(note)
        except (UnicodeDecodeError, NoteInvalid) as error:
            raise Refused(400, "the body is not that of add-checkpoint") from error
        first, *proof = head.split("\n")
        old = _OLD.fullmatch(first)
        wanted = blank and old is not None and len(proof) <= MAX_PROOF_HASHES
        if not wanted or old is None or not all(_HASH.fullmatch(line) for line in proof):
            raise Refused(400, "the body is not that of add-checkpoint")
        return cls(int(old[1]), tuple(base64.b64decode(line) for line in proof), note)


def signed_checkpoint(submission: Submission, trusted: Mapping[str, Sequence[NoteKey]]) -> Checkpoint:
    """Return the checkpoint that a log submits; `trusted` holds the keys of each log by its origin.

    Raises:
        Refused: 404 for an unknown log, 403 without its signature, 400 for what is no checkpoint.
    """
    try:
        claimed = Checkpoint.parse(split_note(submission.note)[0])
    except NoteInvalid as error:
        raise Refused(400, "not a checkpoint") from error
    keys = trusted.get(claimed.origin)
    if not keys:
        raise Refused(404, "the log is not known here")
    try:
        checkpoint = verified_checkpoint(submission.note, claimed.origin, keys)
    except NoteInvalid as error:
        raise Refused(403, "the checkpoint is not signed by the log") from error
    if not submission.old_size <= checkpoint.size <= MAX_SIZE:
        raise Refused(400, "the old size is above that of the checkpoint")
    return checkpoint


def require_consistency(submission: Submission, checkpoint: Checkpoint, latest: Checkpoint | None) -> None:
    """Accept a checkpoint that grew out of the latest one that was cosigned, None before the first.

    Raises:
        Refused: 409 where the old size is not that of the latest or its root another one; 422 where the
            proof does not hold.
    """
    old = (0, EMPTY_ROOT) if latest is None else (latest.size, latest.root)
    if submission.old_size != old[0]:
        raise Refused(409, "another tree was cosigned last", old[0])
    if checkpoint.size == old[0] and checkpoint.root != old[1]:
        raise Refused(409, "a tree of this size with another root was cosigned", old[0])
    if not consistent(old, (checkpoint.size, checkpoint.root), submission.proof):
        raise Refused(422, "it did not grow out of the tree that was cosigned")


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's signature on a checkpoint: the signature line without its end, and the time it tells."""

    key: NoteKey
    line: str
    at: datetime


def cosignatures_in(lines: str, text: str, keys: Sequence[NoteKey]) -> list[Cosignature]:
    """Return the cosignatures on a checkpoint's text among signature lines; other keys' are passed over.

    Raises:
        NoteInvalid: not signature lines, or one of a known key does not verify.
    """
    whole = note_of(text, lines.removesuffix("\n").split("\n"))
    found = []
    for line in split_note(whole)[1]:
        for key in keys:
            if key.kind == COSIGNATURE and line.split(" ")[1] == key.name and _is_of(key, line):
                ((_, at),) = verify_note(note_of(text, [line]), [key]).by
                if at is not None:
                    found.append(Cosignature(key, line, at))
    return found


def _is_of(key: NoteKey, line: str) -> bool:
    try:
        return base64.b64decode(line.split(" ")[2], validate=True)[:4] == key.id
    except ValueError as error:
        message = "a signature is not base64"
        raise NoteInvalid(message) from error
