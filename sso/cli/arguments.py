"""What an argument may be: clean text, a moment, a network; anything else is a usage error (exit 2)."""

import ipaddress
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import click

from sso.audit.record import is_event_id
from sso.audit.span import span_of

MAX_TEXT_CHARACTERS = 1024
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_clean(text: str) -> bool:
    """Whether text is UTF-8 without control characters and without marks that turn its direction.

    A shell hands bytes that are not UTF-8 over as lone surrogates (category Cs).
    """
    return not any(c in _BIDI or unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text)


def visible(text: str) -> str:
    """Return text for a terminal: what could move the cursor or turn the line becomes U+FFFD."""
    return text if is_clean(text) else "".join(c if is_clean(c) else "\ufffd" for c in text)


class CleanText(click.ParamType[str]):
    """Text that can be stored, searched and shown again without harm."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> str:
        """Refuse what is empty, too long or not clean."""
        text = str(value).strip()
        if not text:
            self.fail("it is empty", param, context)
        if len(text) > MAX_TEXT_CHARACTERS:
            self.fail(f"it has more than {MAX_TEXT_CHARACTERS} characters", param, context)
        if not is_clean(text):
            self.fail("it is not UTF-8, or holds control or direction characters", param, context)
        return text


class Moment(click.ParamType[datetime]):
    """A time: ISO 8601, UTC unless it says otherwise, or how long ago, as in 90m, 24h, 7d, 4w."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, context: click.Context | None
    ) -> datetime:
        """Return an aware time in UTC."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        with suppress(ValueError, OverflowError):
            return datetime.now(UTC) - span_of(text)
        try:
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("use a time such as 2026-01-31T08:00, or how long ago, such as 7d", param, context)


class Span(click.ParamType[timedelta]):
    """A length of time, as in 90m, 24h, 7d, 4w."""

    name = "span"

    def convert(
        self, value: object, param: click.Parameter | None, context: click.Context | None
    ) -> timedelta:
        """Return the length."""
        if isinstance(value, timedelta):
            return value
        try:
            return span_of(str(value).strip())
        except ValueError:
            self.fail("use a length of time such as 24h or 30d", param, context)


class Network(click.ParamType[str]):
    """An address or a network in CIDR notation."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> str:
        """Return the network as written in full."""
        try:
            return str(ipaddress.ip_network(str(value).strip(), strict=False))
        except ValueError:
            self.fail("use an address such as 192.0.2.7 or a network such as 192.0.2.0/24", param, context)


class EventId(click.ParamType[str]):
    """The id of a record: a UUID version 7 (RFC 9562 5.7)."""

    name = "id"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> str:
        """Return it in lower case."""
        text = str(value).strip().lower()
        if not is_event_id(text):
            self.fail("it is not the id of a record", param, context)
        return text


CLEAN_TEXT = CleanText()
EVENT_ID = EventId()
MOMENT = Moment()
NETWORK = Network()
SPAN = Span()
