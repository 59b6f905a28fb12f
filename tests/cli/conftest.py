"""A hub's folder with sso.toml, secrets and an empty database: made once, copied for each test."""

import shutil
from pathlib import Path

import pytest

from tests.cli.commands import Commands

DIRECTORY = """
[[directory]]
id = "civil-affairs"
name = "Civil Affairs Bureau"
realms = ["civil.example"]
vendor = "openldap"
urls = ["ldap://127.0.0.1:1"]
bind_dn = "cn=svc,dc=civil,dc=example"
bind_password = "opensesame"
base_dn = "dc=civil,dc=example"
login_attribute = "uid"
allow_plaintext_on_loopback = true
"""


@pytest.fixture(scope="session")
def made_hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    Commands(folder).ok("init", "--issuer", "http://127.0.0.1:1")
    with (folder / "sso.toml").open("a") as file:
        file.write("\n[password]\nmemory_kibibytes = 7168\niterations = 1\n" + DIRECTORY)
    (folder / "sso.toml").chmod(0o600)  # it holds a directory's password
    return folder


@pytest.fixture
def cli(made_hub: Path, tmp_path: Path) -> Commands:
    """A hub of this test's own; its department's directory cannot be reached."""
    folder = tmp_path / "hub"
    shutil.copytree(made_hub, folder)
    return Commands(folder)
