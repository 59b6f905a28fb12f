"""Search filters that cannot be injected into (RFC 4515).

A filter is built from values and escaped once, here, when it is written. No other code makes one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.@_-")


@dataclass(frozen=True, slots=True)
class Equals:
    """An attribute that has exactly this value. The attribute's name comes from checked settings.

    `rule` is the OID of an extensible match (RFC 4515 section 3), "" for the attribute's own equality.
    """

    attribute: str
    value: bytes
    rule: str = ""

    def __str__(self) -> str:
        operator = f":{self.rule}:=" if self.rule else "="
        return f"({self.attribute}{operator}{_escaped(self.value)})"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """An attribute that has this value or a greater one, by its own ordering (RFC 4511 section 4.5.1.7.3)."""

    attribute: str
    value: str

    def __str__(self) -> str:
        return f"({self.attribute}>={_escaped(self.value.encode())})"


@dataclass(frozen=True, slots=True)
class Present:
    """An attribute that has a value, whichever (RFC 4511 section 4.5.1.7.5)."""

    attribute: str

    def __str__(self) -> str:
        return f"({self.attribute}=*)"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the conditions."""

    conditions: "tuple[Filter, ...]"

    def __str__(self) -> str:
        return f"(&{''.join(str(condition) for condition in self.conditions)})"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the conditions."""

    conditions: "tuple[Filter, ...]"

    def __str__(self) -> str:
        return f"(|{''.join(str(condition) for condition in self.conditions)})"


def _escaped(value: bytes) -> str:
    return "".join(chr(octet) if octet in _PLAIN else f"\\{octet:02x}" for octet in value)


Filter: TypeAlias = Equals | AtLeast | Present | AllOf | AnyOf


def person_named(attribute: str, login_name: str, person_filter: Sequence[tuple[str, str]]) -> AllOf:
    """The filter for one person of a directory who bears a name in that attribute."""
    return AllOf((*people(person_filter), Equals(attribute, login_name.encode("utf-8"))))


def people(person_filter: Sequence[tuple[str, str]]) -> tuple[Equals, ...]:
    """What every person's entry has."""
    return tuple(Equals(attribute, value.encode("utf-8")) for attribute, value in person_filter)
