"""The README's three-minute path, word by word: the registration's command and the snippet really sign in."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer, free_port

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def block_after(heading: str, language: str) -> str:
    """Return the first code block of a language after a heading, its indentation removed."""
    text = README[README.index(heading) :]
    found = re.search(rf"^( *)```{language}\n(.*?)^\1```", text, flags=re.DOTALL | re.MULTILINE)
    assert found is not None
    return "\n".join(line.removeprefix(found[1]) for line in found[2].splitlines()) + "\n"


@pytest.fixture(scope="module")
def application(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Register and start the snippet, with only ports changed and the secret taken from the answer."""
    port = free_port()
    command = block_after("three minutes", "sh").replace("9001", str(port)).replace("\\\n", " ")
    arguments = shlex.split(command)
    assert arguments.pop(0) == "sso"
    registered = hub.json(*arguments)[0]
    file = tmp_path_factory.mktemp("readme") / "app.py"
    text = block_after("three minutes", "python")
    file.write_text(
        text.replace("9001", str(port)).replace("http://127.0.0.1:8000", hub.issuer), encoding="utf-8"
    )
    secrets = {"CLIENT_ID": registered["client_id"], "CLIENT_SECRET": registered["client_secret"]}
    process = subprocess.Popen(
        [sys.executable, str(file)], env={**os.environ, **secrets}, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(address: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{address}/sign-in", timeout=2, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the README's application did not start")


def test_the_readmes_snippet_signs_a_citizen_in(hub: HubServer, application: str) -> None:
    hub.add_citizen("tuya", PASSWORD, "Tuya Bat")

    with Visitor() as visitor:
        visitor.open(f"{application}/")
        visitor.sign_in("tuya", PASSWORD)

        assert "Tuya Bat" in visitor.page.html
