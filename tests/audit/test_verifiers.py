"""The two stand-alone verifiers on the same receipts, cosigned, forged, malformed: they agree on each."""

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from sso.audit.checkpoint import Checkpoint, LogProof
from sso.audit.merkle.tree import leaf_hash, node_hash
from sso.audit.signed_note import COSIGNATURE, NoteSigner, note_of
from tests.witness.small_log import NOW

ROOT = Path(__file__).resolve().parents[2]
VERIFIER = ROOT / "sso" / "audit" / "verifier"
NODE = str(ROOT / ".venv" / "bin" / "node")

LOG = NoteSigner.new("id.example.gov/audit")
OFFICE = NoteSigner.new("audit-office.example.gov/w1", COSIGNATURE)
PARLIAMENT = NoteSigner.new("parliament.example.gov/w2", COSIGNATURE)
STRANGER = NoteSigner.new(OFFICE.key.name, COSIGNATURE)
BODY = json.dumps({"id": "x", "event": "token.issued", "time": "2026-03-04T05:06:07Z"}).encode()
BESIDE = leaf_hash(b"beside")
CHECKPOINT = str(Checkpoint(LOG.key.name, 2, node_hash(leaf_hash(BODY), BESIDE)))
OWN = LOG.sign(CHECKPOINT, NOW)


def cosigned(*lines: str, text: str = CHECKPOINT) -> str:
    return str(LogProof(0, (BESIDE,), note_of(text, [OWN, *lines]), BODY))


def retimed(line: str) -> str:
    """The same signature with another time before it."""
    dash, name, encoded = line.split(" ")
    whole = bytearray(base64.b64decode(encoded))
    whole[11] ^= 1
    return f"{dash} {name} {base64.b64encode(whole).decode()}"


def cut(line: str, length: int) -> str:
    dash, name, encoded = line.split(" ")
    return f"{dash} {name} {base64.b64encode(base64.b64decode(encoded)[:length]).decode()}"


@dataclass(frozen=True)
class Vector:
    name: str
    receipt: str
    keys: tuple[NoteSigner, ...]
    holds: bool


OFFICES, PARLIAMENTS = OFFICE.sign(CHECKPOINT, NOW), PARLIAMENT.sign(CHECKPOINT, NOW)
OF_ANOTHER = OFFICE.sign(CHECKPOINT.replace("\n2\n", "\n3\n"), NOW)
AS_A_LOG = NoteSigner.new(OFFICE.key.name, private=OFFICE.private)
VECTORS = [
    Vector("signed by the log alone", cosigned(), (LOG,), True),
    Vector("cosigned, and nobody asks for it", cosigned(OFFICES), (LOG,), True),
    Vector("cosigned by the witness that is asked for", cosigned(OFFICES), (LOG, OFFICE), True),
    Vector("cosigned by both", cosigned(OFFICES, PARLIAMENTS), (LOG, PARLIAMENT, OFFICE), True),
    Vector("a witness's line first", cosigned().replace(OWN, f"{OFFICES}\n{OWN}"), (LOG, OFFICE), True),
    Vector("without the cosignature", cosigned(), (LOG, OFFICE), False),
    Vector("only one of two", cosigned(OFFICES), (LOG, OFFICE, PARLIAMENT), False),
    Vector("by a stranger of the same name", cosigned(STRANGER.sign(CHECKPOINT, NOW)), (LOG, OFFICE), False),
    Vector("of another checkpoint", cosigned(OF_ANOTHER), (LOG, OFFICE), False),
    Vector("with another time", cosigned(retimed(OFFICES)), (LOG, OFFICE), False),
    Vector("a cosignature without a signature", cosigned(cut(OFFICES, 12)), (LOG, OFFICE), False),
    Vector("a cosignature cut within its time", cosigned(cut(OFFICES, 7)), (LOG, OFFICE), False),
    Vector("by the witness as a log would", cosigned(AS_A_LOG.sign(CHECKPOINT, NOW)), (LOG, OFFICE), False),
    Vector("not signed by the log", cosigned(OFFICES).replace(f"{OWN}\n", ""), (LOG, OFFICE), False),
    Vector("only the witness's key is given", cosigned(OFFICES), (OFFICE,), False),
    Vector("an index with a zero before it", cosigned().replace("index 0", "index 00"), (LOG,), False),
    Vector("another index", cosigned().replace("index 0", "index 1"), (LOG,), False),
]  # fmt: skip


def said_by(command: list[str], file: Path, vector: Vector) -> tuple[int, str]:
    words = [word for signer in vector.keys for word in ("--key", str(signer.key))]
    done = subprocess.run([*command, str(file), *words], capture_output=True, text=True, env={}, timeout=60)
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_both_programs_say_the_same_of_a_receipt(vector: Vector, tmp_path: Path) -> None:
    file = tmp_path / "receipt.tlog-proof"
    file.write_text(vector.receipt, encoding="utf-8")

    python = said_by([sys.executable, "-I", "-S", str(VERIFIER / "verify.py")], file, vector)
    node = said_by([NODE, str(VERIFIER / "verify.mjs")], file, vector)

    assert python[0] == node[0] == (0 if vector.holds else 1), (python, node)
    assert python == node
