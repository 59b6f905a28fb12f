"""Evidence and receipts: made by a hub that is served, verified by two programs that know nothing of it."""

import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
import pytest

from sso.audit.signed_note import COSIGNATURE, NoteKey, NoteSigner
from sso.witness.cosigner import Cosigner
from sso.witness.folder import WitnessFolder
from sso.witness.http import WitnessListener
from tests.running.application import Application, registered, signed_in
from tests.servers.hub import HubServer, StartHub

ROOT = Path(__file__).resolve().parents[2]
VERIFIER = ROOT / "sso" / "audit" / "verifier"
NODE = str(ROOT / ".venv" / "bin" / "node")

pytestmark = pytest.mark.slow


@dataclass
class Case:
    hub: HubServer
    application: Application
    folder: Path
    key: str
    txn: str
    witness: str

    def verify(self, file: Path, *keys: str) -> list[tuple[int, str]]:
        """What both programs say, each without anything of this project around it."""
        words = [str(file), *(word for key in keys or (self.key, self.witness) for word in ("--key", key))]
        alone = self.folder / "alone"
        alone.mkdir(exist_ok=True)
        for name in ("verify.py", "verify.mjs"):
            shutil.copy(VERIFIER / name, alone / name)
        commands = ([sys.executable, "-I", "-S", "verify.py"], [NODE, "verify.mjs"])
        done = [
            subprocess.run([*command, *words], cwd=alone, capture_output=True, text=True, env={}, timeout=60)
            for command in commands
        ]
        return [(each.returncode, each.stdout.strip()) for each in done]

    def receipt(self, txn: str, auth: tuple[str, str] | None = None) -> httpx.Response:
        auth = auth or (self.application.client_id, self.application.client_secret)
        ends = time.monotonic() + 20
        while True:
            answer = httpx.get(f"{self.hub.issuer}/audit/receipt/{txn}", auth=auth, trust_env=False)
            if answer.status_code != 202 or time.monotonic() > ends:
                return answer
            assert answer.headers["Retry-After"]
            time.sleep(0.3)

    def wait_until_cosigned(self) -> None:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            (row,) = self.hub.json("audit", "witnesses")
            if row["entries"] and row["behind"] == 0:
                return
            time.sleep(0.3)
        pytest.fail(f"not cosigned in time: {row}")


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WitnessFolder, int]]:
    """A witness that listens, and its port."""
    folder = WitnessFolder(tmp_path_factory.mktemp("witness") / "w1")
    signer = folder.create("audit-office.example.gov/w1")
    listener = WitnessListener(Cosigner(signer, folder.trusted, folder.state), ("127.0.0.1", 0))
    listener.start()
    yield folder, listener.port
    listener.stop()


@pytest.fixture(scope="module")
def case(
    start_hub: StartHub, witness: tuple[WitnessFolder, int], tmp_path_factory: pytest.TempPathFactory
) -> Case:
    folder, port = witness
    witness_key = str(folder.signer().key)
    hub = start_hub(
        extra="[outbound]\nallow_loopback = true\n[audit]\nanchor_seconds = 1\n"
        f'[[audit.witness]]\nurl = "http://127.0.0.1:{port}"\nkey = "{witness_key}"\n'
        '[[audit.sink]]\nname = "siem"\nkind = "file"\nfile = "siem.jsonl"\n'
        'format = "ocsf"\nstart = "oldest"\n'
    )
    hub.add_citizen()
    application = registered(hub, name="Housing")
    verifier = "v" * 43
    code = application.ask_code(signed_in(application), verifier)
    assert code is not None
    id_token = application.redeem(code, verifier).json()["id_token"]
    txn = jwt.decode(id_token, options={"verify_signature": False})["txn"]
    application.http.close()
    key = hub.run("audit", "keys").stdout.strip()
    made = Case(hub, application, tmp_path_factory.mktemp("evidence"), key, txn, witness_key)
    assert made.receipt(txn).status_code == 200
    folder.trust(NoteKey.parse(key))
    made.wait_until_cosigned()
    return made


@pytest.fixture(scope="module")
def bundle(case: Case) -> Path:
    case.wait_until_cosigned()
    file = case.folder / "case.zip"
    case.hub.run(
        "audit", "seal", "--client", case.application.client_id, "--reason", "case 7", "--output", str(file)
    )
    return file


