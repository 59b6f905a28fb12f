"""Child processes of `sso serve`: started to die with their parent, restarted when they fall."""

import logging
import shutil
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
    """One child process, by name."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)

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
            [*tied, *self.command], env=self.environment, stdin=subprocess.DEVNULL
        )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal, if the process still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

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
        """End the process without asking."""
        if self.alive and self.process is not None:
            self.process.kill()
            self.process.wait()

    def restart_if_fallen(self) -> bool:
        """Start the process again when it has ended by itself; true if it had."""
        if self.alive:
            return False
        code = self.process.returncode if self.process is not None else None
        log.error("%s ended with %s; starting it again", self.name, code)
        time.sleep(RESTART_PAUSE_SECONDS)
        self.start()
        return True
