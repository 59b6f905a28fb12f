"""Search filters that cannot be injected into (RFC 4515).

A filter is built from values and escaped once, here, when it is written. No other code makes one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.@_-")


@dataclass(frozen=True, slots=True)
class Equals:
    """An attribute that has exactly this value. The attribute's name comes from checked settings."""

    attribute: str
    value: bytes

    def __str__(self) -> str:
        escaped = "".join(chr(octet) if octet in _PLAIN else f"\\{octet:02x}" for octet in self.value)
        return f"({self.attribute}={escaped})"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the conditions."""

    conditions: tuple[Equals, ...]

    def __str__(self) -> str:
        return f"(&{''.join(str(condition) for condition in self.conditions)})"


def person_named(login_attribute: str, login_name: str, person_filter: Sequence[tuple[str, str]]) -> AllOf:
    """The filter for one person of a directory by login name."""
    pairs = (*person_filter, (login_attribute, login_name))
    return AllOf(tuple(Equals(attribute, value.encode("utf-8")) for attribute, value in pairs))
