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


def redirect_uris(port: int) -> dict[str, str]:
    """The addresses to register for an application on this port, named as in RFC 7591."""
    address = f"http://127.0.0.1:{port}"
    return {
        "redirect_uri": f"{address}/callback",
        "post_logout_redirect_uri": f"{address}/signed-out",
        "backchannel_logout_uri": f"{address}/backchannel-logout",
    }


@contextmanager
def department(port: int, folder: Path, **setting: str) -> Iterator[Department]:
    """Run the application on a port while the block lasts; `setting` are its settings, in capitals."""
    address, log = f"http://127.0.0.1:{port}", folder / f"department-{port}.log"
    command = [sys.executable, str(PROGRAM)]
    with serving(command, f"{address}/healthz", log, environment(PORT=str(port), **setting)) as process:
        yield Department(address, log, process.pid)
