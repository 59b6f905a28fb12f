"""The audit record: one event with the time, place and identifiers it is found by."""

import dataclasses
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from functools import cache
from typing import ClassVar, Protocol, TypeAlias

JsonValue: TypeAlias = "None | bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue]"

MAX_TEXT_LENGTH = 512
"""Characters of a string that a record keeps; of a longer one the beginning, its length and its digest."""

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON parser reads exactly (RFC 8259 6); other numbers are kept as text."""

IDENTIFIERS = ("client_id", "account_id", "session_id", "grant_id")
"""Event fields that become columns of their own and can be searched."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Outcome(StrEnum):
    """Whether the thing that was asked for came about."""

    SUCCESS = "success"
    FAILURE = "failure"


class Severity(IntEnum):
    """OCSF 1.8 severity_id."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class AuditEvent(Protocol):
    """What every event class in `sso.audit.event` offers: a stable code and dataclass fields."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[object]]]
    code: ClassVar[str]
    outcome: ClassVar[Outcome]
    severity: ClassVar[Severity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from; the same for every event that it causes.

    `address` is the derived client address (absent for commands and timers), `request_id` the id
    that log lines and error pages carry, `trace_id` the W3C traceparent's, `actor` who acted when
    it was not the subject (an operator's login on the command line, the name of a worker's job).
    """

    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One line of the log as it is stored and shown."""

    id: str
    event: str
    occurred_at: datetime
    outcome: Outcome
    severity: Severity
    client_id: str | None
    account_id: str | None
    session_id: str | None
    grant_id: str | None
    origin: Origin
    detail: Mapping[str, JsonValue]

    def as_json(self) -> dict[str, JsonValue]:
        """Return the record as one flat JSON object, absent values left out."""
        whole: dict[str, JsonValue] = {
            "id": self.id,
            "event": self.event,
            "occurred_at": self.occurred_at.astimezone(UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "outcome": self.outcome.value,
            "severity": int(self.severity),
            "client_id": self.client_id,
            "account_id": self.account_id,
            "session_id": self.session_id,
            "grant_id": self.grant_id,
            "address": self.origin.address,
            "user_agent": self.origin.user_agent,
            "request_id": self.origin.request_id,
            "trace_id": self.origin.trace_id,
            "actor": self.origin.actor,
            "detail": dict(self.detail) or None,
        }
        return {name: value for name, value in whole.items() if value is not None}


def new_event_id(now: datetime, sequence: int = 0) -> str:
    """Return a UUID version 7 (RFC 9562, 5.7): sortable by time, 62 random bits.

    `sequence` counts the events of one transaction: those of one moment sort in the order in which they
    were written (RFC 9562, 6.2, method 1; it wraps after 4096).
    """
    milliseconds = int(now.timestamp() * 1000)
    value = (
        (milliseconds << 80) | (0x7 << 76) | ((sequence % 4096) << 64) | (0b10 << 62) | secrets.randbits(62)
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_event_id(text: str) -> bool:
    """Whether a text is spelled as `new_event_id` spells ids."""
    return _ID.fullmatch(text) is not None


def moment_of_id(event_id: str) -> datetime:
    """Return the millisecond that an id of `new_event_id` was made in.

    Raises:
        ValueError: it is none.
    """
    return datetime.fromtimestamp(int(event_id[:8] + event_id[9:13], 16) / 1000, UTC)


def first_id_of(moment: datetime) -> str:
    """Return the smallest id that `new_event_id` may make in the millisecond of a moment, from 1970 on."""
    milliseconds = max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
    text = f"{milliseconds:012x}"
    return f"{text[:8]}-{text[8:]}-7000-8000-000000000000"


def record_of(event: AuditEvent, origin: Origin, now: datetime, sequence: int = 0) -> AuditRecord:
    """Return the record of an event that happens at `now`, the `sequence`th of its transaction.

    Strings are stripped of control and bidirectional characters, and capped at MAX_TEXT_LENGTH. One that is
    cut ends with how long it was, in characters, and the SHA-256 of all of it as it came, in UTF-8.
    """
    values = {name: getattr(event, name) for name in _field_names(type(event))}
    named = {name: _text(values.pop(name, None)) for name in IDENTIFIERS}
    detail = {name: _clean(value) for name, value in values.items() if value is not None}
    safe = Origin(**{name: _text(getattr(origin, name)) for name in _field_names(Origin)})
    return AuditRecord(
        id=new_event_id(now, sequence),
        event=event.code,
        occurred_at=now,
        outcome=event.outcome,
        severity=event.severity,
        client_id=named["client_id"],
        account_id=named["account_id"],
        session_id=named["session_id"],
        grant_id=named["grant_id"],
        origin=safe,
        detail=detail,
    )


@cache
def _field_names(kind: type[AuditEvent] | type[Origin]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def _text(value: object) -> str | None:
    if value is None:
        return None
    return _clean_text(str(value))


def _clean(value: object) -> JsonValue:
    if isinstance(value, datetime):
        value = value.astimezone(UTC).isoformat()
    if isinstance(value, str):
        return _clean_text(value)
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= MAX_INTEGER):
        return value
    if isinstance(value, Mapping):
        return {_clean_text(str(name)): _clean(member) for name, member in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_clean_text(str(member)) for member in value)
    if isinstance(value, list | tuple):
        return [_clean(member) for member in value]
    return _clean_text(str(value))


def _clean_text(text: str) -> str:
    if len(text) <= MAX_TEXT_LENGTH and text.isascii() and text.isprintable():
        return text  # nearly always
    visible = "".join(c for c in text[: MAX_TEXT_LENGTH * 2] if c.isprintable() and c not in _BIDI)
    if len(text) <= MAX_TEXT_LENGTH * 2 and len(visible) <= MAX_TEXT_LENGTH:
        return visible
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    mark = f"… [{len(text)} characters, sha256 {digest}]"
    return visible[: MAX_TEXT_LENGTH - len(mark)] + mark


_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