def test_the_receipt_of_a_token_verifies_far_from_the_hub(case: Case) -> None:
    """C2SP tlog-proof; RFC 8417 2.2 for txn."""
    file = case.folder / "token.tlog-proof"
    file.write_bytes(case.receipt(case.txn).content)

    for code, said in case.verify(file):
        assert code == 0
        assert "token.issued at " in said and case.txn in said


def test_the_management_listener_says_who_vouched_for_the_log_last(case: Case) -> None:
    told = httpx.get(f"{case.hub.management}/readyz", trust_env=False).json()
    metrics = httpx.get(f"{case.hub.management}/metrics", trust_env=False).text

    assert told["audit"]["by"] == "audit-office.example.gov/w1"
    assert told["audit"]["anchored_at"]
    assert "sso_audit_anchor_late 0.0" in metrics


def test_the_worker_sends_the_log_to_its_sinks(case: Case) -> None:
    file = case.hub.config_file.with_name("siem.jsonl")
    ends = time.monotonic() + 20
    while not (file.exists() and case.txn in file.read_text(encoding="utf-8")) and time.monotonic() < ends:
        time.sleep(0.1)

    told = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [event["metadata"]["sequence"] for event in told] == list(range(len(told)))
    assert "token.issued" in {event["metadata"]["event_code"] for event in told if case.txn in str(event)}
    metrics = httpx.get(f"{case.hub.management}/metrics", trust_env=False).text
    assert 'sso_audit_sink_failing{sink="siem"} 0.0' in metrics


def test_without_the_witness_that_is_asked_for_nothing_holds(case: Case, bundle: Path) -> None:
    stranger = str(NoteSigner.new("audit-office.example.gov/w1", COSIGNATURE).key)

    assert [code for code, _ in case.verify(bundle, case.key)] == [0, 0]
    assert {said for _, said in case.verify(bundle, case.key, stranger)} == {
        "WRONG: not cosigned by audit-office.example.gov/w1"
    }


def test_a_receipt_is_for_the_application_itself(case: Case) -> None:
    with registered(case.hub, name="Tax") as other:
        pass

    assert case.receipt(case.txn, (other.client_id, other.client_secret)).status_code == 404
    assert case.receipt(case.txn, (other.client_id, "wrong")).status_code == 401
    assert case.receipt("x", None).status_code == 404
    assert case.receipt("00000000-0000-7000-8000-000000000000", None).status_code == 404
    assert httpx.get(f"{case.hub.issuer}/audit/receipt/{case.txn}", trust_env=False).status_code == 401


def test_who_fetched_a_receipt_is_on_record(case: Case) -> None:
    events = case.hub.audit("--event", "audit.receipt.given", "--client", case.application.client_id)

    assert case.txn in {event["detail"]["record_id"] for event in events}


def test_a_bundle_verifies_by_both_programs(case: Case, bundle: Path) -> None:
    found = case.verify(bundle)

    assert [code for code, _ in found] == [0, 0]
    assert found[0] == found[1]
    assert "entries of the log" in found[0][1]


