"""Child processes of `sso serve`: started to die with their parent, restarted when they fall."""

import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

log = logging.getLogger("sso.serve")

RESTART_PAUSE_SECONDS = 1.0
STARTS_PER_MINUTE = 10


class TooManyRestarts(Exception):
    """A child falls again and again: someone must look."""


@dataclass(slots=True)
class Child:
    """One child process, by name, in a session of its own: Ctrl-C in a terminal reaches only its parent."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)
    renewing: bool = False
    _start_at: float | None = None

    def start(self) -> None:
        """Start the process; the kernel ends it when this one dies.

        Raises:
            TooManyRestarts: more than STARTS_PER_MINUTE.
        """
        now = time.monotonic()
        self.starts = [at for at in self.starts if now - at < 60] + [now]
        if len(self.starts) > STARTS_PER_MINUTE:
            raise TooManyRestarts(self.name)
        setpriv = shutil.which("setpriv")
        tied = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
        self.process = subprocess.Popen(
            [*tied, *self.command], env=self.environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.renewing, self._start_at = False, None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal, if the process still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def renew(self) -> None:
        """End the process in good order, so that a new one starts with what it then reads."""
        self.renewing = True
        self.signal(signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Wait for the end; true when it came in time."""
        if self.process is None:
            return True
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End the process and what it started, without asking."""
        if self.alive and self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def restart_if_fallen(self) -> bool:
        """Start the process again, a moment after it has ended by itself; true when it was started.

        Raises:
            TooManyRestarts: it has fallen too often of late.
        """
        if self.alive:
            return False
        if self._start_at is None:
            self._start_at = time.monotonic()
            if not self.renewing:
                code = self.process.returncode if self.process is not None else None
                log.error("%s ended with %s; starting it again", self.name, code)
                self._start_at += RESTART_PAUSE_SECONDS
        if time.monotonic() < self._start_at:
            return False
        self.start()
        return True
