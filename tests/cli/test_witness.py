"""`sso witness` as a department runs it: a process of its own, killed and started again."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sso.audit.signed_note import NoteKey
from sso.audit.witnessing import cosignatures_in
from tests.cli.commands import SSO, Commands, environment
from tests.servers.hub import free_port
from tests.witness.small_log import SmallLog

NAME = "audit-office.example.gov/w1"
pytestmark = pytest.mark.slow


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [*SSO, "witness", "serve", "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.DEVNULL)
    ends = time.monotonic() + 30
    try:
        while time.monotonic() < ends and process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_witness_is_made_serves_survives_a_kill_and_shows_what_it_cosigned(tmp_path: Path) -> None:
    log, port, commands = SmallLog(), free_port(), Commands(tmp_path)
    folder = ("--folder", str(tmp_path / "witness"))
    key = NoteKey.parse(commands.ok("witness", "init", "--name", NAME, *folder))
    commands.ok("witness", "trust", "--key", str(log.signer.key), *folder)
    url = f"http://127.0.0.1:{port}/add-checkpoint"

    with serving(tmp_path, port) as process:
        answer = httpx.post(url, content=log.body(0, 9), trust_env=False)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with serving(tmp_path, port) as process:
        forked = httpx.post(url, content=log.forked(at=3).body(0, 12), trust_env=False)
        process.send_signal(signal.SIGTERM)
        ended = process.wait(20)

    assert key.name == NAME
    assert len(cosignatures_in(answer.text, str(log.checkpoint(9)), [key])) == 1
    assert (forked.status_code, forked.text) == (409, "9\n")
    assert ended == 0
    (row,) = commands.rows("witness", "show", *folder)
    assert (row["log"], row["trusted"], row["size"]) == (log.origin, True, 9)
    assert commands.ok("witness", "show", *folder).startswith(f"{key}\n")


def test_what_cannot_work_is_said(tmp_path: Path) -> None:
    commands, folder = Commands(tmp_path), ("--folder", str(tmp_path / "witness"))
    init = ("witness", "init", *folder, "--name")

    assert "sso witness init" in commands.refused("witness", "show", *folder, code=78)
    commands.refused("witness", "serve", *folder, code=78)
    assert "white space" in commands.refused(*init, "two words")
    key = commands.ok(*init, NAME).strip()
    assert "exists" in commands.refused(*init, NAME)
    assert "not a log's" in commands.refused("witness", "trust", "--key", key, *folder)
    commands.refused("witness", "trust", "--key", "nonsense", *folder)
    assert "HOST:PORT" in commands.refused("witness", "serve", *folder, "--listen", "nowhere", code=2)
