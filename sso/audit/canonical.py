"""One form of bytes for one value: what is hashed must not depend on who wrote it.

JSON with sorted names, no white space and only ASCII (RFC 8785 without its floating numbers): a number is an
integer, so that every language prints it the same. Whoever verifies hashes the bytes as they stand and need
not know this form at all.
"""

import json
from collections.abc import Mapping

from sso.audit.record import MAX_INTEGER, JsonValue

_ENCODER = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"), check_circular=False)


def canonical(value: JsonValue) -> bytes:
    """Return the bytes of a JSON value.

    Raises:
        ValueError: a number that is no integer, or one that parsers read differently.
    """
    _check_numbers(value)
    return _ENCODER.encode(value).encode("ascii")


def _check_numbers(value: JsonValue) -> None:
    if value is None or isinstance(value, str | bool):
        return  # nearly all there is
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_INTEGER):
        msg = f"{value!r} has no single form in JSON"
        raise ValueError(msg)
    if isinstance(value, Mapping):
        for member in value.values():
            _check_numbers(member)
    elif isinstance(value, list | tuple):
        for member in value:
            _check_numbers(member)
