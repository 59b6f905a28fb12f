"""Bundles of evidence: what one holds at most, and that no byte of one can be changed unnoticed."""

import io
import json
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from sso.audit.checkpoint import Checkpoint, LogProof
from sso.audit.entry import Entry, entry_of
from sso.audit.event import EvidenceSealed, NodeStarted
from sso.audit.evidence import (
    MANIFEST,
    MAX_FILES,
    BundleTooLarge,
    ProvenEntry,
    Sealing,
    bundle_files,
    bundle_of,
    manifest_text,
    side_by_side,
)
from sso.audit.merkle.proofs import inclusion_proof, range_proof
from sso.audit.merkle.tree import leaf_hash
from sso.audit.record import Origin, record_of
from sso.audit.signed_note import NoteSigner, note_of
from sso.audit.verifier import verify
from tests.audit.merkle.grown import Grown

ROOT = Path(__file__).resolve().parents[2]
NODE = str(ROOT / ".venv" / "bin" / "node")
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LOG = NoteSigner.new("id.example.gov/audit")
REFUSALS = (verify.Wrong, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What the program says WRONG for."""

EACH = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, number, program, key] = JSON.parse(readFileSync(0, "utf-8"));
const [codes, answers] = [[], []];
console.log = (line) => answers.push(line);
for (let at = 0; at < number; at += 1) {
  process.argv = [process.argv[0], program, `${folder}/${at}.zip`, "--key", key];
  process.exitCode = undefined;
  await import(`${pathToFileURL(program)}?${at}`);
  codes.push(process.exitCode);
}
process.exitCode = 0;
process.stdout.write(JSON.stringify([codes, answers]));
"""
"""Runs verify.mjs as it is, from its first line, on one bundle after the other in one process."""
KINDS = pytest.mark.parametrize("kind", ["each", "together"])


SIZE = 13


@cache
def entries() -> tuple[Entry, ...]:
    """The entries of a small log."""
    events = (
        NodeStarted(node="n1", version="1"),
        EvidenceSealed(query={"client_id": "housing"}, entries=1, redacted=(), reason="case 7", sha256="0"),
    )
    made = (record_of(events[number % 2], Origin(address="192.0.2.7"), NOW) for number in range(SIZE))
    return tuple(map(entry_of, made))


@cache
def log_of(size: int) -> tuple[Grown, str]:
    """A log of the first ones, and its signed checkpoint."""
    grown = Grown(0)
    grown.append([leaf_hash(entry.body) for entry in entries()[:size]])
    text = str(Checkpoint(LOG.key.name, size, grown.root))
    return grown, note_of(text, [LOG.sign(text, NOW)])


def proven_of(begin: int, end: int, size: int) -> list[ProvenEntry]:
    grown, note = log_of(size)
    proofs = (LogProof(i, tuple(inclusion_proof(grown.node, i, size)), note) for i in range(begin, end))
    return [ProvenEntry(entries()[proof.index], proof) for proof in proofs]


def together(begin: int, end: int, size: int) -> LogProof:
    grown, note = log_of(size)
    return LogProof(begin, tuple(range_proof(grown.node, begin, end, size)), note)


def sealed(files: dict[str, bytes], number: int) -> dict[str, bytes]:
    """The same with their manifest before them."""
    sealing = Sealing(
        log=LOG.key.name,
        query={},
        redacted=(),
        reason="case 7",
        officer="ana",
        sealed_at="2026-03-04T05:06:07+00:00",
        tool="tests",
    )
    manifest = manifest_text(files, number, sealing)
    return {MANIFEST: note_of(manifest, [LOG.sign(manifest, NOW)]).encode(), **files}


@cache
def small_files(kind: str) -> dict[str, bytes]:
    """The files of a bundle of two entries, manifest first: a proof each, or one of both."""
    proof = together(1, 3, 5) if kind == "together" else None
    return sealed(bundle_files(proven_of(1, 3, 5), [LOG.key], {}, proof), 2)


def holds(bundle: bytes) -> bool:
    try:
        verify.verify_bundle(bundle, [verify.key_of(str(LOG.key))])
    except REFUSALS:
        return False
    return True


def said_by_node(bundles: Sequence[bytes], folder: Path) -> list[str]:
    """What verify.mjs says of each, in its first word."""
    for number, bundle in enumerate(bundles):
        (folder / f"{number}.zip").write_bytes(bundle)
    program = ROOT / "sso" / "audit" / "verifier" / "verify.mjs"
    asked = json.dumps([str(folder), len(bundles), str(program), str(LOG.key)])
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", EACH],
        input=asked,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    codes, answers = json.loads(done.stdout)
    found = [answer.split(":")[0] for answer in answers]
    assert codes == [0 if answer == "ok" else 1 for answer in found]
    return found


def flipped(whole: bytes, place: int) -> bytes:
    """The same bytes with one bit of one of them turned over, another bit at each place."""
    changed = bytearray(whole)
    changed[place] ^= 1 << place % 8
    return bytes(changed)


@KINDS
def test_each_changed_byte_of_a_bundle_is_found_by_the_program_in_python(kind: str) -> None:
    whole = bundle_of(small_files(kind))
    assert holds(whole)

    assert [place for place in range(len(whole)) if holds(flipped(whole, place))] == []


@pytest.mark.slow
@KINDS
def test_each_changed_byte_of_a_file_is_found_when_the_archive_is_made_anew(kind: str) -> None:
    """Whoever knows ZIP mends its checksums: the manifest has the digests, and the log signed it.

    Every byte of the manifest, and of the other files every eleventh: each costs a signature in plain Python.
    """
    files = small_files(kind)
    found = [
        (name, place)
        for name, content in files.items()
        for place in range(0, len(content), 1 if name == MANIFEST else 11)
        if holds(bundle_of({**files, name: flipped(content, place)}))
    ]

    assert found == []


@pytest.mark.slow
@KINDS
def test_changed_bytes_of_a_bundle_are_found_by_the_program_for_node(kind: str, tmp_path: Path) -> None:
    whole = bundle_of(small_files(kind))
    places = [*range(0, len(whole), len(whole) // 400), *range(len(whole) - 22, len(whole))]

    answers = said_by_node([whole, *(flipped(whole, place) for place in places)], tmp_path)

    assert answers == ["ok"] + ["WRONG"] * len(places)


@pytest.mark.slow
def test_both_programs_believe_each_range_and_no_other(tmp_path: Path) -> None:
    """Every range of every tree up to a size, with its proof, and with proofs that are a little wrong."""
    bundles, right = [], []
    for size in (1, 2, 3, 6, 7, SIZE):
        for begin in range(size):
            for end in range(begin + 1, size + 1):
                proof = together(begin, end, size)
                for changed in (proof, *wrong(proof)):
                    files = bundle_files(proven_of(begin, end, size), [LOG.key], {}, changed)
                    bundles.append(bundle_of(sealed(files, end - begin)))
                    right.append(changed is proof)

    assert [holds(bundle) for bundle in bundles] == right
    assert said_by_node(bundles, tmp_path) == ["ok" if each else "WRONG" for each in right]


def wrong(proof: LogProof) -> list[LogProof]:
    """A hash too many, one too few, another order, the place beside."""
    found = [replace(proof, hashes=(*proof.hashes, bytes(32))), replace(proof, index=proof.index + 1)]
    if proof.hashes:
        found.append(replace(proof, hashes=proof.hashes[1:]))
    if len(proof.hashes) > 1:
        found.append(replace(proof, hashes=proof.hashes[::-1]))
    return found


@pytest.mark.parametrize("name", ["checkpoint.txt", "proofs/range.txt", "events.jsonl"])
def test_a_bundle_without_one_of_its_parts_is_none(name: str, tmp_path: Path) -> None:
    files = {
        each: content for each, content in small_files("together").items() if each not in (MANIFEST, name)
    }

    bundle = bundle_of(sealed(files, 2))

    assert not holds(bundle)
    assert said_by_node([bundle], tmp_path) == ["WRONG"]


@KINDS
def test_the_checkpoint_of_a_bundle_is_the_one_that_its_proofs_end_with(kind: str, tmp_path: Path) -> None:
    files = {each: content for each, content in small_files(kind).items() if each != MANIFEST}
    assert files["checkpoint.txt"].decode() == log_of(5)[1]

    bundle = bundle_of(sealed({**files, "checkpoint.txt": log_of(6)[1].encode()}, 2))

    assert not holds(bundle)
    assert said_by_node([bundle], tmp_path) == ["WRONG"]


def test_entries_with_a_gap_or_in_another_order_have_a_proof_each() -> None:
    whole = proven_of(1, 5, 5)
    other = replace(
        whole[1], proof=replace(whole[1].proof, note=whole[1].proof.note.replace("/audit\n", "/audit2\n"))
    )

    assert side_by_side(whole)
    assert not side_by_side([whole[0], whole[2]])
    assert not side_by_side(whole[::-1])
    assert not side_by_side(whole[:1])
    assert not side_by_side([whole[0], other])


def test_as_many_files_as_a_bundle_holds_are_read_by_everybody() -> None:
    files = {str(number): b"x" for number in range(MAX_FILES)}

    bundle = bundle_of(files)

    assert verify.files_of(bundle) == files
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert len(archive.namelist()) == MAX_FILES


def test_more_files_or_bytes_than_a_bundle_holds_are_refused() -> None:
    with pytest.raises(BundleTooLarge, match="65534 files, and these are 65535"):
        bundle_of({str(number): b"" for number in range(MAX_FILES + 1)})
    large = bytes(2**26)
    with pytest.raises(BundleTooLarge, match="4294967294 bytes"):
        bundle_of({str(number): large for number in range(64)})
