"""From a directory entry to claims: declarative, without code, one value a claim.

A department's directory is trusted for what it says of its clerks, not for what its bytes do to a page:
every value is decoded, cleaned and capped here. No claim says that a mail address or number is verified.
"""

import unicodedata
from collections.abc import Callable, Mapping

from sso.directory import groups
from sso.directory.claim_rules import ClaimRule
from sso.directory.department import Department
from sso.directory.entry import Entry
from sso.directory.person import ClaimValue

CLAIM_MAX_CHARACTERS = 256
FROM_GROUPS = ("groups", "roles")
"""Claims that stand or fall with the entry's groups."""

# A shortened name is still a name; a shortened address or number is somebody else's.
_NEVER_SHORTENED = frozenset({"email", "phone_number", "preferred_username"})
_REMOVED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# Bidi controls (UAX #9), byte order mark, interlinear annotation. Other format characters stay: traditional
# Mongolian (U+180E) and Persian (U+200C) names are spelled with them.
_REMOVED_CHARACTERS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufff9\ufffa\ufffb"
)


def claims_of(entry: Entry, settings: Department) -> dict[str, ClaimValue]:
    """The claims that the entry supports (OpenID Connect Core 5.1 names); absent values make no claim.

    `groups` and `roles` are there when the entry's groups were read, empty lists included.
    """
    claims: dict[str, ClaimValue] = {**claims_by_rules(settings.rules, entry.first)}
    if settings.groups is not None and entry.groups is not None:
        claims["groups"] = groups.released(entry.groups, settings.groups.released)
        claims["roles"] = groups.released(entry.groups, settings.groups.roles)
    return claims


def account_claims(entry: Entry, settings: Department) -> dict[str, ClaimValue]:
    """The claims of a clerk's account: those of the entry, and which department speaks."""
    return {**claims_of(entry, settings), "directory": settings.id, "directory_name": settings.name}


def claims_by_rules(
    rules: Mapping[str, ClaimRule], first_of: Callable[[str], bytes | None]
) -> dict[str, str]:
    """The claims that rules make of what is read under the names of attributes, cleaned and capped."""
    claims: dict[str, str] = {}
    for claim, rule in rules.items():
        text = rule.text(lambda attribute: _text(first_of(attribute)))
        value = None if text is None else _capped(text.strip(), may_shorten=claim not in _NEVER_SHORTENED)
        if value:
            claims[claim] = value
    return claims


def _text(raw: bytes | None) -> str | None:
    """Readable text; None when there is none or the bytes are not UTF-8."""
    try:
        text = "" if raw is None else raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if text.isascii() and text.isprintable():
        return text.strip() or None  # nothing to remove, and it is nearly everything
    return "".join(character for character in text if not _is_removed(character)).strip() or None


def _capped(text: str, *, may_shorten: bool) -> str | None:
    """The text, or None when it is too long and may not be cut."""
    if len(text) <= CLAIM_MAX_CHARACTERS:
        return text
    return text[:CLAIM_MAX_CHARACTERS].rstrip() if may_shorten else None


def _is_removed(character: str) -> bool:
    if character in _REMOVED_CHARACTERS or 0xE0000 <= ord(character) <= 0xE007F:
        return True
    return unicodedata.category(character) in _REMOVED_CATEGORIES
