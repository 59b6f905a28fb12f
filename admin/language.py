"""The console's languages: which one an officer reads, and its words, numbers and times.

English texts are the keys; `translations/<tag>.po` holds the others, read by Babel as they are.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import resources

from babel import Locale
from babel.dates import format_datetime
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from flask import Request

# Tag on the wire and in `lang`, its own name, the locale of its numbers. First the language of last resort.
_KNOWN = (("en", "English", "en_001"), ("zh-CN", "简体中文", "zh_Hans_CN"))
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Language:
    """One language: `tag` as in BCP 47, `own_name` as its readers write it."""

    tag: str
    own_name: str
    locale: Locale = field(repr=False)
    messages: Mapping[str, str] = field(repr=False)

    def gettext(self, message: str, **values: str) -> str:
        """Return an English message in this language, its {placeholders} filled with plain values."""
        text = self.messages.get(message, message)
        return text.format_map({name: plain(value) for name, value in values.items()}) if values else text

    def number(self, value: int) -> str:
        """Return a number as it is written."""
        return str(format_decimal(value, locale=self.locale))

    def moment(self, value: str) -> str:
        """Return an RFC 3339 time as a day and a time in UTC, to the second; what is none, as it is."""
        try:
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except ValueError:
            return plain(value)
        return format_datetime(moment, "yyyy-MM-dd HH:mm:ss", tzinfo=UTC, locale=self.locale)


def plain(value: str) -> str:
    """Return a foreign text fit to stand inside a sentence of ours: no control, no direction characters."""
    kept = (" " if unicodedata.category(c) == "Cc" else c for c in value if c not in _BIDI_CONTROLS)
    text = " ".join("".join(kept).split())
    rightward = any(unicodedata.bidirectional(c) in {"R", "AL"} for c in text)
    return f"\u2068{text}\u2069" if rightward else text


@cache
def languages() -> tuple[Language, ...]:
    """Return every language, the default first; the catalogues are read once a process."""
    return tuple(
        Language(tag=tag, own_name=own_name, locale=Locale.parse(locale), messages=_catalogue(tag))
        for tag, own_name, locale in _KNOWN
    )


def language_of(request: Request, cookie: str | None) -> Language:
    """Return the language of a page: the link just followed, the cookie, then the browser's wish."""
    for wish in (request.args.get("lang"), cookie):
        for language in languages():
            if language.tag == wish:
                return language
    best = request.accept_languages.best_match([*(tag for tag, _, _ in _KNOWN), "zh"])
    wanted = "zh-CN" if best == "zh" else best
    return next((language for language in languages() if language.tag == wanted), languages()[0])


def _catalogue(tag: str) -> Mapping[str, str]:
    if tag == _KNOWN[0][0]:
        return {}
    with resources.files("admin").joinpath("translations", f"{tag}.po").open("rb") as stream:
        entries = read_po(stream)
    ready = (entry for entry in entries if entry.id and entry.string and not entry.fuzzy)
    return {str(entry.id): str(entry.string) for entry in ready}
