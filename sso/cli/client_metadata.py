"""Client metadata on a command line: `--metadata field=value` and `--metadata-file` (RFC 7591 2)."""

import json
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import click

from sso.audit.record import JsonValue
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import fail
from sso.oidc.registration import FIELDS

MAX_FILE_BYTES = 262_144


def metadata_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the two options that reach every field of a registration."""
    one = click.option(
        "--metadata",
        "fields",
        type=CLEAN_TEXT,
        multiple=True,
        metavar="FIELD=VALUE",
        help="Any field of RFC 7591, as text or as JSON; null is its default. Repeat for more.",
    )
    whole = click.option(
        "--metadata-file", type=click.File("rb"), help="A JSON object of such fields; - is standard input."
    )
    return whole(one(command))


def metadata_given(fields: Sequence[str], file: BinaryIO | None) -> dict[str, JsonValue]:
    """Return the metadata of both options; a field on the command line wins over the file.

    Raises:
        click.UsageError: not FIELD=VALUE.
    """
    found = {} if file is None else _document(file)
    for text in fields:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError("--metadata is FIELD=VALUE, such as dpop_bound_access_tokens=true")
        found[name] = _value(name, value)
    return found


def _document(file: BinaryIO) -> dict[str, JsonValue]:
    try:
        content = file.read(MAX_FILE_BYTES + 1)
        found = json.loads(content) if len(content) <= MAX_FILE_BYTES else None
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        fail(f"--metadata-file: not a JSON object of at most {MAX_FILE_BYTES // 1024} KiB")
    return found


def _value(name: str, text: str) -> JsonValue:
    """JSON where it is JSON; else a text, and one text is a list of one where the field holds a list."""
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    return [value] if name in _LISTS and isinstance(value, str) else value


_LISTS = frozenset(name for name in FIELDS if name.endswith(("_uris", "_types", "_values"))) | {
    "audience",
    "contacts",
    "resource",
    "role_mapping",
}
