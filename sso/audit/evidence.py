"""A bundle of evidence: entries of the log with their proofs, in one archive that a stranger can verify.

    manifest.txt          digests of all files, the question, the reason; signed by the log (C2SP signed-note)
    events.jsonl          each entry: the body that its leaf hashes, and the groups that are disclosed
    events.csv            the same for reading
    checkpoint.txt        the signed checkpoint over the newest of them, with its cosignatures
    proofs/ID.tlog-proof  each entry's proof (C2SP tlog-proof), or
    proofs/range.txt      one proof of all, where they stand side by side: the index of the first, the hashes
                          beside them in the tree, and the checkpoint
    keys.txt              the log's verifier keys; trust those that you have from somebody else
    README.txt verify.py verify.mjs

Every byte of the archive follows from its files, and every file from the manifest, which is signed.
"""

import base64
import csv
import hashlib
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sso.audit.canonical import canonical
from sso.audit.checkpoint import Checkpoint, LogProof
from sso.audit.entry import Entry, record_from
from sso.audit.record import AuditRecord, JsonValue
from sso.audit.signed_note import NoteKey, split_note

FORMAT = 1
MAX_FILES = 0xFFFF - 1
MAX_BYTES = 0xFFFF_FFFF - 1
"""What an archive holds without ZIP64 (PKWARE APPNOTE 4.4.1.4): both verifiers read no other."""

