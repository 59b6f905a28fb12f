"""Start a program that serves on a loopback port, wait until it answers, stop it by its process id."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.servers.interruptible import interruptible

START_SECONDS = 40
STOP_SECONDS = 10


@contextmanager
def serving(
    command: Sequence[str], url: str, log: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block lasts; `url` must answer before it begins. Its output goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=interruptible,
        )
    try:
        _wait_until_it_answers(process, url, log)
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> int:
    """Ask a process to end, insist after a while; return its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(STOP_SECONDS)


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            httpx.get(url, trust_env=False, verify=False, timeout=2)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(
        f"{process.args!r} does not answer at {url}:\n{log.read_text(errors='replace')[-2000:]}"
    )
