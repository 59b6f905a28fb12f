"""A hub of its own for one test or one file, with settings laid over by the environment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.servers.hub import HubServer
from tests.servers.hub import _directory_toml as directory_toml


@dataclass
class TunedHub(HubServer):
    """`settings`: `{"SERVER__WORKERS": "2"}` becomes SSO__SERVER__WORKERS=2."""

    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        laid_over = {f"SSO__{name}": value for name, value in self.settings.items()}
        return super().environment | laid_over

    def add_directories_to(self, file: Path) -> None:
        """Append this hub's directories to a configuration file, as an operator does."""
        with file.open("a", encoding="utf-8") as out:
            out.write("".join(map(directory_toml, self.directories)))

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def child(self, word: str) -> psutil.Process:
        """The child of `sso serve` whose command has this word: granian, gunicorn or worker."""
        names = {word, f"sso.cli.{word}_server"}
        children = psutil.Process(self.pid).children()
        found = [child for child in children if names & set(_words(child))]
        assert len(found) == 1, f"{len(found)} children named {word}"
        return found[0]

    def web_workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        server = "gunicorn" if self.settings.get("SERVER__SOFTWARE") == "gunicorn" else "granian"
        return [process for process in self.child(server).children() if _words(process)]

    def descendants(self) -> list[psutil.Process]:
        """Every process that this hub has started and that runs now."""
        return psutil.Process(self.pid).children(recursive=True)


def _words(process: psutil.Process) -> list[str]:
    """The words of a command line; none of a process that has ended, or is about to."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def running_hub(folder: Path, **settings: Any) -> Iterator[TunedHub]:
    """A hub while the block lasts."""
    hub = TunedHub(folder, **settings)
    hub.initialise()
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def gone(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return those that still run after some seconds at most."""
    return [process for process in psutil.wait_procs(processes, seconds)[1] if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
