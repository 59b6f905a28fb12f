"""What docs/how-to/audit.md gives to a department, word for word, against a hub that is served."""

import json
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from tests.running.application import registered
from tests.servers.hub import HubServer, StartHub

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "audit.md").read_text(encoding="utf-8")
_PULL = GUIDE[GUIDE.index("**Pull.**") :]

pytestmark = pytest.mark.slow


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```", _PULL, flags=re.DOTALL | re.MULTILINE)[number]


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> HubServer:
    """With the guide's sink, but of the application itself: its hub has no directory."""
    sink = "\n".join(line for line in block("toml").splitlines() if not line.startswith("directory"))
    return start_hub(extra=sink)


def run(hub: HubServer, folder: Path, secret: str) -> subprocess.CompletedProcess[str]:
    file = folder / "slice.sh"
    file.write_text(block("sh", 1), encoding="utf-8")
    told = {"HUB": hub.issuer, "CLIENT_ID": "civil-affairs-soc", "CLIENT_SECRET": secret}
    command = ["/bin/sh", "-eu", str(file)]
    return subprocess.run(
        command, cwd=folder, env=hub.environment | told, capture_output=True, text=True, timeout=60
    )


def test_the_script_of_the_guide_fetches_each_entry_once_and_goes_on(hub: HubServer, tmp_path: Path) -> None:
    words = shlex.split(block("sh", 0))
    assert words.pop(0) == "sso"
    secret = hub.json(*words)[0]["client_secret"]
    sizes = []
    for _ in range(2):
        ask = ["curl", "-sS", "-u", f"civil-affairs-soc:{secret}", f"{hub.issuer}/oauth2/token"]
        subprocess.run([*ask, "-d", "grant_type=client_credentials"], check=True, capture_output=True)
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            done = run(hub, tmp_path, secret)
            assert done.returncode == 0, done.stderr
            lines = (tmp_path / "slice.jsonl").read_text(encoding="utf-8").splitlines()
            codes = [json.loads(line)["event"] for line in lines]
            if codes.count("token.issued") == len(sizes) + 1:
                break
            time.sleep(0.2)
        sizes.append(codes.count("token.issued"))

    assert sizes == [1, 2]
    assert len({json.loads(line)["id"] for line in lines}) == len(lines)
    assert {json.loads(line)["client_id"] for line in lines} == {"civil-affairs-soc"}


def test_the_script_says_why_it_got_nothing(hub: HubServer, tmp_path: Path) -> None:
    done = run(hub, tmp_path, "wrong")

    assert done.returncode == 1
    assert "invalid_client" in done.stderr


def test_another_application_is_no_reader(hub: HubServer) -> None:
    with registered(hub, name="Housing") as housing:
        told = {"client_id": housing.client_id, "client_secret": housing.client_secret}
        answer = housing.http.post(f"{hub.issuer}/audit/slice", data=told)

    assert (answer.status_code, answer.json()["error"]) == (403, "access_denied")
