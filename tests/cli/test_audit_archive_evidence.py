"""Bundles with entries of months that left the database: two programs that know nothing of it verify them."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sso.audit.record import Origin
from sso.config import load
from sso.hub import build
from sso.storage.audit_months import Month
from sso.storage.audit_recalls import Recall
from sso.worker.recalls import recall
from tests.cli.commands import ROOT, Commands
from tests.cli.test_audit_archive import (
    NOW,
    OLD,
    WITHIN,
    Cold,
    change_body,
    frozen,
    rewritten,
    signed_in,
    tell_digest,
)

VERIFIER = ROOT / "sso" / "audit" / "verifier"
NODE = str(ROOT / ".venv" / "bin" / "node")
BOTH = ("--event", "auth.*", "--event", "node.*")


@pytest.fixture
def cold(cli: Commands) -> Cold:
    return frozen(cli, *[signed_in()] * 3)


def seal(*more: str) -> tuple[str, ...]:
    return ("audit", "seal", "--archive", *WITHIN, *BOTH, "--reason", "court 4", *more)


def said_of(cold: Cold, file: Path) -> list[tuple[int, str]]:
    """What both programs say of a bundle, each in a folder without anything of the hub's."""
    key = cold.cli.ok("audit", "keys").strip()
    alone = cold.cli.folder / "alone"
    alone.mkdir()
    for name in ("verify.py", "verify.mjs"):
        shutil.copy(VERIFIER / name, alone / name)
    done = [
        subprocess.run(
            [*program, str(file), "--key", key], cwd=alone, capture_output=True, text=True, env={}, timeout=60
        )
        for program in ([sys.executable, "-I", "-S", "verify.py"], [NODE, "verify.mjs"])
    ]
    return [(each.returncode, each.stdout.strip()) for each in done]


@pytest.mark.parametrize("redacted", [(), ("--redact", "who", "--redact", "where")])
def test_entries_of_both_are_sealed_and_verify(cold: Cold, redacted: tuple[str, ...]) -> None:
    file = cold.cli.folder / "case.zip"

    assert cold.cli.ok(*seal("--output", str(file), *redacted)).startswith("4 entries sealed")

    (by_python, by_node) = said_of(cold, file)
    assert by_python == by_node
    assert (by_python[0], "4 entries of the log" in by_python[1]) == (0, True)
    with zipfile.ZipFile(file) as bundle:
        events = [json.loads(line) for line in bundle.read("events.jsonl").splitlines()]
        manifest = json.loads(bundle.read("manifest.txt").split(b"\n")[0])
    assert [json.loads(event["body"])["id"] for event in events] == cold.ids
    assert all(("where" in event["groups"]) is (not redacted) for event in events)
    assert manifest["query"]["archive"] is True


def test_the_sealing_is_on_record_as_one_of_the_archive(cold: Cold) -> None:
    cold.cli.ok(*seal("--output", str(cold.cli.folder / "case.zip")))

    [sealed] = cold.cli.events("audit.evidence.sealed")
    detail = sealed["detail"]
    assert (detail["query"]["archive"], detail["entries"], detail["reason"]) == (True, 4, "court 4")


def test_an_entry_that_is_not_what_was_logged_is_not_sealed(cold: Cold) -> None:
    """The file and what the log says of it were changed together; the tree was not."""
    rewritten(cold, change_body)
    file = cold.cli.folder / "case.zip"

    said = cold.cli.refused(*seal("--output", str(file)))

    assert said == f"sso: entry {cold.ids[1]} is not what was logged: run `sso audit verify`"
    assert not file.exists()
    assert cold.cli.events("audit.evidence.sealed") == []


def test_receipts_of_a_file_that_is_no_month_fail_at_once(
    cold: Cold, caplog: pytest.LogCaptureFixture
) -> None:
    """Not when a lease ends: nobody waits for it, and the log of the worker names the month."""
    cold.file.write_bytes(b"a month")
    tell_digest(cold)
    hub = build(load(str(cold.cli.folder / "sso.toml"), {}))
    with hub.database.begin(Origin()) as stores:
        stores.audit_recalls.ask(cold.ids[0], "housing", NOW)

    assert recall(hub, NOW)

    with hub.database.read() as stores:
        asked = stores.audit_recalls.of(cold.ids[0])
    hub.close()
    assert asked == Recall(None, failed=True)
    [line] = [vars(record) for record in caplog.records]
    assert line["month"] == str(Month.of(OLD))
    assert line["reason"].startswith(f"{cold.file.name} could not be asked: ")


def test_no_receipt_is_given_of_an_entry_that_is_not_what_was_logged(cold: Cold) -> None:
    """The worker reads what was asked for and compares it with the tree."""
    rewritten(cold, change_body)
    hub = build(load(str(cold.cli.folder / "sso.toml"), {}))
    with hub.database.begin(Origin()) as stores:
        for event_id in cold.ids[:2]:
            stores.audit_recalls.ask(event_id, "housing", NOW)

    assert recall(hub, NOW)

    with hub.database.read() as stores:
        whole, changed = (stores.audit_recalls.of(event_id) for event_id in cold.ids[:2])
    hub.close()
    assert whole is not None and whole.body is not None and cold.ids[0].encode() in whole.body
    assert changed == Recall(None, failed=True)
