"""Reads client metadata, one field at a time, into values that cannot be wrong (RFC 7591 2)."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from sso.audit.record import JsonValue
from sso.oidc.registered_address import MAX_ADDRESSES, AddressInvalid
from sso.oidc.registration.refusal import InvalidClientMetadata, MetadataErrorCode, nearest, shown

MAX_NAME_LENGTH = 150
NAME_TAG_PREFIX = "client_name#"

_NAME_TAG = re.compile(r"client_name#[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_Word = TypeVar("_Word", bound=StrEnum)


class MetadataFields:
    """Client metadata with unknown fields refused; null and absent are the same, and read as None."""

    def __init__(self, metadata: Mapping[str, JsonValue], known: Collection[str]) -> None:
        for name in metadata:
            if name not in known and not is_name_tag(name):
                raise InvalidClientMetadata(f"unknown field {shown(name)}{nearest(name, known)}")
        self._given = {name: value for name, value in metadata.items() if value is not None}

    def has(self, field: str) -> bool:
        """Whether a field is given."""
        return field in self._given

    def names(self) -> dict[str, str]:
        """Return the names by language tag (RFC 7591 2.2)."""
        return {
            field.removeprefix(NAME_TAG_PREFIX): self.name(field)
            for field in self._given
            if field.startswith(NAME_TAG_PREFIX)
        }

    def name(self, field: str) -> str:
        """Return a name that pages can show."""
        value = self._given.get(field)
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= MAX_NAME_LENGTH:
            raise InvalidClientMetadata(f"{field} must have 1 to {MAX_NAME_LENGTH} characters")
        if not value.isprintable():
            raise InvalidClientMetadata(f"{field} must not have control or direction characters")
        return value.strip()

    def flag(self, field: str) -> bool | None:
        """Return true or false."""
        value = self._given.get(field)
        if value is not None and not isinstance(value, bool):
            raise InvalidClientMetadata(f"{field} must be true or false")
        return value

    def seconds(self, field: str) -> int | None:
        """Return a number of seconds, at most ten years."""
        value = self._given.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 315_360_000:
            raise InvalidClientMetadata(f"{field} must be a number of seconds")
        return value

    def text(self, field: str, pattern: re.Pattern[str]) -> str | None:
        """Return a text of a shape."""
        value = self._given.get(field)
        if value is None:
            return None
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise InvalidClientMetadata(f"{field} has characters that it must not have, or is too long")
        return value

    def word(self, field: str, words: Iterable[_Word]) -> _Word | None:
        """Return one of a set of words."""
        value = self._given.get(field)
        return None if value is None else _word(field, value, words)

    def words(self, field: str, words: Collection[_Word]) -> frozenset[_Word] | None:
        """Return some of a set of words."""
        values = self.list_of(field)
        return None if values is None else frozenset(_word(field, value, words) for value in values)

    def one_of(self, field: str, words: Collection[str]) -> str | None:
        """Return one of some texts."""
        value = self._given.get(field)
        if value is None:
            return None
        if not isinstance(value, str) or value not in words:
            raise InvalidClientMetadata(f"{field} must be one of {', '.join(words)}")
        return value

    def list_of(self, field: str, most: int = MAX_ADDRESSES) -> tuple[str, ...] | None:
        """Return texts, in order, none twice."""
        value = self._given.get(field)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or len(value) > most:
            raise InvalidClientMetadata(f"{field} must be an array of at most {most} texts")
        found: list[str] = []
        for member in value:
            if not isinstance(member, str):
                raise InvalidClientMetadata(f"{field} must be an array of texts")
            if member not in found:
                found.append(member)
        return tuple(found)

    def texts(self, field: str, pattern: re.Pattern[str]) -> tuple[str, ...] | None:
        """Return texts of a shape, in order, none twice."""
        values = self.list_of(field)
        if values is not None and not all(pattern.fullmatch(value) for value in values):
            raise InvalidClientMetadata(f"{field} has characters that it must not have, or is too long")
        return values

    def address(self, field: str, check: Callable[[str], None]) -> str | None:
        """Return an address."""
        value = self._given.get(field)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidClientMetadata(f"{field} must be an address")
        return _checked(field, value, check, MetadataErrorCode.INVALID_CLIENT_METADATA)

    def addresses(
        self, field: str, check: Callable[[str], None], code: MetadataErrorCode
    ) -> tuple[str, ...] | None:
        """Return addresses, each checked."""
        values = self.list_of(field)
        return None if values is None else tuple(_checked(field, value, check, code) for value in values)

    def space_separated(self, field: str) -> tuple[str, ...] | None:
        """Return words of a text with spaces, as RFC 7591 has it, or of an array."""
        value = self._given.get(field)
        words = value.split(" ") if isinstance(value, str) else self.list_of(field)
        return None if words is None else tuple(word for word in words if word)

    def json_object(self, field: str) -> Mapping[str, JsonValue] | None:
        """Return a JSON object."""
        value = self._given.get(field)
        if value is not None and not isinstance(value, Mapping):
            raise InvalidClientMetadata(f"{field} must be a JSON object")
        return value


def is_name_tag(field: str) -> bool:
    """Whether a field is `client_name` in a language, such as `client_name#zh-CN` (RFC 7591 2.2)."""
    return _NAME_TAG.fullmatch(field) is not None


def _word(field: str, value: JsonValue, words: Iterable[_Word]) -> _Word:
    for word in words:
        if word.value == value:
            return word
    raise InvalidClientMetadata(f"{field} must be one of {', '.join(word.value for word in words)}")


def _checked(field: str, value: str, check: Callable[[str], None], code: MetadataErrorCode) -> str:
    try:
        check(value)
    except AddressInvalid as error:
        raise InvalidClientMetadata(f"{field}: {shown(value)} {error}", code) from error
    return value
