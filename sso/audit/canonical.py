"""One form of bytes for one value: what is hashed must not depend on who wrote it.

JSON with sorted names, no white space and only ASCII (RFC 8785 without its floating numbers): a number is an
integer, so that every language prints it the same. Whoever verifies hashes the bytes as they stand and need
not know this form at all.
"""

import json
from collections.abc import Iterable

from sso.audit.record import MAX_INTEGER, JsonValue

_ENCODER = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"), check_circular=False)
_PLAIN = frozenset((str, bool, type(None)))
"""What nearly all values are: neither a number nor a container."""


def canonical(value: JsonValue) -> bytes:
    """Return the bytes of a JSON value.

    Raises:
        ValueError: a number that is no integer, or one that parsers read differently.
    """
    _check_numbers((value,))
    return _ENCODER.encode(value).encode("ascii")


def _check_numbers(values: Iterable[JsonValue]) -> None:
    for value in values:
        if type(value) in _PLAIN:
            continue
        if isinstance(value, dict):
            _check_numbers(value.values())
        elif isinstance(value, list | tuple):
            _check_numbers(value)
        elif isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_INTEGER):
            msg = f"{value!r} has no single form in JSON"
            raise ValueError(msg)
