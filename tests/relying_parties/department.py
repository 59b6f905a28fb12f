"""Start examples/department_app as a department would: its own process, its settings in the environment."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.relying_parties.processes import serving

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "department_app" / "app.py"


@dataclass(frozen=True, slots=True)
class Department:
    """A running application: its address, its process, and what it wrote."""

    address: str
    log: Path
    pid: int


def environment(**setting: str) -> dict[str, str]:
    """Return the environment of a department: nothing of ours but the settings."""
    return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **setting}


def registration(port: int) -> tuple[str, ...]:
    """The options of `sso client add` for an application on this port."""
    address = f"http://127.0.0.1:{port}"
    return (
        *("--redirect-uri", f"{address}/callback"),
        *("--post-logout-redirect-uri", f"{address}/signed-out"),
        *("--backchannel-logout-uri", f"{address}/backchannel-logout"),
    )


@contextmanager
def department(port: int, folder: Path, **setting: str) -> Iterator[Department]:
    """Run the application on a port while the block lasts; `setting` are its settings, in capitals."""
    address, log = f"http://127.0.0.1:{port}", folder / f"department-{port}.log"
    command = [sys.executable, str(PROGRAM)]
    with serving(command, f"{address}/healthz", log, environment(PORT=str(port), **setting)) as process:
        yield Department(address, log, process.pid)
