"""Examples of a rule: records that it must find something in, and records that it must not.

A step is an object of a record's members, with `times`, `every` and `after` for when, and `vary` for a member
that is another one each time. An `after` that is an object is the record's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import yaml

from sso.audit.record import AuditRecord, JsonValue, Origin, Outcome, Severity, new_event_id
from sso.audit.span import span_of

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
_WHEN = ("times", "every", "after", "vary")
Step = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Examples:
    """The steps of both."""

    positive: Sequence[Step]
    negative: Sequence[Step]


def examples_of(text: str) -> Examples:
    """Return the examples of a file.

    Raises:
        KeyError: one of the two is missing.
        ValueError: a time span of a step is none.
    """
    found = yaml.safe_load(text)
    told = Examples(found["positive"], found["negative"])
    for step in (*told.positive, *told.negative):
        _span(step.get("after"))
        _span(step.get("every"))
    return told


def records_of(steps: Sequence[Step]) -> Iterator[AuditRecord]:
    """Yield the records that steps stand for, in the order of time from BEGIN on."""
    now, number = BEGIN, 0
    for step in steps:
        now += _span(step.get("after"))
        for _ in range(int(str(step.get("times", 1)))):
            own = {name: value for name, value in step.items() if not _says_when(name, value)}
            if "vary" in step:
                own[str(step["vary"])] = f"{step['vary']}-{number}"
            yield _record(own, now, number)
            now, number = now + _span(step.get("every")), number + 1


def _says_when(name: str, value: JsonValue) -> bool:
    return name in _WHEN and not isinstance(value, Mapping)


def _record(own: dict[str, JsonValue], now: datetime, number: int) -> AuditRecord:
    def taken(name: str) -> str | None:
        value = own.pop(name, None)
        return None if value is None else str(value)

    return AuditRecord(
        id=new_event_id(now, number),
        event=taken("event") or "",
        occurred_at=now,
        outcome=Outcome(taken("outcome") or "success"),
        severity=Severity.INFORMATIONAL,
        client_id=taken("client_id"),
        account_id=taken("account_id"),
        session_id=taken("session_id"),
        grant_id=taken("grant_id"),
        origin=Origin(address=taken("address"), user_agent=taken("user_agent"), actor=taken("actor")),
        detail=own,
    )


def _span(value: JsonValue) -> timedelta:
    return timedelta() if value is None or isinstance(value, Mapping) else span_of(str(value))
