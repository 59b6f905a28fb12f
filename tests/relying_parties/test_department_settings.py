"""The sample says what is missing, takes its settings from where it says, and goes quietly."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.relying_parties.department import PROGRAM, environment
from tests.relying_parties.processes import serving
from tests.servers.hub import free_port

GOOD = {"ISSUER": "http://127.0.0.1:1", "CLIENT_ID": "housing", "CLIENT_SECRET": "very-secret"}


def refused(*arguments: str, **setting: str) -> str:
    command = [sys.executable, str(PROGRAM), *arguments]
    done = subprocess.run(
        command, env=environment(**setting), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "very-secret" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("missing", ["ISSUER", "CLIENT_ID"])
def test_a_missing_setting_is_named(missing: str) -> None:
    assert f"{missing} not set" in refused(**{**GOOD, missing: ""})


def test_a_wrong_colour_is_named() -> None:
    assert "APP_COLOUR" in refused(**GOOD, APP_COLOUR="url(http://127.0.0.1:1)")


@pytest.mark.parametrize(("name", "text"), [("a.toml", "issuer = "), ("a.json", "{"), ("missing.toml", None)])
def test_a_settings_file_that_cannot_be_read_is_said(tmp_path: Path, name: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)

    assert refused("--settings", str(tmp_path / name)).startswith("department_app: ")


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, str(PROGRAM)]
    setting = environment(**GOOD, PORT=str(port))
    with serving(command, f"http://127.0.0.1:{port}/healthz", tmp_path / "log", setting):
        assert f"Port {port} is in use" in refused(**GOOD, PORT=str(port))


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_settings_come_from_the_environment_and_a_file_wins(tmp_path: Path, suffix: str) -> None:
    port = free_port()
    found = {"issuer": "http://127.0.0.1:1", "client_id": "housing", "app_name": "Housing", "port": port}
    as_toml = "\n".join(f"{name} = {json.dumps(value)}" for name, value in found.items())
    file = tmp_path / f"settings.{suffix}"
    file.write_text(as_toml if suffix == "toml" else json.dumps(found))
    command = [sys.executable, str(PROGRAM), "--settings", str(file)]
    address = f"http://127.0.0.1:{port}"

    with serving(command, f"{address}/healthz", tmp_path / "log", environment(PORT="1", APP_NAME="Tax")):
        page = httpx.get(address, trust_env=False, verify=False).text

    assert "Housing" in page


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_goes_quietly(tmp_path: Path, number: signal.Signals) -> None:
    port, log = free_port(), tmp_path / "log"
    command, setting = [sys.executable, str(PROGRAM)], environment(**GOOD, PORT=str(port))
    with serving(command, f"http://127.0.0.1:{port}/healthz", log, setting) as process:
        process.send_signal(number)
        code = process.wait(10)

    assert code == 0
    assert log.read_text() == f"Department is at http://127.0.0.1:{port}\n"
