"""`sso init`: write the configuration, the secrets, the schema and the first keys; again changes nothing."""

import json
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from sso.cli.context import EXIT_CONFIGURATION, configuration_of, fail, hub_of
from sso.cli.operator import operator_origin
from sso.config.schema import DatabaseSection, checked_issuer, is_loopback
from sso.hub import Hub
from sso.storage.schema import migrate
from sso.worker.key_rotation import first_keys

_TEMPLATE = """\
# Made by `sso init`. Every setting is explained in config.example.toml.

[server]
issuer = {issuer}
listen = {listen}

[database]
url = {url}

[secrets]
key_encryption_key_file = {kek}
pepper_file = {pepper}
"""

_LOOPBACK = """
[outbound]
allow_loopback = true   # this hub is for one machine: applications on it are told of sign-outs
"""


@click.command()
@click.option(
    "--issuer", default="http://127.0.0.1:8000", show_default=True, help="Public address of the hub."
)
@click.option(
    "--database-url", default="sqlite:///hub.db", show_default=True, help="sqlite:///FILE or postgresql://…"
)
@click.pass_context
def init(context: click.Context, issuer: str, database_url: str) -> None:
    """Write the configuration, keys and schema. Run again, it changes nothing that is there."""
    file = Path(context.find_root().params.get("config") or os.environ.get("SSO_CONFIG") or "sso.toml")
    try:
        issuer = checked_issuer(issuer)
    except ValueError as error:
        fail(f"--issuer: {error}", EXIT_CONFIGURATION)
    try:
        DatabaseSection(url=database_url)
    except ValueError:
        fail("--database-url: use sqlite:///FILE or postgresql://USER@HOST/NAME", EXIT_CONFIGURATION)
    if _exists(file):
        click.echo(f"{file} exists: kept as it is")
    else:
        try:
            _write(file, issuer, database_url)
        except OSError as error:
            fail(f"{error.filename}: cannot be written: {error.strerror}", EXIT_CONFIGURATION)
    context.find_root().params["config"] = str(file)
    _tell_unused(context, file)
    with hub_of(context) as hub:
        for name in migrate(hub.database):
            click.echo(f"schema: {name}")
        for kid in _first_keys(hub):
            click.echo(f"signing key: {kid}")
    click.echo(
        f"ready: start the hub with `sso --config {file} serve`"
        if file.name != "sso.toml"
        else "ready: start the hub with `sso serve`"
    )


def _tell_unused(context: click.Context, file: Path) -> None:
    """Say which of the options given now differ from the file and so do nothing."""
    settings = configuration_of(context).settings
    in_force = {"issuer": settings.server.issuer, "database_url": settings.database.url}
    for name, value in in_force.items():
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and context.params[name] != value:
            option = name.replace("_", "-")
            click.echo(f"--{option} is not used: {file} has another one; change it there", err=True)


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except OSError as error:
        fail(f"{file}: cannot be looked at: {error.strerror}", EXIT_CONFIGURATION)


def _write(file: Path, issuer: str, database_url: str) -> None:
    """Write the secrets, then the file that names them: whoever finds it finds them too."""
    secret_files = [file.with_name(f"{file.stem}.{name}") for name in ("kek", "pepper")]
    for secret_file in secret_files:
        if not secret_file.exists():
            _write_private(secret_file, secrets.token_urlsafe(32) + "\n")
    template = _TEMPLATE + (_LOOPBACK if is_loopback(urlsplit(issuer).hostname or "") else "")
    kek, pepper = (json.dumps(secret_file.name) for secret_file in secret_files)
    text = template.format(
        issuer=json.dumps(issuer),
        listen=json.dumps(_listen(issuer)),
        url=json.dumps(database_url),
        kek=kek,
        pepper=pepper,
    )
    _write_private(file, text)
    click.echo(
        f"wrote {file}, {file.stem}.kek and {file.stem}.pepper: keep the last two apart from the database"
    )


def _write_private(file: Path, text: str) -> None:
    """Write a new file for its owner's eyes; what exists is never replaced."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)


def _listen(issuer: str) -> str:
    """Listen where a loopback issuer says; behind a proxy on port 8000 of loopback."""
    scheme, _, place = issuer.partition("://")
    if scheme != "http":
        return "127.0.0.1:8000"
    host, colon, port = place.rpartition(":")
    return (
        f"{host if host != 'localhost' else '127.0.0.1'}:{port}"
        if colon and port.isdigit()
        else f"{place}:80"
    )


def _first_keys(hub: Hub) -> list[str]:
    return [f"{key.alg} {key.kid}" for key in first_keys(hub, operator_origin())]
