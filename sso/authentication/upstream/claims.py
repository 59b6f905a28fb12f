"""What every token of an upstream is read by: how long a text may be, and how far its clock may be off."""

from collections.abc import Mapping
from datetime import timedelta

from sso.audit.record import JsonValue

CLOCK_SKEW = timedelta(seconds=10)
_MAX_CHARACTERS = 255


class NotShortText(Exception):
    """A claim is there, and not as a text of 1 to 255 characters; the text names it and is private."""


def short_text(claims: Mapping[str, JsonValue], name: str) -> str | None:
    """Return the text of a claim, or None where it is not there. Raises NotShortText."""
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_CHARACTERS:
        raise NotShortText(f"{name} is not a short text")
    return value
