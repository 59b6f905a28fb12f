"""A real console beside a real hub: `sso-console init`, the printed registration, `sso-console serve`."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from tests.servers.hub import PASSWORD, HubServer, StartHub, free_port

START_SECONDS = 20.0
OFFICERS = {"auditor": "ana", "client_manager": "mia", "people_manager": "pia", "nobody": "tuya"}


@dataclass
class ConsoleServer:
    """A console in a folder of its own."""

    hub: HubServer
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "console.log").read_text(encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "admin", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def initialise(self) -> str:
        """Prepare the console and register it at the hub; return the command."""
        arguments = ("--issuer", self.hub.issuer, "--base-url", self.address, "--folder", str(self.folder))
        done = self.run("init", *arguments)
        assert done.returncode == 0, done.stderr
        program, *registration = shlex.split(done.stdout)
        assert program == "sso"
        self.hub.run(*registration)
        return done.stdout

    def start(self) -> None:
        with (self.folder / "console.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "admin", "serve", "--config", str(self.folder / "console.toml")],
                stderr=log,
                stdout=log,
            )
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                httpx.get(f"{self.address}/healthz", timeout=2, trust_env=False, verify=False)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"the console did not start:\n{self.log}")

    def stop(self) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.process = None
        return code

    def sign_in(self, page: Page, officer: str, reason: str = "a test") -> None:
        """Sign in as one of OFFICERS, from the console's first page; an auditor says why."""
        page.goto(f"{self.address}/")
        page.click("#to_sign_in")
        page.fill("#login_name", OFFICERS[officer])
        page.click("#continue")
        page.fill("#password", PASSWORD)
        page.click("#sign_in")
        page.wait_for_url(f"{self.address}/**")
        if officer == "auditor" and reason:
            page.fill("#reason", reason)
            page.click("#go_on")


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> HubServer:
    """A hub with a department that brings its people over SCIM."""
    department = {"kind": "scim", "id": "civil", "name": "Civil Affairs", "realms": ["civil.example"]}
    lines = (f"{name} = {json.dumps(value)}\n" for name, value in department.items())
    return start_hub(extra=f"\n[[directory]]\n{''.join(lines)}")


@pytest.fixture(scope="module")
def console(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    """A console with an officer of each kind and someone without a role."""
    hub.add_citizen("ana", name="Ana Auditor", email="ana@example.org")
    hub.add_citizen("mia", name="Mia Manager", email="mia@example.org")
    hub.add_citizen("pia", name="Pia People", email="pia@example.org")
    hub.add_citizen("tuya")
    hub.run("person", "grant-role", "ana", "auditor")
    hub.run("person", "grant-role", "mia", "client_manager")
    hub.run("person", "grant-role", "pia", "people_manager")
    server = ConsoleServer(hub, tmp_path_factory.mktemp("console"), free_port())
    server.initialise()
    server.start()
    yield server
    server.stop()
