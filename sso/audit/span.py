"""A span of time as people write it: a whole number and the letter of its unit, as in 90m, 24h, 7d, 4w."""

import re
from datetime import timedelta

_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span_of(text: str) -> timedelta:
    """Return the span that a text means.

    Raises:
        ValueError: it means none.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("a time span is a number and one of s, m, h, d, w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