def test_a_bundle_holds_what_an_officer_needs(case: Case, bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        events = [json.loads(line) for line in archive.read("events.jsonl").splitlines()]
        manifest = json.loads(archive.read("manifest.txt").split(b"\n")[0])
        table = archive.read("events.csv").decode().splitlines()

    assert {
        "README.txt",
        "checkpoint.txt",
        "verify.py",
        "verify.mjs",
        "keys.txt",
        "events.csv",
        "manifest.txt",
    } < names
    assert len(events) == manifest["entries"] == len(table) - 1
    assert manifest["reason"] == "case 7"
    assert manifest["officer"].startswith("command:")
    bodies = [json.loads(event["body"]) for event in events]
    assert {body["client_id"] for body in bodies} == {case.application.client_id}
    assert [body["id"] for body in bodies] == sorted(body["id"] for body in bodies)
    assert "127.0.0.1" in "".join(table)


def test_the_whole_log_has_one_proof_under_one_cosigned_checkpoint(case: Case) -> None:
    file = case.folder / "whole.zip"
    case.wait_until_cosigned()
    case.hub.run("audit", "seal", "--since", "1h", "--reason", "case 8", "--output", str(file))

    found = case.verify(file)

    assert [code for code, _ in found] == [0, 0], found
    assert found[0] == found[1]
    with zipfile.ZipFile(file) as archive:
        proofs = [name for name in archive.namelist() if name.startswith("proofs/")]
        checkpoint = archive.read("checkpoint.txt").decode()
        indices = [
            int(row["index"]) for row in csv.DictReader(io.StringIO(archive.read("events.csv").decode()))
        ]
    assert proofs == ["proofs/range.txt"]
    assert "audit-office.example.gov/w1" in checkpoint
    assert indices == list(range(len(indices)))
    assert (
        case.verify(file, case.key, str(NoteSigner.new("audit-office.example.gov/w1", COSIGNATURE).key))
        == [(1, "WRONG: not cosigned by audit-office.example.gov/w1")] * 2
    )


def test_a_redacted_bundle_still_verifies_and_tells_of_nobody(case: Case) -> None:
    file = case.folder / "redacted.zip"
    case.wait_until_cosigned()
    case.hub.run(
        *("audit", "seal", "--client", case.application.client_id, "--reason", "for the press"),
        *("--redact", "who", "--redact", "where", "--output", str(file)),
    )

    assert [code for code, _ in case.verify(file)] == [0, 0]
    with zipfile.ZipFile(file) as archive:
        events = [json.loads(line) for line in archive.read("events.jsonl").splitlines()]
        table = list(csv.DictReader(io.StringIO(archive.read("events.csv").decode())))
    assert not any({"who", "where"} & event["groups"].keys() for event in events)
    assert {(row["account_id"], row["address"], row["actor"]) for row in table} == {("", "", "")}


def test_a_sealing_is_on_record_with_the_digest_of_what_left(case: Case, bundle: Path) -> None:
    events = case.hub.audit("--event", "audit.evidence.sealed")

    digests = {event["detail"]["sha256"] for event in events}
    assert hashlib.sha256(bundle.read_bytes()).hexdigest() in digests


def test_any_changed_byte_is_found_by_both(case: Case, bundle: Path) -> None:
    whole = bundle.read_bytes()
    steps = range(0, len(whole), max(1, len(whole) // 25))

    for place in (*steps, len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 1
        file = case.folder / "changed.zip"
        file.write_bytes(changed)

        assert [code for code, _ in case.verify(file)] == [1, 1], place


def test_any_changed_byte_is_found_by_the_program_in_python(case: Case, bundle: Path) -> None:
    """Every byte: in process, because a program a byte would take an hour."""
    from sso.audit.verifier import verify

    keys = [verify.key_of(case.key), verify.key_of(case.witness)]
    receipt = case.receipt(case.txn).content
    verify.verify_receipt(receipt, keys)
    extra_ends = receipt.index(b"\nindex")

    for place in range(len(receipt)):
        changed = bytearray(receipt)
        changed[place] ^= 1 << (place % 8)

        with pytest.raises((verify.Wrong, ValueError, KeyError, TypeError)):
            verify.verify_receipt(bytes(changed), keys)
    assert extra_ends > 0


def test_a_bundle_of_another_log_is_refused(case: Case, bundle: Path) -> None:
    stranger = str(NoteSigner.new(f"127.0.0.1:{case.hub.port}/audit").key)

    assert [code for code, _ in case.verify(bundle, stranger)] == [1, 1]
    assert {code for code, _ in case.verify(bundle, "nonsense")} == {1}


def test_an_existing_file_is_never_written_over(case: Case, bundle: Path) -> None:
    done = case.hub.run("audit", "seal", "--reason", "again", "--output", str(bundle), check=False)

    assert done.returncode == 1
    assert "exists" in done.stderr


def test_nothing_is_not_sealed(case: Case) -> None:
    file = case.folder / "nothing.zip"

    done = case.hub.run(
        "audit", "seal", "--client", "nobody", "--reason", "x", "--output", str(file), check=False
    )

    assert done.returncode == 1
    assert not file.exists()


def test_the_program_in_python_is_short_and_imports_nothing_but_the_standard_library() -> None:
    text = (VERIFIER / "verify.py").read_text(encoding="utf-8")

    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= set(sys.stdlib_module_names)
    assert len(text.splitlines()) <= 300
    assert "socket" not in text and "urllib" not in text
