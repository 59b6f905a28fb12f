"""What a service wants to know about a person, as the consent page shows it: in words, and masked.

Values are masked until the person asks to see them, because a consent page is also read over a shoulder,
at a counter or in a screenshot (NIST SP 800-63C-4 asks for it).
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sso.audit.record import JsonValue
from sso.oidc.claims import SCOPE_CLAIMS
from sso.web.language import Language

HIDDEN = "•••"


def _(message: str) -> str:
    """Mark a message for translation."""
    return message


CLAIM_LABELS: Mapping[str, str] = {
    "name": _("Name"),
    "family_name": _("Family name"),
    "given_name": _("Given name"),
    "middle_name": _("Middle name"),
    "nickname": _("Nickname"),
    "preferred_username": _("Sign-in name"),
    "profile": _("Address of your profile page"),
    "picture": _("Picture"),
    "website": _("Your website"),
    "gender": _("Gender"),
    "birthdate": _("Date of birth"),
    "zoneinfo": _("Time zone"),
    "locale": _("Language"),
    "updated_at": _("When this was last changed"),
    "email": _("Mail address"),
    "email_verified": _("Mail address checked"),
    "phone_number": _("Telephone number"),
    "phone_number_verified": _("Telephone number checked"),
    "address": _("Postal address"),
    "persona": _("Citizen or staff"),
    "directory": _("Short name of your department’s directory"),
    "directory_name": _("Department that employs you"),
    "department": _("Office or unit"),
    "title": _("Job title"),
    "groups": _("Groups that you are in"),
    "roles": _("Roles that you have in this service"),
}
"""Every claim of sso.oidc.claims.SCOPE_CLAIMS in citizens' words, in English."""

SHOWN_OPENLY = frozenset(
    {"zoneinfo", "locale", "updated_at", "email_verified", "phone_number_verified"}
    | {"persona", "directory", "directory_name", "department", "title", "groups", "roles"}
)
"""Claims whose value tells nothing that has to be hidden from someone standing by."""


NAMES = frozenset({"name", "family_name", "given_name", "middle_name", "nickname"})
"""Claims of which each word keeps its first letter."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One line of the consent page; `purpose` is None when the service gave none."""

    label: str
    value_masked: str = field(repr=False)
    value: str = field(repr=False)
    purpose: str | None = None


def disclosures(
    language: Language, claims: Mapping[str, JsonValue], purposes: Mapping[str, str] | None = None
) -> tuple[Disclosure, ...]:
    """Return the lines of the consent page for claims and their values, always in the same order."""
    known = [name for names in SCOPE_CLAIMS.values() for name in names]
    return tuple(
        _disclosure(language, name, claims[name], (purposes or {}).get(name))
        for name in [*known, *sorted(set(claims) - set(known))]
        if claims.get(name) not in (None, "")
    )


def _disclosure(language: Language, name: str, value: JsonValue, purpose: str | None) -> Disclosure:
    text = claim_text(language, name, value)
    return Disclosure(claim_label(language, name), mask(name, text), text, purpose)


def claim_label(language: Language, name: str) -> str:
    """Return what a claim is, in words; a claim that is not ours keeps its own name."""
    label = CLAIM_LABELS.get(name)
    return name if label is None else language.gettext(label)


def claim_text(language: Language, name: str, value: JsonValue) -> str:
    """Return the value of a claim as a person reads it, unmasked."""
    if isinstance(value, bool):
        return language.gettext(_("Yes")) if value else language.gettext(_("No"))
    if name == "persona" and value in ("citizen", "staff"):
        return language.gettext(_("Citizen")) if value == "citizen" else language.gettext(_("Staff"))
    if name == "updated_at" and isinstance(value, int):
        return language.datetime(datetime.fromtimestamp(value, UTC))
    if isinstance(value, Mapping):
        formatted = value.get("formatted")
        parts = [formatted] if formatted else list(value.values())
        return " ".join(str(part) for part in parts)
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    return str(value)


def mask(name: str, value: str) -> str:
    """Return a value with just enough left for its owner to recognise it; `name` is the claim's."""
    if name in SHOWN_OPENLY or not value:
        return value
    if name == "email":
        local, at, domain = value.rpartition("@")
        return f"{_first(local)}{HIDDEN}{at}{domain}" if local else HIDDEN
    if name == "phone_number":
        return HIDDEN + value[-2:] if len(value) > 6 else HIDDEN
    if name == "birthdate":
        return f"{value[:4]}-••-••" if len(value) == 10 else HIDDEN
    if unicodedata.name(value[0], "").startswith("CJK"):
        return f"{value[0]}＊"
    words = (value.split()[:4] or [""]) if name in NAMES else [value]
    return " ".join(f"{_first(word)}{HIDDEN}" for word in words)


def _first(text: str) -> str:
    """Return the first letter with the marks that belong to it, nothing for an empty text."""
    marks = 1
    while marks < len(text) and unicodedata.combining(text[marks]):
        marks += 1
    return text[:marks]
