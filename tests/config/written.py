"""A configuration in a folder of its own, with its secrets, changed as a test wishes."""

from collections.abc import Mapping
from pathlib import Path

from sso.config import Configuration, load

SECRET = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY"
OTHER_SECRET = "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY"
SERVER = '[server]\nissuer = "https://id.example.gov"\n'
SECRETS = '[secrets]\nkey_encryption_key_file = "sso.kek"\npepper_file = "sso.pepper"\n'
DIRECTORY = """\
[[directory]]
id = "civil-affairs"
name = "Civil Affairs Bureau"
realms = ["civil.example"]
vendor = "openldap"
urls = ["ldaps://127.0.0.1:13636"]
bind_dn = "cn=svc,dc=example,dc=org"
bind_password_file = "svc.pw"
base_dn = "ou=people,dc=example,dc=org"
login_attribute = "uid"
"""


def write_secrets(folder: Path) -> None:
    (folder / "sso.kek").write_text(SECRET + "\n")
    (folder / "sso.pepper").write_text(OTHER_SECRET + "\n")
    (folder / "svc.pw").write_text("opensesame\n")


def write(folder: Path, text: str = "", *, server: str = SERVER, secrets: str = SECRETS) -> Path:
    """Write sso.toml: the server and the secrets first, as every configuration needs them."""
    write_secrets(folder)
    file = folder / "sso.toml"
    file.write_text(f"{server}{secrets}{text}", encoding="utf-8")
    return file


def loaded(folder: Path, text: str = "", environment: Mapping[str, str] | None = None) -> Configuration:
    return load(str(write(folder, text)), environment or {})
