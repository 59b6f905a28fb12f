"""Set the stage of the demonstration in its folder: configuration, schema, people, registrations."""

import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sso.audit.record import JsonValue, Origin
from sso.authentication.clients import add_client
from sso.authentication.people import NewCitizen, add_citizen, grant_role
from sso.cli.demo.cast import (
    APPLICATIONS,
    CITIZEN_PASSWORD,
    CITIZENS,
    CONSOLE_PORT,
    HUB_PORT,
    MANAGEMENT_PORT,
    Application,
    Citizen,
    Department,
)
from sso.cli.demo.slapd import Slapd
from sso.config import load
from sso.hub import Hub, build
from sso.oidc.registration import Proposal
from sso.storage.schema import migrate
from sso.worker.key_rotation import first_keys

ISSUER = f"http://127.0.0.1:{HUB_PORT}"
CONSOLE = f"http://127.0.0.1:{CONSOLE_PORT}"
SOURCE = "demo"
_ORIGIN = Origin(actor="demo")

_CONFIGURATION = f"""\
# Written anew by `sso demo` at every start: change nothing here.

[server]
issuer = "{ISSUER}"
listen = "127.0.0.1:{HUB_PORT}"
management_listen = "127.0.0.1:{MANAGEMENT_PORT}"
trusted_proxies = ["127.0.0.1/32"]   # the console tells an officer's address

[database]
url = "sqlite:///hub.db"

[secrets]
key_encryption_key_file = "hub.kek"
pepper_file = "hub.pepper"

[outbound]
allow_loopback = true

[pages]
name = "Ordos sign-on (demonstration)"

[pages.names]
zh-CN = "鄂尔多斯统一登录（演示）"

[log]
level = "warning"
"""


def set_stage(folder: Path, directories: Sequence[tuple[Department, Slapd]]) -> Hub:
    """Write what the hub needs, add whom and what is missing, and return the hub."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("hub.kek", "hub.pepper"):
        _secret(folder / name)
    tables = [_directory(folder, department, slapd) for department, slapd in directories]
    (folder / "sso.toml").write_text("\n".join([_CONFIGURATION, *tables]), encoding="utf-8")
    hub = build(load(str(folder / "sso.toml"), {}))
    migrate(hub.database)
    now = datetime.now(UTC)
    first_keys(hub, _ORIGIN)
    for citizen in CITIZENS:
        _add(hub, citizen, now)
    for application in APPLICATIONS:
        _register(hub, folder, application, now)
    return hub


def _secret(file: Path) -> None:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32) + "\n", encoding="ascii")


def _directory(folder: Path, department: Department, slapd: Slapd) -> str:
    """Return the table of a directory; its service password is new at every start."""
    password_file = folder / f"{department.id}.pw"
    password_file.touch(mode=0o600)
    password_file.write_text(slapd.bind_password, encoding="utf-8")
    values = {
        "id": department.id,
        "name": department.name,
        "realms": [department.realm],
        "vendor": "openldap",
        "urls": list(slapd.urls),
        "ca_file": str(slapd.ca_file),
        "bind_dn": slapd.bind_dn,
        "bind_password_file": password_file.name,
        "base_dn": slapd.base_dn,
        "login_attribute": "uid",
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(["[[directory]]", *lines, f'names = {{ "zh-CN" = "{department.name_zh}" }}', ""])


def _add(hub: Hub, citizen: Citizen, now: datetime) -> None:
    with hub.database.read() as stores:
        if stores.people.citizen(citizen.login_name) is not None:
            return
    password_hash = hub.passwords.make(CITIZEN_PASSWORD)
    new = NewCitizen(
        login_name=citizen.login_name,
        name=citizen.name,
        claims={"email": citizen.email},
        password_hash=password_hash,
    )
    with hub.database.begin(_ORIGIN) as stores:
        account = add_citizen(new, SOURCE, stores, now)
        if citizen.role is not None:
            grant_role(account.person_id, citizen.role, SOURCE, stores, now)


def _register(hub: Hub, folder: Path, application: Application, now: datetime) -> None:
    """Register an application once; its secret stays in its settings file."""
    metadata: dict[str, JsonValue] = {
        "client_name": application.name,
        "client_name#zh-CN": application.name_zh,
        "redirect_uris": [f"{application.address}/callback"],
        "post_logout_redirect_uris": [f"{application.address}/signed-out"],
        "backchannel_logout_uri": f"{application.address}/backchannel-logout",
        "client_uri": application.address,
        "sector": application.id,
        "scope": "openid profile email department",
        "trusted": application.trusted,
    }
    registered = register_once(hub, folder / f"{application.id}.json", metadata, now)
    settings: dict[str, JsonValue] = {
        **registered,
        "issuer": ISSUER,
        "app_name": application.name,
        "app_colour": application.colour,
        "port": application.port,
    }
    _keep(folder / f"{application.id}.json", settings)


def register_once(
    hub: Hub, file: Path, metadata: dict[str, JsonValue], now: datetime
) -> dict[str, JsonValue]:
    """Return client_id and client_secret of a registration that `file` remembers, registering if needed."""
    if file.exists():
        known: dict[str, JsonValue] = json.loads(file.read_text(encoding="utf-8"))
        with hub.database.read() as stores:
            if stores.clients.get(str(known.get("client_id"))) is not None:
                return {name: known[name] for name in ("client_id", "client_secret") if name in known}
    with hub.database.begin(_ORIGIN) as stores:
        client, secret = add_client(Proposal(metadata), SOURCE, stores, now)
    registered: dict[str, JsonValue] = {"client_id": client.client_id}
    if secret is not None:
        registered["client_secret"] = secret
    return registered


def _keep(file: Path, settings: dict[str, JsonValue]) -> None:
    file.touch(mode=0o600)
    file.write_text(json.dumps(settings, ensure_ascii=False, indent=1), encoding="utf-8")
