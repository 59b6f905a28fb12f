"""What the commands share: the configuration, the hub, their errors and their output."""

import json
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from sso.audit.record import JsonValue
from sso.cli.arguments import visible
from sso.config import Configuration, ConfigurationError, load
from sso.hub import Hub, build
from sso.storage.errors import SealBroken, StorageUnavailable

EXIT_FAILURE = 1
EXIT_TRY_LATER = 75
EXIT_CONFIGURATION = 78

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for scripts."
)


def fail(message: str, code: int = EXIT_FAILURE) -> NoReturn:
    """Say on standard error what is wrong and end with an exit code."""
    click.echo(f"sso: {message}", err=True)
    sys.exit(code)


def configuration_of(context: click.Context) -> Configuration:
    """Load the configuration that the command line names; exit 78 when it cannot be used."""
    try:
        return load(context.find_root().params.get("config"))
    except ConfigurationError as error:
        fail(str(error), EXIT_CONFIGURATION)


@contextmanager
def hub_of(context: click.Context) -> Generator[Hub]:
    """Build the hub for one command; an unreachable database is exit 75, a wrong sealing key 78."""
    hub = build(configuration_of(context))
    try:
        yield hub
    except StorageUnavailable as error:
        fail(
            f"the database cannot be used ({error}); is it running, and has `sso migrate` been run?",
            EXIT_TRY_LATER,
        )
    except SealBroken:
        fail("secrets.key_encryption_key is not the one that the keys in the database were sealed with", 78)
    finally:
        hub.close()


def print_json(value: JsonValue) -> None:
    """Print one JSON value on a line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print columns; nothing but a sentence where there are no rows."""
    lines = [list(headings), *[list(row) for row in rows]]
    if len(lines) == 1:
        click.echo("none")
        return
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_rows(rows: Sequence[Mapping[str, JsonValue]], *, as_json: bool, columns: Sequence[str]) -> None:
    """Print rows as a table, or as one JSON object a line."""
    if as_json:
        for row in rows:
            print_json(dict(row))
        return
    print_table(columns, [[_cell(row.get(column)) for column in columns] for row in rows])


def _cell(value: JsonValue) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return " ".join(_cell(member) for member in value)
    return str(value)


def print_block(value: JsonValue, indent: str = "") -> None:
    """Print an object as lines of `name: value`, what is inside it indented."""
    if not isinstance(value, dict):
        return
    for key, member in value.items():
        if isinstance(member, dict):
            click.echo(f"{indent}{key}:")
            print_block(member, indent + "  ")
        elif isinstance(member, list) and member and isinstance(member[0], dict):
            for each in member:
                click.echo(f"{indent}{key.removesuffix('s')}:")
                print_block(each, indent + "  ")
        else:
            text = " ".join(str(each) for each in member) if isinstance(member, list) else str(member)
            click.echo(f"{indent}{key}: {visible(text) if text and member is not None else '-'}")
