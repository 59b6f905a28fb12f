"""The languages of the pages: which one a person reads, and its words, dates and durations.

English texts are the keys; the other languages come from `translations/<tag>.po`, which Babel reads as they
are, so nothing compiled is ever committed. A new language is one file and one line of `_KNOWN`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime as Moment
from functools import cache
from importlib import resources
from math import ceil

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from babel.lists import format_list
from babel.messages.pofile import read_po

LONGEST_HEADER = 1000  # characters of Accept-Language or ui_locales that are looked at

# Tag on the wire and in `lang`, its own name, the locale of its dates. First the language of last resort.
# Traditional Mongolian will be ("mn-Mong", …, "mn_Mong"): vertical, so it also needs its own rules in the
# style sheet.
_KNOWN = (("en", "English", "en_001"), ("zh-CN", "简体中文", "zh_Hans_CN"))

# A name with one of these turns the letters around it over: spoofing, never spelling (Unicode TR 36, 3.1).
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the pages: `tag` as in BCP 47, `own_name` as its readers write it."""

    tag: str
    own_name: str
    locale: Locale = field(repr=False)
    messages: Mapping[str, str] = field(repr=False)

    def gettext(self, message: str, **values: str) -> str:
        """Return an English message in this language, its {placeholders} filled with plain values.

        An untranslated message stays English (a test sees to it that none is). The answer is text, not
        markup: the template escapes it whole.
        """
        text = self.messages.get(message, message)
        return text.format_map({name: plain(value) for name, value in values.items()}) if values else text

    def datetime(self, moment: Moment) -> str:
        """Return a day, a time and its zone in words; an aware datetime is told in its own zone."""
        day = format_date(moment, "long", locale=self.locale)
        return f"{day} {format_time(moment, 'HH:mm z', tzinfo=moment.tzinfo, locale=self.locale)}"

    def date(self, moment: Moment) -> str:
        """Return a day in words, in the moment's own zone."""
        return format_date(moment, "long", locale=self.locale)

    def listed(self, words: Sequence[str]) -> str:
        """Return words as a sentence lists them, the last after an "and"; nothing of none."""
        return format_list(list(words), locale=self.locale)

    def duration(self, seconds: float) -> str:
        """Return a length of time in words, rounded up: seconds below a minute, minutes below two hours."""
        step = 1 if seconds < 60 else 60 if seconds < 7200 else 3600
        whole = max(1, ceil(seconds / step)) * step
        return format_timedelta(whole, threshold=1 if whole <= 60 else 2, locale=self.locale)


def plain(value: str) -> str:
    """Return a foreign text fit to stand inside a sentence of ours.

    Control and direction characters go, white space becomes single spaces, and a text written from right to
    left is isolated, so that it cannot turn over what stands beside it.
    """
    kept = (" " if unicodedata.category(c) == "Cc" else c for c in value if c not in _BIDI_CONTROLS)
    text = " ".join("".join(kept).split())
    rightward = any(unicodedata.bidirectional(c) in {"R", "AL"} for c in text)
    return f"\u2068{text}\u2069" if rightward else text


@cache
def languages() -> tuple[Language, ...]:
    """Return every language of the pages, the default first; the catalogues are read once a process."""
    return tuple(
        Language(tag=tag, own_name=own_name, locale=Locale.parse(locale), messages=_catalogue(tag))
        for tag, own_name, locale in _KNOWN
    )


def _catalogue(tag: str) -> Mapping[str, str]:
    source = resources.files("sso.web").joinpath("translations", f"{tag}.po")
    if tag == "en":
        return {}
    with source.open("rb") as stream:
        entries = read_po(stream)
    ready = (entry for entry in entries if entry.id and entry.string and not entry.fuzzy)
    return {str(entry.id): str(entry.string) for entry in ready}


def choose(
    query: str | None = None,
    ui_locales: str | None = None,
    cookie: str | None = None,
    accept_language: str | None = None,
    default: str | None = None,
) -> Language:
    """Return the language of a page, from the strongest wish to the weakest.

    1. `query`, the `lang` that the person just clicked on; 2. `ui_locales` of the authorization request
    (OpenID Connect Core 3.1.2.1), for the service knows what the person read a moment ago; 3. `cookie`, what
    was clicked on another day; 4. the browser's `Accept-Language` (RFC 9110 12.5.4); 5. `default`, what the
    hub is configured to speak; 6. the first language we have. Whatever cannot be read counts as absent.
    """
    wishes = [query or "", *_words(ui_locales), cookie or "", *_accepted(accept_language), default or ""]
    found = (spoken for wish in wishes if (spoken := _spoken(wish)) is not None)
    return next(found, languages()[0])


def by_tag(tag: str | None) -> Language | None:
    """Return the language of exactly this tag, None when the pages do not speak it."""
    return next((language for language in languages() if language.tag == tag), None)


def _words(ui_locales: str | None) -> list[str]:
    return (ui_locales or "")[:LONGEST_HEADER].split()


def _accepted(header: str | None) -> list[str]:
    """Return the tags of an Accept-Language header, best first; those with q=0 are unwanted."""
    ranges = []
    for part in (header or "")[:LONGEST_HEADER].split(","):
        tag, _, weight = part.partition(";")
        quality = _quality(weight)
        if quality > 0:
            ranges.append((quality, tag.strip()))
    ranges.sort(key=lambda pair: -pair[0])
    return [tag for _, tag in ranges]


def _quality(weight: str) -> float:
    if not weight.strip():
        return 1.0
    found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", weight, re.IGNORECASE)
    return float(found.group(1)) if found else 0.0


def _spoken(wish: str) -> Language | None:
    """Return the language that a tag means: zh, zh-Hans or zh-TW are all best served by zh-CN."""
    wanted = wish.strip().replace("_", "-").lower()
    exact = (language for language in languages() if language.tag.lower() == wanted)
    primary = wanted.partition("-")[0]
    near = (language for language in languages() if language.tag.lower().partition("-")[0] == primary)
    return next(exact, None) or next(near, None)
