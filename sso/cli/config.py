"""`sso config`: check the configuration, and show it as it takes effect, without its secrets."""

import json
import re
from typing import Any

import click
from pydantic import SecretStr

from sso.audit.record import JsonValue
from sso.cli.arguments import visible
from sso.cli.context import configuration_of, json_option, print_json
from sso.config import Config

HIDDEN = "***"


@click.group()
def config() -> None:
    """The configuration."""


@config.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Check the whole configuration; exit 78 and say where when something is wrong."""
    configuration = configuration_of(context)
    click.echo(f"ok: {configuration.file}")


@config.command()
@json_option
@click.pass_context
def show(context: click.Context, as_json: bool) -> None:
    """Show every setting in effect: defaults, file and environment together; secrets as ***."""
    shown = effective(configuration_of(context).settings)
    if as_json:
        print_json(shown)
        return
    for section, value in shown.items():
        tables = value if isinstance(value, list) else [value]
        for table in tables:
            click.echo(f"[[{section}]]" if isinstance(value, list) else f"[{section}]")
            _print_table(table)


def effective(settings: Config) -> dict[str, JsonValue]:
    """Return every setting as JSON, secrets hidden."""
    shown: dict[str, Any] = _without_secrets(settings.model_dump())
    shown["database"]["url"] = _without_password(settings.database.url)
    return shown


def _without_secrets(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, dict):
        return {name: _without_secrets(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(member) for member in value]
    return value if isinstance(value, int | float | str | None) else str(value)


def _without_password(url: str) -> str:
    """Hide what stands between the user's name and the last `@`, and parameters such as sslpassword."""
    url = re.sub(r"^([^:]+://[^:/@]*:).*@", rf"\1{HIDDEN}@", url, flags=re.DOTALL)
    return re.sub(r"([?&][^=&]*pass[^=&]*=)[^&]*", rf"\1{HIDDEN}", url, flags=re.IGNORECASE)


def _print_table(table: Any) -> None:
    """Print one section as TOML; a setting that is not set stands as a comment."""
    for key, value in table.items():
        if value is None:
            click.echo(f"# {key} is not set")
        else:
            click.echo(visible(f"{key} = {_toml(value)}"))
    click.echo()


def _toml(value: JsonValue) -> str:
    """Return a value as TOML writes it on one line; what is not set is left out."""
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    members = [f"{_key(name)} = {_toml(member)}" for name, member in value.items() if member is not None]
    return f"{{ {', '.join(members)} }}" if members else "{}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[a-z_]+", name) else json.dumps(name, ensure_ascii=False)
