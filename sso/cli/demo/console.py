"""The officers' console of the demonstration: made ready by its own command, registered by ours.

The hub knows nothing of the console's code: it is started as anyone would start it.
"""

import importlib.util
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sso.cli.context import fail
from sso.cli.demo.stage import CONSOLE, ISSUER
from sso.hub import Hub

CLIENT_ID = "officers-console"
COMMAND_SECONDS = 60


def console_command(hub: Hub, home: Path) -> Sequence[str] | None:
    """Make the console ready, register it once, and return how it is started; None if it is not installed."""
    if importlib.util.find_spec("admin") is None:
        return None
    folder = home / "console"
    prepared = _run(
        [sys.executable, "-m", "admin", "init", "--issuer", ISSUER, "--base-url", CONSOLE], folder
    )
    with hub.database.read() as stores:
        known = stores.clients.get(CLIENT_ID) is not None
    if not known:
        registration = shlex.split(prepared)[1:]
        _run([sys.executable, "-m", "sso", "--config", str(home / "sso.toml"), *registration], folder)
    return [sys.executable, "-m", "admin", "serve", "--config", str(folder / "console.toml")]


def _run(command: Sequence[str], folder: Path) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    if done.returncode != 0:
        fail(f"the console could not be made ready: {done.stderr.strip()}")
    return done.stdout
