"""`sso audit key`: a log whose key follows another one, for verifiers and witnesses that know either."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sso.audit.checkpoint import verified_checkpoint
from sso.audit.event import NodeStarted
from sso.audit.record import Origin, Severity
from sso.audit.signed_note import NoteInvalid, NoteKey, NoteSigner, note_of, verify_note
from sso.config import load
from sso.hub import Hub, build
from sso.witness.folder import WitnessFolder
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.cli.commands import ROOT, Commands

VERIFIER = ROOT / "sso" / "audit" / "verifier"
NODE = str(ROOT / ".venv" / "bin" / "node")
WHY = ("--reason", "the machine is replaced")


def built(cli: Commands) -> Hub:
    return build(load(str(cli.folder / "sso.toml"), {}))


def signed(cli: Commands) -> str:
    """Have something happen and be signed, as the worker does; return the newest checkpoint."""
    hub, now = built(cli), datetime.now(UTC)
    with hub.database.begin(Origin()) as stores:
        stores.audit.append(NodeStarted(node="n", version="1"), now)
    sequencer = Sequencer(hub, LastSigned(hub.configuration.audit_last_signed_file))
    sequencer.sequence()
    new = sequencer.sign(now)
    hub.close()
    assert new is not None
    return new.note


def keys(cli: Commands) -> list[NoteKey]:
    return [NoteKey.parse(line) for line in cli.ok("audit", "keys").split()]


def signer(cli: Commands) -> NoteSigner:
    """The present key with its private half, as somebody who stole it has it."""
    hub = built(cli)
    with hub.database.read() as stores:
        (found,) = stores.audit_checkpoints.signers(keys(cli)[0].name)
    hub.close()
    return found


@pytest.fixture
def log(cli: Commands) -> Commands:
    """A log with a signed checkpoint."""
    signed(cli)
    return cli


def replaced(log: Commands) -> tuple[NoteKey, NoteKey]:
    """Replace the key; return the old one and the new."""
    (old,) = keys(log)
    new = NoteKey.parse(log.ok("audit", "key", "add", *WHY))
    signed(log)
    log.ok("audit", "key", "retire", old.id.hex(), *WHY, "--yes")
    return old, new


def test_both_keys_sign_and_either_is_enough(log: Commands) -> None:
    (old,) = keys(log)
    new = NoteKey.parse(log.ok("audit", "key", "add", *WHY))

    note = signed(log)

    assert [key for key, _ in verify_note(note, [new, old]).by] == [old, new]
    for known in (old, new):
        assert verified_checkpoint(note, old.name, [known]).origin == new.name
    with pytest.raises(NoteInvalid, match="no signature of a known key"):
        verify_note(note, [NoteSigner.new(old.name).key])
    [added] = log.events("audit.log_key.added")
    assert added["detail"] == {"origin": old.name, "key": str(new), "reason": WHY[1]}
    assert added["severity"] == Severity.HIGH


@pytest.mark.parametrize("program", [(sys.executable, "-I", "-S", "verify.py"), (NODE, "verify.mjs")])
def test_both_programs_take_a_bundle_with_either_key(log: Commands, program: tuple[str, ...]) -> None:
    (old,) = keys(log)
    new = NoteKey.parse(log.ok("audit", "key", "add", *WHY))
    signed(log)
    file = log.folder / "case.zip"
    log.ok("audit", "seal", "--event", "audit.log_key.added", "--reason", "x", "--output", str(file))
    stranger = NoteSigner.new(old.name).key

    codes = [
        subprocess.run(
            [*program, str(file), "--key", str(key)], cwd=VERIFIER, capture_output=True, timeout=60
        ).returncode
        for key in (old, new, stranger)
    ]

    assert codes == [0, 0, 1]


def test_a_retired_key_signs_no_more_and_what_it_signed_holds(log: Commands) -> None:
    old, new = replaced(log)

    note = signed(log)

    assert [key for key, _ in verify_note(note, [old, new]).by] == [new]
    assert "nothing is wrong" in log.ok("audit", "verify")
    rows = log.rows("audit", "keys")
    assert [(row["key"], row["retired_at"] is None) for row in rows] == [(str(old), False), (str(new), True)]
    [retired] = log.events("audit.log_key.retired")
    assert retired["detail"] == {"origin": old.name, "key": str(old), "reason": WHY[1]}


def test_nothing_is_left_of_the_private_half_of_a_retired_key(log: Commands) -> None:
    with closing(sqlite3.connect(log.folder / "hub.db")) as connection:
        [(before,)] = connection.execute("SELECT private FROM audit_log_key").fetchall()
        old, _ = replaced(log)
        asked = "SELECT private FROM audit_log_key WHERE public = ?"
        [(after,)] = connection.execute(asked, (old.public,)).fetchall()
        connection.execute("UPDATE audit_log_key SET retired_at = NULL")
        connection.commit()

    assert len(after) == len(before) - 32
    assert len(verify_note(signed(log), keys(log)).by) == 1


def test_the_last_key_stays(log: Commands) -> None:
    (only,) = keys(log)

    said = log.refused("audit", "key", "retire", only.id.hex(), *WHY, "--yes")

    assert "the only key that signs the log" in said
    assert "no key 00000000 signs the log" in log.refused("audit", "key", "retire", "00000000", *WHY, "--yes")
    assert log.events("audit.log_key.retired") == []


def test_a_key_stays_until_another_has_signed(log: Commands) -> None:
    (old,) = keys(log)
    log.ok("audit", "key", "add", *WHY)

    said = log.refused("audit", "key", "retire", old.id.hex(), *WHY, "--yes")

    assert "no other key has signed the newest checkpoint yet" in said
    assert len(verify_note(signed(log), keys(log)).by) == 2


def test_it_asks_first_and_wants_its_reasons(log: Commands) -> None:
    (old,) = keys(log)

    assert "--reason" in log.refused("audit", "key", "add", code=2)
    assert log.run("audit", "key", "retire", old.id.hex(), *WHY, stdin="n\n").exit_code == 1
    assert keys(log) == [old]


def test_a_log_that_has_not_begun_has_no_key_to_follow(cli: Commands) -> None:
    assert "the log has not begun" in cli.refused("audit", "key", "add", *WHY)


def test_a_checkpoint_of_a_retired_key_alone_is_found(log: Commands) -> None:
    """As by somebody who kept a copy of the old key, and can write into the database."""
    stolen = signer(log)
    replaced(log)
    note = signed(log)
    text = note.rpartition("\n\n")[0] + "\n"
    with closing(sqlite3.connect(log.folder / "hub.db")) as connection:
        forged = note_of(text, [stolen.sign(text, datetime.now(UTC))])
        connection.execute("UPDATE audit_checkpoint SET note = ? WHERE note = ?", (forged, note))
        connection.commit()

    result = log.run("audit", "verify", "--json")

    found = [json.loads(line) for line in result.stdout.splitlines()][:-1]
    assert result.exit_code == 3
    assert [each["sentence"] for each in found if each["what"] == "signature"] == [
        f"the newest checkpoint of {stolen.key.name} is of a retired key alone"
    ]


def test_a_key_that_was_written_into_the_table_is_none(log: Commands) -> None:
    """Whoever can write rows, and has no key-encryption key, makes no retired key of the log's either."""
    stranger = NoteSigner.new(keys(log)[0].name).key
    with closing(sqlite3.connect(log.folder / "hub.db")) as connection:
        [(private,)] = connection.execute("SELECT private FROM audit_log_key").fetchall()
        row = (stranger.name, stranger.public, private, 0, 1)
        connection.execute("INSERT INTO audit_log_key VALUES (?, ?, ?, ?, ?)", row)
        connection.commit()

    result = log.run("audit", "keys")

    assert result.exit_code != 0
    assert str(stranger) not in result.output


def test_a_witness_that_learnt_the_new_key_goes_on(log: Commands, tmp_path: Path) -> None:
    (old,) = keys(log)
    folder = WitnessFolder(tmp_path / "witness")
    folder.create("audit-office.example.gov/w1")
    for each in (old, replaced(log)[1]):
        log.ok("witness", "trust", "--key", str(each), "--folder", str(folder.path))

    note = signed(log)

    trusted = folder.trusted()[old.name]
    assert verified_checkpoint(note, old.name, trusted).origin == old.name
    with pytest.raises(NoteInvalid, match="no signature of a known key"):
        verified_checkpoint(note, old.name, [old])