MANIFEST = "manifest.txt"
CHECKPOINT = "checkpoint.txt"
RANGE = "proofs/range.txt"
RANGE_HEADER = "sso-hub/range-proof@v1"
CSV_COLUMNS = (
    "index",
    "id",
    "time",
    "event",
    "outcome",
    "client_id",
    "account_id",
    "address",
    "actor",
    "detail",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_README = """This is evidence from the audit log of a sign-on hub.

Verify it with one of the two programs in it, or with your own copy of them:

    python3 verify.py FILE.zip --key 'NAME+ID+KEY'
    node verify.mjs FILE.zip --key 'NAME+ID+KEY'

Get the log's key from somebody whom you trust: keys.txt says which it should be, but whoever forges a bundle
forges that file too. Both programs need no network. They check that the log signed this list of files, that
no byte was changed since, and that every entry stands in the tree that the log had signed.
"""


class BundleTooLarge(ValueError):
    """More files or more bytes than one archive holds."""


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry with the groups that may be disclosed, and the proof of its place."""

    entry: Entry
    proof: LogProof

    @property
    def id(self) -> str:
        """The id of the entry."""
        return self.entry.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What a manifest says beside the digests: who sealed what, why and when (an RFC 3339 time)."""

    log: str
    query: Mapping[str, JsonValue]
    redacted: Sequence[str]
    reason: str
    officer: str
    sealed_at: str
    tool: str


def signed_by(note: str) -> Checkpoint:
    """Return the checkpoint of a note, unverified."""
    return Checkpoint.parse(split_note(note)[0])


def side_by_side(proven: Sequence[ProvenEntry]) -> bool:
    """Whether several entries follow one another in one log, in this order."""
    begin = proven[0].proof.index
    logs = {signed_by(note).origin for note in {one.proof.note for one in proven}}
    in_order = all(one.proof.index == begin + place for place, one in enumerate(proven))
    return len(proven) > 1 and len(logs) == 1 and in_order


def bundle_files(
    proven: Sequence[ProvenEntry],
    keys: Sequence[NoteKey],
    verifiers: Mapping[str, bytes],
    together: LogProof | None = None,
) -> dict[str, bytes]:
    """Return every file of a bundle but its manifest, by name; the programs that verify it are given.

    `together` is the one proof of entries that stand side by side, which are given in the order of the log.
    """
    proofs = {f"proofs/{one.entry.id}.tlog-proof": str(one.proof) for one in proven}
    if together is not None:
        proofs = {RANGE: together.under(RANGE_HEADER)}
    files = {
        CHECKPOINT: (_newest(proven) if together is None else together.note).encode(),
        "README.txt": _README.encode(),
        "events.csv": _csv(proven).encode(),
        "events.jsonl": "".join(f"{_line(one.entry)}\n" for one in proven).encode(),
        "keys.txt": "".join(f"{key}\n" for key in keys).encode(),
    }
    files |= verifiers
    files |= {name: proof.encode() for name, proof in proofs.items()}
    return dict(sorted(files.items()))


def _newest(proven: Sequence[ProvenEntry]) -> str:
    """The note of the largest tree, of the log that the last entry is in."""
    log = signed_by(proven[-1].proof.note).origin
    notes = {one.proof.note: signed_by(one.proof.note) for one in proven}
    return max((note for note in notes if notes[note].origin == log), key=lambda note: notes[note].size)


def manifest_text(files: Mapping[str, bytes], entries: int, sealing: Sealing) -> str:
    """Return the text of the manifest: one line of canonical JSON, to be signed as a note."""
    manifest: dict[str, JsonValue] = {
        "v": FORMAT,
        "log": sealing.log,
        "entries": entries,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "query": dict(sealing.query),
        "redacted": list(sealing.redacted),
        "reason": sealing.reason,
        "officer": sealing.officer,
        "sealed_at": sealing.sealed_at,
        "tool": sealing.tool,
    }
    return canonical(manifest).decode("ascii") + "\n"


def bundle_of(files: Mapping[str, bytes]) -> bytes:
    """Return the one ZIP archive that these files make: stored, in their order, without times.

    Raises:
        BundleTooLarge: nothing was made.
    """
    _require_room(files)
    local, central = io.BytesIO(), io.BytesIO()
    for name, content in files.items():
        encoded, place = name.encode(), local.tell()
        common = _number(20, 2) + _number(0x800, 2) + bytes(4) + _number(0x21, 2)
        common += _number(zlib.crc32(content), 4) + _number(len(content), 4) * 2 + _number(len(encoded), 2)
        local.write(b"PK\x03\x04" + common + bytes(2) + encoded + content)
        central.write(b"PK\x01\x02" + _number(20, 2) + common + bytes(12) + _number(place, 4) + encoded)
    size, begin = central.tell(), local.tell()
    end = b"PK\x05\x06" + bytes(4) + _number(len(files), 2) * 2 + _number(size, 4) + _number(begin, 4)
    return local.getvalue() + central.getvalue() + end + bytes(2)


def _require_room(files: Mapping[str, bytes]) -> None:
    if len(files) > MAX_FILES:
        message = f"a bundle holds {MAX_FILES} files, and these are {len(files)}"
        raise BundleTooLarge(message)
    size = sum(76 + 2 * len(name.encode()) + len(content) for name, content in files.items()) + 22
    if size > MAX_BYTES:
        message = f"a bundle holds {MAX_BYTES} bytes, and these are {size}"
        raise BundleTooLarge(message)


def _line(entry: Entry) -> str:
    groups = {
        name: {"salt": base64.b64encode(group.salt).decode(), "content": group.content.decode("ascii")}
        for name, group in entry.groups.items()
    }
    return json.dumps({"body": entry.body.decode("ascii"), "groups": groups}, sort_keys=True)


def _csv(proven: Sequence[ProvenEntry]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for one in proven:
        record = record_from(one.entry)
        writer.writerow([str(one.proof.index), *map(csv_cell, record_cells(record))])
    return text.getvalue()


def record_cells(record: AuditRecord) -> list[str]:
    """Return the cells of a record under CSV_COLUMNS, its place in the log aside."""
    whole = record.as_json()
    detail = json.dumps(whole.get("detail", {}), ensure_ascii=False, sort_keys=True)
    cells = (
        record.id,
        whole["occurred_at"],
        record.event,
        record.outcome.value,
        record.client_id,
        record.account_id,
        record.origin.address,
        record.origin.actor,
        detail,
    )
    return [str(cell or "") for cell in cells]


def csv_cell(text: str) -> str:
    """A spreadsheet takes a cell that begins like this for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")
