"""A real hub for a test: `sso init` and `sso serve` in a temporary folder, on free loopback ports.

hub                 on SQLite, one a test module; people and clients are added by the real commands
start_hub(...)      a factory for tests that need their own: PostgreSQL, directories, other settings
"""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from sso.directory.settings import DirectorySettings
from tests.servers.command import command
from tests.servers.interruptible import interruptible
from tests.servers.ports import free_port

START_SECONDS = 90.0
STOP_SECONDS = 40.0
PASSWORD = "nine blue yaks on the steppe"
"""A citizen's password that the rules accept."""


@dataclass
class HubServer:
    """A hub in a folder of its own. `extra` is TOML appended to its configuration.

    `host` is another address of loopback where a browser must not mix up the cookies of two hubs; `options`
    are those of `sso serve`.
    """

    folder: Path
    database_url: str = "sqlite:///hub.db"
    directories: tuple[DirectorySettings, ...] = ()
    extra: str = ""
    host: str = "127.0.0.1"
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    management_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def issuer(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def management(self) -> str:
        return f"http://127.0.0.1:{self.management_port}"

    @property
    def config_file(self) -> Path:
        return self.folder / "sso.toml"

    @property
    def log(self) -> str:
        """Everything the hub wrote to standard error so far."""
        return (self.folder / "hub.log").read_text(encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        """The environment of this hub's commands: nothing of the tester's own configuration."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("SSO_")}
        return own | {"SSO_CONFIG": str(self.config_file), "SSO_AUDIT_REASON": "a test"}

    def initialise(self) -> None:
        """Write the configuration by `sso init`, then what this test adds to it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.run("init", "--issuer", self.issuer, "--database-url", self.database_url)
        text = self.config_file.read_text(encoding="utf-8")
        text = text.replace(
            "[server]", f'[server]\nmanagement_listen = "127.0.0.1:{self.management_port}"', 1
        )
        parts = [text, *map(_directory_toml, self.directories), self.extra]
        if "[outbound]" in self.extra:
            parts[0] = text.replace("[outbound]\nallow_loopback = true", "")
        merged = "\n".join(parts)
        tomllib.loads(merged)
        self.config_file.write_text(merged, encoding="utf-8")

    def start(self) -> None:
        """Start `sso serve` and wait until /readyz answers 200."""
        with (self.folder / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sso", "serve", *self.options],
                cwd=self.folder,
                env=self.environment,
                stderr=log,
                stdout=log,
                preexec_fn=interruptible,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            if self.process is not None and self.process.poll() is not None:
                pytest.fail(f"the hub ended with {self.process.returncode}:\n{self.log[-4000:]}")
            if self.ready():
                return
            time.sleep(0.05)
        pytest.fail(f"the hub was not ready within {START_SECONDS} s:\n{self.log[-4000:]}")

    def ready(self) -> bool:
        try:
            # Nothing here is TLS, and loading the authorities takes longer than the answer.
            url = f"{self.management}/readyz"
            return httpx.get(url, timeout=2, trust_env=False, verify=False).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> int:
        """End the hub by SIGTERM and return its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS)
        self.process = None
        return code

    def run(
        self, *arguments: str, input: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run one `sso` command of this hub."""
        done = command(self.folder, self.environment, arguments, input or "")
        if check and done.returncode != 0:
            pytest.fail(f"sso {' '.join(arguments)} ended with {done.returncode}: {done.stderr}{done.stdout}")
        return done

    def json(self, *arguments: str, input: str | None = None) -> list[dict[str, Any]]:
        """Run a command with --json and return its lines."""
        return [json.loads(line) for line in self.run(*arguments, "--json", input=input).stdout.splitlines()]

    def audit(self, *arguments: str) -> list[dict[str, Any]]:
        """Return what `sso audit search` finds, newest first."""
        return self.json("audit", "search", *arguments)

    def add_citizen(
        self,
        login_name: str = "tuya",
        password: str = PASSWORD,
        name: str = "Tuya Bat",
        email: str = "tuya@example.org",
    ) -> None:
        """Add a citizen with a password."""
        arguments = ("--login-name", login_name, "--name", name, "--email", email)
        self.run("person", "add", *arguments, "--password-stdin", input=password)

    def add_client(self, *arguments: str, name: str = "Housing") -> dict[str, Any]:
        """Register a client: `add_client("--redirect-uri", uri, ...)` -> its client_id and client_secret."""
        return self.json("client", "add", "--name", name, *arguments)[0]


def _directory_toml(settings: DirectorySettings) -> str:
    """Return a `[[directory]]` of the configuration file."""
    values: dict[str, Any] = {
        "id": settings.id,
        "name": settings.name,
        "realms": list(settings.realms),
        "vendor": settings.vendor.value,
        "urls": list(settings.urls),
        "bind_dn": settings.bind_dn,
        "bind_password": settings.bind_password.decode(),
        "base_dn": settings.base_dn,
        "login_attribute": settings.login_attribute,
        "deadline_seconds": settings.deadline_seconds,
        "pool_size": settings.pool_size,
        "state_max_age_seconds": int(settings.state.max_age.total_seconds()),
        "state_grace_seconds": int(settings.state.grace.total_seconds()),
        "state_poll_seconds": int(settings.state.poll.total_seconds()),
    }
    if settings.ca_file is not None:
        values["ca_file"] = str(settings.ca_file)
    return _table("[[directory]]", values) + _groups_toml(settings)


def _groups_toml(settings: DirectorySettings) -> str:
    rules = settings.groups
    if rules is None:
        return ""
    told = {"base_dn": rules.base_dn, "strategy": rules.words.strategy.value}
    tables = (("released", rules.released), ("roles", rules.roles))
    return _table("[directory.groups]", told) + "".join(
        _table(f"[directory.groups.{name}]", {json.dumps(group): value for group, value in table.items()})
        for name, table in tables
    )


def _table(heading: str, values: dict[str, Any]) -> str:
    lines = [heading, *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n" + "\n".join(lines) + "\n"


StartHub = Callable[..., HubServer]


@pytest.fixture(scope="module")
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartHub]:
    """Return a factory of hubs; all of them end with the module."""
    started: list[HubServer] = []

    def start(**settings: Any) -> HubServer:
        hub = HubServer(tmp_path_factory.mktemp("hub"), **settings)
        hub.initialise()
        started.append(hub)
        hub.start()
        return hub

    yield start
    for hub in started:
        hub.stop()


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> HubServer:
    """Return a hub on SQLite with nobody in it."""
    return start_hub()
