"""One field of client metadata: its name on the wire, how it is read, which attribute of Client it is."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from sso.oidc.registered_address import check_web_address
from sso.oidc.registration.given import MetadataFields
from sso.oidc.registration.refusal import MetadataErrorCode

Reader: TypeAlias = Callable[[MetadataFields, str], object]
"""Reads a field of a name; None where it is not given, and then the attribute has Client's default.

Raises InvalidClientMetadata for a value that cannot be registered.
"""


@dataclass(frozen=True, slots=True)
class Field:
    """A field; `attribute` only where Client calls it otherwise."""

    name: str
    read: Reader
    attribute: str = ""

    @property
    def attribute_name(self) -> str:
        """Return the attribute of Client that holds the value."""
        return self.attribute or self.name


def flag(fields: MetadataFields, name: str) -> bool | None:
    """Read true or false."""
    return fields.flag(name)


def seconds(fields: MetadataFields, name: str) -> int | None:
    """Read a number of seconds."""
    return fields.seconds(name)


def web_address(fields: MetadataFields, name: str) -> str | None:
    """Read an address that the hub calls or a page links to."""
    return fields.address(name, check_web_address)


def addresses(
    check: Callable[[str], None], code: MetadataErrorCode = MetadataErrorCode.INVALID_CLIENT_METADATA
) -> Reader:
    """Return a reader of addresses that a check accepts."""
    return lambda fields, name: fields.addresses(name, check, code)


def one_of(words: Collection[str]) -> Reader:
    """Return a reader of one of some texts."""
    return lambda fields, name: fields.one_of(name, words)


def word(words: Collection[StrEnum]) -> Reader:
    """Return a reader of one word of an enumeration, or of a part of it."""
    return lambda fields, name: fields.word(name, words)


def words(words: Collection[StrEnum]) -> Reader:
    """Return a reader of some words of an enumeration, or of a part of it."""
    return lambda fields, name: fields.words(name, words)


def text(pattern: re.Pattern[str]) -> Reader:
    """Return a reader of a text of a shape."""
    return lambda fields, name: fields.text(name, pattern)


def texts(pattern: re.Pattern[str]) -> Reader:
    """Return a reader of texts of a shape."""
    return lambda fields, name: fields.texts(name, pattern)
