"""Bundles of evidence: what one holds at most, and that no byte of one can be changed unnoticed."""

import io
import json
import subprocess
import zipfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from sso.audit.checkpoint import Checkpoint, LogProof
from sso.audit.entry import entry_of
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
)
from sso.audit.merkle.tree import leaf_hash, node_hash
from sso.audit.record import Origin, record_of
from sso.audit.signed_note import NoteSigner, note_of
from sso.audit.verifier import verify

ROOT = Path(__file__).resolve().parents[2]
NODE = str(ROOT / ".venv" / "bin" / "node")
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LOG = NoteSigner.new("id.example.gov/audit")
REFUSALS = (verify.Wrong, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What the program says WRONG for."""

EACH = """
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [bundle, changed, program, key, ...places] = JSON.parse(readFileSync(0, "utf-8"));
const whole = readFileSync(bundle);
const answers = [];
console.log = (line) => answers.push(line);
async function said(content) {
  writeFileSync(changed, content);
  process.argv = [process.argv[0], program, changed, "--key", key];
  process.exitCode = undefined;
  await import(`${pathToFileURL(program)}?${answers.length}`);
  return process.exitCode;
}
const codes = [await said(whole)];
for (const place of places) {
  const content = Buffer.from(whole);
  content[place] ^= 1 << place % 8;
  codes.push(await said(content));
}
process.exitCode = 0;
process.stdout.write(JSON.stringify([codes, answers]));
"""
"""Runs verify.mjs as it is, from its first line, on one changed bundle after the other in one process."""


@cache
def small_files() -> dict[str, bytes]:
    """The files of a bundle of two entries, manifest first."""
    events = (
        NodeStarted(node="n1", version="1"),
        EvidenceSealed(query={"client_id": "housing"}, entries=1, redacted=(), reason="case 7", sha256="0"),
    )
    entries = [entry_of(record_of(event, Origin(address="192.0.2.7"), NOW)) for event in events]
    leaves = [leaf_hash(entry.body) for entry in entries]
    text = str(Checkpoint(LOG.key.name, 2, node_hash(*leaves)))
    note = note_of(text, [LOG.sign(text, NOW)])
    proven = [ProvenEntry(entries[i], LogProof(i, (leaves[1 - i],), note)) for i in (0, 1)]
    files = bundle_files(proven, [LOG.key], {})
    sealing = Sealing(
        log=LOG.key.name,
        query={},
        redacted=(),
        reason="case 7",
        officer="ana",
        sealed_at="2026-03-04T05:06:07+00:00",
        tool="tests",
    )
    manifest = manifest_text(files, len(proven), sealing)
    return {MANIFEST: note_of(manifest, [LOG.sign(manifest, NOW)]).encode(), **files}


def holds(bundle: bytes) -> bool:
    try:
        verify.verify_bundle(bundle, [verify.key_of(str(LOG.key))])
    except REFUSALS:
        return False
    return True


def flipped(whole: bytes, place: int) -> bytes:
    """The same bytes with one bit of one of them turned over, another bit at each place."""
    changed = bytearray(whole)
    changed[place] ^= 1 << place % 8
    return bytes(changed)


def test_each_changed_byte_of_a_bundle_is_found_by_the_program_in_python() -> None:
    whole = bundle_of(small_files())
    assert holds(whole)

    assert [place for place in range(len(whole)) if holds(flipped(whole, place))] == []


@pytest.mark.slow
def test_each_changed_byte_of_a_file_is_found_when_the_archive_is_made_anew() -> None:
    """Whoever knows ZIP mends its checksums: the manifest has the digests, and the log signed it.

    Every byte of the manifest, and of the other files every eleventh: each costs a signature in plain Python.
    """
    files = small_files()
    found = [
        (name, place)
        for name, content in files.items()
        for place in range(0, len(content), 1 if name == MANIFEST else 11)
        if holds(bundle_of({**files, name: flipped(content, place)}))
    ]

    assert found == []


@pytest.mark.slow
def test_changed_bytes_of_a_bundle_are_found_by_the_program_for_node(tmp_path: Path) -> None:
    whole = bundle_of(small_files())
    bundle = tmp_path / "case.zip"
    bundle.write_bytes(whole)
    program = ROOT / "sso" / "audit" / "verifier" / "verify.mjs"
    places = [*range(0, len(whole), len(whole) // 400), *range(len(whole) - 22, len(whole))]

    asked = json.dumps([str(bundle), str(tmp_path / "changed.zip"), str(program), str(LOG.key), *places])
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", EACH],
        input=asked,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    codes, answers = json.loads(done.stdout)

    assert codes == [0] + [1] * len(places)
    assert [answer.split(":")[0] for answer in answers] == ["ok"] + ["WRONG"] * len(places)


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
