"""Records as OCSF 1.8.0: each class of ours against the schema's required attributes and enumerations."""

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sso.audit.event import (
    EVENT_CLASSES,
    ClientAuthenticationFailed,
    RoleGranted,
    SignInFailed,
    SignInSucceeded,
    TokenIssued,
)
from sso.audit.ocsf import Reporter, mapped_codes, mapping_of, ocsf_event
from sso.audit.record import AuditEvent, AuditRecord, Origin, record_of

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
REPORTER = Reporter("id.example.gov", "1.2.3")
SCHEMA: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / "ocsf_schema.toml").read_text("utf-8"))
ACCOUNT = "a" * 22
WHOLE = Origin(address="192.0.2.7", user_agent="UA", request_id="r1", trace_id="t1", actor="b" * 22)


def sample(event: type[AuditEvent], *, bare: bool) -> AuditEvent:
    """An event of a class: with everything that it can carry, or only with what it must."""
    values = {}
    for field in dataclasses.fields(event):  # type: ignore[arg-type]
        required = field.default is dataclasses.MISSING
        if required or not bare:
            values[field.name] = None if bare and "None" in str(field.type) else _value(str(field.type))
    return event(**values)


def _value(kind: str) -> object:
    if "Mapping" in kind:
        return {"a": 1}
    if "tuple" in kind or "frozenset" in kind:
        return ("word",)
    return {"int": 7, "bool": True, "datetime": NOW}.get(kind.partition(" ")[0], ACCOUNT)


def problems(event: Mapping[str, Any]) -> Iterator[str]:
    """What the schema says against an event."""
    base, kind = SCHEMA["base"], SCHEMA["class"][str(event["class_uid"])]
    yield from _missing("event", event, base)
    yield from _missing("event", event, kind)
    enums = {"severity_id": base["severity_id"], "status_id": base["status_id"], **kind}
    for name in ("activity_id", "severity_id", "status_id"):
        if event[name] not in enums[name]:
            yield f"{name} {event[name]}"
    if event["category_uid"] != event["class_uid"] // 1000:
        yield "category_uid"
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        yield "type_uid"
    for name, rules in SCHEMA["object"].items():
        for found in _objects(name, event):
            yield from _missing(name, found, rules)
            if "type_id" in rules and found["type_id"] not in rules["type_id"]:
                yield f"{name}.type_id {found['type_id']}"


def _missing(name: str, found: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name} lacks {each}" for each in rules.get("required", ()) if each not in found)
    if "at_least_one" in rules and not set(rules["at_least_one"]) & found.keys():
        yield f"{name} has none of {rules['at_least_one']}"


def _objects(name: str, within: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for member, value in within.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping) and member != "unmapped":
                if member == name:
                    yield each
                yield from _objects(name, each)


def told(event: AuditEvent, origin: Origin = WHOLE) -> dict[str, Any]:
    return dict(ocsf_event(record_of(event, origin, NOW), REPORTER, 4711))


@pytest.mark.parametrize("bare", [False, True], ids=["whole", "bare"])
@pytest.mark.parametrize("kind", EVENT_CLASSES, ids=lambda kind: kind.__name__)
def test_every_event_becomes_what_the_schema_demands(kind: type[AuditEvent], bare: bool) -> None:
    event = told(sample(kind, bare=bare), Origin() if bare else WHOLE)

    assert list(problems(event)) == []
    assert (event["metadata"]["event_code"], event["metadata"]["sequence"]) == (kind.code, 4711)
    assert event["metadata"]["version"] == SCHEMA["version"]
    assert "" not in {event["activity_name"], event["class_name"], event["category_name"]}


def test_the_check_sees_what_is_wrong() -> None:
    event = told(sample(SignInSucceeded, bare=False))
    without_user = {name: value for name, value in event.items() if name != "user"}

    assert list(problems(without_user)) == ["event lacks user"]
    assert list(problems({**event, "activity_id": 8})) == ["activity_id 8", "type_uid"]
    assert list(problems({**event, "user": {"type_id": 1}})) == [f"user has none of {_user_names()}"]


def _user_names() -> list[str]:
    return list(SCHEMA["object"]["user"]["at_least_one"])


def test_the_mapping_names_no_event_that_is_not_ours() -> None:
    assert mapped_codes() == {event.code for event in EVENT_CLASSES}


def test_nothing_of_a_record_is_lost() -> None:
    record = record_of(sample(TokenIssued, bare=False), WHOLE, NOW)

    event = ocsf_event(record, REPORTER)

    whole = record.as_json()
    basics = {name: whole.pop(name) for name in ("id", "event", "occurred_at", "outcome", "severity")}
    assert event["unmapped"] == whole
    assert isinstance(event["metadata"], Mapping)
    assert (event["metadata"]["uid"], event["severity_id"]) == (basics["id"], basics["severity"])
    assert event["time"] == 1_772_600_767_123
    assert "sequence" not in event["metadata"]


def test_who_is_meant_is_an_account_a_typed_name_by_its_digest_or_an_application() -> None:
    failed = SignInFailed(directory_id="civil", status_code="UNKNOWN_USER", name_hmac="h1")
    client = ClientAuthenticationFailed(client_id="housing", method="x", endpoint="token", reason="kid")
    role = RoleGranted(person_id="p1", role="auditor", source="command")

    assert told(failed)["user"] == {"uid": "hmac:h1", "type_id": 0}
    assert (told(failed)["status"], told(failed)["status_code"]) == ("Failure", "UNKNOWN_USER")
    assert told(client)["user"] == {"uid": "housing", "type_id": 4}
    assert (told(role)["user"]["uid"], told(role)["privileges"]) == ("p1", ["auditor"])
    assert told(role, Origin(actor="command:root"))["actor"] == {
        "user": {"name": "command:root", "type_id": 3}
    }


def test_an_event_of_another_release_is_told_in_the_base_class() -> None:
    record: AuditRecord = dataclasses.replace(
        record_of(sample(SignInSucceeded, bare=False), WHOLE, NOW), event="moon.landed"
    )

    event = ocsf_event(record, REPORTER)

    assert (event["class_uid"], event["type_uid"], event["activity_name"]) == (0, 99, "Other")
    assert isinstance(event["metadata"], Mapping)
    assert event["metadata"]["event_code"] == "moon.landed"
    assert event["unmapped"]


def test_a_mapping_says_class_and_activity_in_words() -> None:
    mapped = mapping_of("session.created")

    assert (mapped.kind.name, mapped.activity_name) == ("Authentication", "Session Created")
