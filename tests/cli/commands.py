"""Run `sso`: as scripts do, in a process of its own, new or forked, or quickly inside this one."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from sso.cli.main import root
from tests.servers.command import command

ROOT = Path(__file__).parents[2]
PASSWORD = "seven green horses at dawn"
SSO = (sys.executable, "-m", "sso")
REASON = {"SSO_AUDIT_REASON": "a test"}
"""Why these tests look at the log, unless they say why themselves."""


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without the hub's own variables."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SSO")}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **REASON, **(more or {})}


def sso(
    folder: Path, *arguments: str | bytes, stdin: str | bytes = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, in a process that begins with the modules read already."""
    done = command(folder, environment(env), [os.fsdecode(argument) for argument in arguments], stdin)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def new_sso(
    folder: Path, *arguments: str | bytes, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, as a script does: by an interpreter of its own."""
    done = subprocess.run(
        [*SSO, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(env),
        timeout=60,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err, err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


class Commands:
    """A hub's folder, and its commands run inside this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(
        self, *arguments: str, stdin: str | bytes = "", env: Mapping[str, str | None] | None = None
    ) -> Result:
        """Run a command whatever comes of it; a traceback fails the test."""
        cleared = {name: None for name in os.environ if name.startswith("SSO")}
        result = CliRunner().invoke(
            root,
            ["--config", str(self.folder / "sso.toml"), *arguments],
            input=stdin,
            env={**cleared, **REASON, **(env or {})},
            prog_name="sso",
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def ok(self, *arguments: str, stdin: str | bytes = "") -> str:
        """Run a command that must succeed; return its standard output."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *arguments: str, stdin: str | bytes = "", code: int = 1) -> str:
        """Run a command that must fail with a code; return what it says on standard error."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        return result.stderr.strip()

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a command with --json; return an object a line."""
        return [json.loads(line) for line in self.ok(*arguments, "--json").splitlines()]

    def events(self, *codes: str) -> list[dict[str, Any]]:
        """The records of some codes, newest first."""
        return self.rows("audit", "search", *(part for code in codes for part in ("--event", code)))

    def add_person(self, login_name: str = "tuya", name: str = "Tuya Bat", *more: str) -> str:
        """Add a citizen; return the account id."""
        arguments = ("person", "add", "--login-name", login_name, "--name", name, "--no-password", *more)
        return self.ok(*arguments).strip()

    def add_client(self, *more: str) -> dict[str, str]:
        """Register an application; return what is printed."""
        arguments = ("client", "add", "--name", "Housing", "--redirect-uri", "https://housing.example/cb")
        added: dict[str, str] = json.loads(self.ok(*arguments, *more, "--json"))
        return added
