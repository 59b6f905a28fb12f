"""JSON that a caller sends, read so that nobody can mean two things by it (RFC 8259 4)."""

import json

from sso.audit.record import JsonValue


def read_json(content: bytes) -> JsonValue:
    """Return what a body holds.

    Raises:
        ValueError: it is not JSON, has a name twice, or is nested too deeply; NaN and Infinity are not JSON.
    """
    try:
        value: JsonValue = json.loads(content, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def _once(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(name: str) -> JsonValue:
    raise ValueError(name)  # NaN and Infinity are Python's
