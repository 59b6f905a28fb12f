"""Audit records: what a reader may rely on, whatever an attacker sends (audit.md 2)."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.audit.entry import entry_of, record_from
from sso.audit.event import EVENT_CLASSES, SignInFailed, TokenIssued
from sso.audit.record import (
    MAX_TEXT_LENGTH,
    AuditEvent,
    JsonValue,
    Origin,
    Outcome,
    Severity,
    new_event_id,
    record_of,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
HOSTILE = "a\0b\r\nc\u202ed\u2066e\x1b[31m\ud800f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An event that carries anything."""

    code: ClassVar[str] = "sample"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str | None = None
    anything: object = None


def written(event: AuditEvent, origin: Origin | None = None) -> dict[str, Any]:
    """The record as a line of JSON and back."""
    line = json.dumps(record_of(event, origin or Origin(), NOW).as_json())
    assert "\n" not in line
    whole: dict[str, Any] = json.loads(line)
    return whole


@pytest.mark.parametrize("event", EVENT_CLASSES)
def test_every_event_class_is_frozen_documented_and_named(event: type[AuditEvent]) -> None:
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", event.code)
    assert event.__doc__
    assert not event.__doc__.startswith(event.__name__ + "(")
    assert event.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert isinstance(event.outcome, Outcome)
    assert isinstance(event.severity, Severity)


@pytest.mark.parametrize("event", EVENT_CLASSES)
def test_no_event_has_a_place_for_a_secret(event: type[AuditEvent]) -> None:
    """Claim names, never values; tokens and codes only as jti or digest prefix."""
    forbidden = {"token", "access_token", "password", "secret", "client_secret", "cookie", "state", "nonce"}
    names = {field.name for field in dataclasses.fields(event)}  # type: ignore[arg-type]

    booleans = {"refresh_token", "id_token"}  # whether one was issued
    assert names & forbidden - booleans == set()


def test_one_code_has_one_outcome_unless_two_classes_say_so() -> None:
    pairs = [(event.code, event.outcome) for event in EVENT_CLASSES]

    assert len(pairs) == len(set(pairs))


def test_identifiers_become_columns_and_the_rest_detail() -> None:
    event = TokenIssued(
        client_id="housing",
        account_id="a",
        grant_type="authorization_code",
        jti="j",
        aud=("x",),
        scope=frozenset({"openid", "email"}),
        expires_at=NOW,
    )

    record = record_of(event, Origin(), NOW)

    assert (record.client_id, record.account_id, record.session_id) == ("housing", "a", None)
    assert record.detail["scope"] == ["email", "openid"]
    assert "client_id" not in record.detail


def test_what_an_attacker_sends_cannot_break_a_line_or_turn_it_over() -> None:
    """Log injection: control and bidirectional characters are dropped, also from the origin."""
    whole = written(
        Sample(client_id=HOSTILE, anything={HOSTILE: [HOSTILE]}), Origin(user_agent=HOSTILE, address=HOSTILE)
    )

    assert whole["client_id"] == whole["user_agent"] == whole["address"] == "abcde[31mf"
    assert whole["detail"] == {"anything": {"abcde[31mf": ["abcde[31mf"]}}


def capped(text: str) -> str:
    """What a record is to keep of a text that is too long and has nothing to strip in front."""
    mark = f"… [{len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()}]"
    return text[: MAX_TEXT_LENGTH - len(mark)] + mark


def test_a_long_text_is_cut_and_its_length_and_digest_are_kept() -> None:
    failed = SignInFailed(directory_id=None, status_code="X", name_hmac="h", reason="r" * 100_000)

    reason = written(failed)["detail"]["reason"]

    assert reason == capped("r" * 100_000)
    assert len(reason) == MAX_TEXT_LENGTH


@pytest.mark.parametrize("length", [MAX_TEXT_LENGTH - 1, MAX_TEXT_LENGTH])
def test_a_text_that_is_not_too_long_is_kept_as_it_is(length: int) -> None:
    assert written(Sample(anything="民" * length))["detail"]["anything"] == "民" * length


def test_texts_that_begin_alike_are_told_apart_wherever_they_stand() -> None:
    """A browser's name, an identifier, a name, a member of a list: who has the original finds each."""
    long = "民" * 600
    others = [long + end for end in "abcd"]
    whole = written(
        Sample(client_id=others[0], anything={others[1]: [others[2]]}), Origin(user_agent=others[3])
    )

    kept = [whole["client_id"], *whole["detail"]["anything"], whole["user_agent"]]
    assert kept == [capped(others[0]), capped(others[1]), capped(others[3])]
    assert whole["detail"]["anything"][kept[1]] == [capped(others[2])]


def test_the_digest_is_that_of_the_text_as_it_came() -> None:
    """With what is stripped, with half of a pair, and where nearly all of it cannot be seen."""
    came = "\ud800" + "\0" * 5_000 + "x"

    kept = written(Sample(anything=came))["detail"]["anything"]

    digest = hashlib.sha256(came.encode("utf-8", "surrogatepass")).hexdigest()
    assert kept == f"… [5002 characters, sha256 {digest}]"


def test_a_capped_text_is_sealed_with_its_digest_and_read_back() -> None:
    """A digest of what tells of somebody tells of them, too: it stands in the same group."""
    agent, reason = "Mozilla/5.0 " + "x" * 600, "r" * 600
    record = record_of(Sample(anything=reason), Origin(user_agent=agent), NOW)

    entry = entry_of(record)

    assert record_from(entry) == record
    for text in (agent, reason):
        assert hashlib.sha256(text.encode()).hexdigest().encode() not in entry.body
    assert capped(agent) in json.loads(entry.groups["where"].content).values()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.frozensets(st.text()),
    max_leaves=10,
)


@given(anything)
def test_any_value_becomes_json_without_control_characters(value: object) -> None:
    def texts(member: JsonValue) -> list[str]:
        if isinstance(member, str):
            return [member]
        if isinstance(member, Mapping):
            return [text for pair in member.items() for part in pair for text in texts(part)]
        if isinstance(member, Sequence):
            return [text for part in member for text in texts(part)]
        return []

    for text in texts(written(Sample(anything=value)).get("detail")):
        assert text.isprintable()


def test_ids_sort_by_time_and_are_uuid_version_7() -> None:
    """RFC 9562 5.7."""
    ids = [new_event_id(NOW + timedelta(milliseconds=number)) for number in range(50)]

    assert ids == sorted(ids)
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", id) for id in ids
    )


def test_times_are_written_in_utc_with_milliseconds() -> None:
    """RFC 3339."""
    assert written(Sample())["occurred_at"] == "2026-03-04T05:06:07.123Z"
