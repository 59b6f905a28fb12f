"""Reads client metadata, one field at a time, into values that cannot be wrong (RFC 7591 2)."""

import difflib
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from sso.audit.record import JsonValue
from sso.oidc.claims import PROTOCOL_SCOPES, SCOPE_CLAIMS
from sso.oidc.registered_address import MAX_ADDRESSES, AddressInvalid

OFFICER_SCOPES = ("audit:read", "clients:manage")
KNOWN_SCOPES = (*PROTOCOL_SCOPES, *SCOPE_CLAIMS, *OFFICER_SCOPES)
MAX_NAME_LENGTH = 150
MAX_SCOPES = 50
NAME_TAG_PREFIX = "client_name#"

FIELDS = (
    "client_name",
    "redirect_uris",
    "post_logout_redirect_uris",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "grant_types",
    "response_types",
    "scope",
    "jwks",
    "subject_type",
    "sector",
    "audience",
    "id_token_signed_response_alg",
    "trusted",
    "require_pkce",
    "rotate_refresh_tokens",
    "claims_in_id_token",
    "accept_token_endpoint_audience",
    "default_max_age",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "initiate_login_uri",
    "contacts",
)
"""Every metadata field; `client_name#zh-CN` is the name in a language (RFC 7591 2.2)."""

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,100}")
_NAME_TAG = re.compile(r"client_name#[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_Word = TypeVar("_Word", bound=StrEnum)


class MetadataErrorCode(StrEnum):
    """Error codes of RFC 7591 3.2.2."""

    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    INVALID_CLIENT_METADATA = "invalid_client_metadata"


class InvalidClientMetadata(ValueError):
    """Metadata cannot be registered: `code` is RFC 7591's, `sentence` is for the developer."""

    def __init__(
        self, sentence: str, code: MetadataErrorCode = MetadataErrorCode.INVALID_CLIENT_METADATA
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class MetadataFields:
    """Client metadata with unknown fields refused; null and absent are the same."""

    def __init__(self, metadata: Mapping[str, JsonValue]) -> None:
        for name in metadata:
            if name not in FIELDS and not _NAME_TAG.fullmatch(name):
                raise InvalidClientMetadata(f"unknown field {shown(name)}{nearest(name, FIELDS)}")
        self._given = {name: value for name, value in metadata.items() if value is not None}

    def has(self, name: str) -> bool:
        """Whether a field is given."""
        return name in self._given

    def names(self) -> dict[str, str]:
        """Return the names by language tag."""
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

    def flag(self, field: str, default: bool) -> bool:
        """Return true or false."""
        value = self._given.get(field, default)
        if not isinstance(value, bool):
            raise InvalidClientMetadata(f"{field} must be true or false")
        return value

    def seconds(self, field: str) -> int | None:
        """Return a number of seconds, at most ten years, or None."""
        value = self._given.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 315_360_000:
            raise InvalidClientMetadata(f"{field} must be a number of seconds")
        return value

    def text(self, field: str, pattern: re.Pattern[str]) -> str | None:
        """Return a text of a shape, or None."""
        value = self._given.get(field)
        if value is None:
            return None
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise InvalidClientMetadata(f"{field} has characters that it must not have, or is too long")
        return value

    def word(self, field: str, words: type[_Word], default: _Word) -> _Word:
        """Return one of a set of words."""
        return _word(field, self._given.get(field, default.value), words)

    def words(self, field: str, words: type[_Word], default: frozenset[_Word]) -> frozenset[_Word]:
        """Return some of a set of words."""
        return frozenset(
            _word(field, value, words) for value in self.list_of(field, tuple(w.value for w in default))
        )

    def one_of(self, field: str, words: tuple[str, ...]) -> str | None:
        """Return one of some texts, or None."""
        value = self._given.get(field)
        if value is not None and value not in words:
            raise InvalidClientMetadata(f"{field} must be one of {', '.join(words)}")
        return value if isinstance(value, str) else None

    def list_of(self, field: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return texts, in order, none twice."""
        value = self._given.get(field, default)
        if not isinstance(value, list | tuple) or len(value) > MAX_ADDRESSES:
            raise InvalidClientMetadata(f"{field} must be an array of at most {MAX_ADDRESSES} texts")
        found: list[str] = []
        for member in value:
            if not isinstance(member, str):
                raise InvalidClientMetadata(f"{field} must be an array of texts")
            if member not in found:
                found.append(member)
        return tuple(found)

    def address(self, field: str, check: Callable[[str], None]) -> str | None:
        """Return an address, or None."""
        value = self._given.get(field)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidClientMetadata(f"{field} must be an address")
        return _checked(field, value, check, MetadataErrorCode.INVALID_CLIENT_METADATA)

    def addresses(
        self,
        field: str,
        check: Callable[[str], None],
        code: MetadataErrorCode = MetadataErrorCode.INVALID_CLIENT_METADATA,
    ) -> tuple[str, ...]:
        """Return addresses, each checked."""
        return tuple(_checked(field, value, check, code) for value in self.list_of(field))

    def scope(self, default: frozenset[str]) -> frozenset[str]:
        """Return scopes, from RFC 7591's text with spaces or from an array."""
        value = self._given.get("scope")
        if value is None:
            return default
        tokens = value.split(" ") if isinstance(value, str) else list(self.list_of("scope"))
        scope = frozenset(token for token in tokens if token)
        if len(scope) > MAX_SCOPES:
            raise InvalidClientMetadata(f"scope must have at most {MAX_SCOPES} values")
        for token in sorted(scope):
            _check_scope_token(token)
        return scope

    def json_object(self, field: str) -> Mapping[str, JsonValue] | None:
        """Return a JSON object, or None."""
        value = self._given.get(field)
        if value is not None and not isinstance(value, Mapping):
            raise InvalidClientMetadata(f"{field} must be a JSON object")
        return value


def shown(name: str) -> str:
    """Return a name fit for a sentence: short, ASCII and printable."""
    plain = "".join(c for c in name[:40] if c.isascii() and c.isprintable() and c not in "\"'<>\\")
    return f"'{plain}'"


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Return the end of a sentence that names the likeliest right name, or nothing."""
    close = difflib.get_close_matches(name[:80], known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _word(field: str, value: JsonValue, words: type[_Word]) -> _Word:
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


def _check_scope_token(token: str) -> None:
    if not _SCOPE_TOKEN.fullmatch(token):
        raise InvalidClientMetadata(f"scope {shown(token)} is not a scope token (RFC 6749 3.3)")
    close = difflib.get_close_matches(token, KNOWN_SCOPES, n=1, cutoff=0.8)
    if token not in KNOWN_SCOPES and close:
        raise InvalidClientMetadata(f"unknown scope {shown(token)}; did you mean {close[0]}?")
