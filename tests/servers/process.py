"""A server that a test started: it can be frozen, it ends by its pid, and it dies with the tests."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

START_SECONDS = 60.0
STOP_SECONDS = 30.0


class ServerProcess:
    """One process of a server in the foreground. `user` is whom it runs as when we are root."""

    def __init__(self, command: Sequence[str], log: Path, user: str | None = None) -> None:
        become = []
        if user is not None and os.geteuid() == 0:
            become = ["--reuid", user, "--regid", user, "--clear-groups"]
        self._command = ["setpriv", *become, "--pdeathsig", "KILL", *command]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is stopped."""
        return None if self._process is None else self._process.pid

    def start(self, answers: Callable[[], bool], environment: Mapping[str, str] | None = None) -> None:
        """Start, and wait until it answers; the test fails when it does not."""
        if self._process is not None:
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
                cwd=self._log.parent,
            )
        ends = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < ends:
            if answers():
                return
            time.sleep(0.02)
        told = self._log.read_text(errors="replace")[-3000:]
        self.stop()
        pytest.fail(f"{self._command} does not start:\n{told}", pytrace=False)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it; SIGKILL for a server whose data nobody wants any more."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def freeze(self) -> None:
        """Let it accept connections and answer nothing, as an overloaded machine does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


def program(name: str, package: str) -> str:
    """The path of a program. A missing one fails the test: a suite that skips its servers proves nothing."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail(
            f"{name} is not installed; `make setup` does it (Debian: apt-get install {package})",
            pytrace=False,
        )
    return found


def run(command: Sequence[str], text: str = "", **environment: str) -> str:
    """Run a tool to its end; the test fails when the tool does."""
    own = {**os.environ, **environment}
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=180, env=own)
    if done.returncode != 0:
        told = (done.stdout + done.stderr).decode(errors="replace")[-3000:]
        pytest.fail(f"{Path(command[0]).name} failed with {done.returncode}:\n{told}", pytrace=False)
    return done.stdout.decode(errors="replace")


def answers_ldap(host: str, port: int) -> bool:
    """Whether an anonymous bind gets an answer of any kind (RFC 4511 4.2)."""
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.sendall(bytes.fromhex("300c020101600702010304008000"))
            return connection.recv(64).startswith(b"0")
    except OSError:
        return False
