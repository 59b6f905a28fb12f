"""Entries: what a leaf commits to, what can be told apart, and what survives."""

import dataclasses
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.audit.canonical import canonical
from sso.audit.entry import (
    GROUPS,
    Entry,
    EntryInvalid,
    Group,
    entry_of,
    group_of,
    public_record,
    record_from,
)
from sso.audit.event import EVENT_CLASSES, AuditSearched, SignInFailed, TokenIssued
from sso.audit.merkle.tree import leaf_hash
from sso.audit.record import IDENTIFIERS, AuditEvent, Origin, record_of

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
ORIGIN = Origin(address="192.0.2.7", user_agent="Tests", request_id="r-1", trace_id="t", actor="worker")
FAILED = record_of(
    SignInFailed(
        account_id="account-1",
        client_id="housing",
        directory_id="civil",
        status_code="BAD_CREDENTIAL",
        name_hmac="0123",
        reason="invalidCredentials",
    ),
    ORIGIN,
    NOW,
)
ISSUED = record_of(
    TokenIssued(
        client_id="housing",
        account_id="account-1",
        session_id="session-1",
        grant_id="grant-1",
        grant_type="authorization_code",
        jti="grant-1.x",
        aud=("https://id.example.gov",),
        scope=frozenset({"openid", "email"}),
        expires_at=NOW,
        claims_released=frozenset({"email"}),
    ),
    ORIGIN,
    NOW,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("record", [FAILED, ISSUED])
def test_a_record_comes_back_from_its_entry(record) -> None:  # type: ignore[no-untyped-def]
    assert record_from(entry_of(record)) == record


def test_the_body_tells_of_nobody() -> None:
    body = entry_of(FAILED).body

    for secret in (b"account-1", b"192.0.2.7", b"Tests", b"worker", b"invalidCredentials", b"0123"):
        assert secret not in body
    for public in (b"auth.login.failure", b"housing", b"BAD_CREDENTIAL", b"civil", b"r-1"):
        assert public in body


def test_without_a_group_the_leaf_is_the_same_and_the_rest_can_be_read() -> None:
    whole = entry_of(FAILED)
    redacted = Entry(whole.id, whole.body, {"detail": whole.groups["detail"]})

    record = record_from(redacted)

    assert leaf_hash(redacted.body) == leaf_hash(whole.body)
    assert record.account_id is None
    assert record.origin == Origin(request_id="r-1", trace_id="t")
    assert record.detail == FAILED.detail


@pytest.mark.parametrize("name", ["who", "where", "detail"])
def test_a_group_that_was_changed_is_noticed(name: str) -> None:
    whole = entry_of(FAILED)
    group = whole.groups[name]

    for other in (Group(group.content + b" ", group.salt), Group(group.content, b"s" * 32)):
        with pytest.raises(EntryInvalid, match=name):
            record_from(replace(whole, groups={**whole.groups, name: other}))


def test_a_group_does_not_pass_for_another() -> None:
    whole = entry_of(FAILED, salt=b"s" * 32)

    with pytest.raises(EntryInvalid):
        record_from(replace(whole, groups={"where": whole.groups["who"]}))


def test_equal_facts_have_different_leaves() -> None:
    """A bare hash of an address could be guessed; a salted one cannot."""
    assert entry_of(FAILED).body != entry_of(FAILED).body


def test_a_detail_that_nobody_declared_public_is_sealed() -> None:
    record = replace(FAILED, detail={"something_new": "Tuya Bat"})

    assert b"Tuya Bat" not in entry_of(record).body
    assert b"something_new" not in entry_of(record).body


@pytest.mark.parametrize("event", EVENT_CLASSES, ids=lambda event: event.__name__)
def test_each_field_of_an_event_stands_where_the_reference_says(event: type[AuditEvent]) -> None:
    names = {field.name for field in dataclasses.fields(event)}  # type: ignore[arg-type]
    detail = dict.fromkeys(sorted(names - set(IDENTIFIERS)), "told")
    entry = entry_of(replace(ISSUED, detail=detail))

    body = json.loads(entry.body)
    places = {name: None for name in (*body, *body.get("public", {}))}
    places |= {name: group for group in entry.groups for name in json.loads(entry.groups[group].content)}
    assert {name: places[name] for name in names} == {name: group_of(name) for name in names}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"v":2}', b'{"v":1}', b"\xff", b"[" * 100_000, entry_of(FAILED).body[:-1]]
)
def test_bytes_that_are_no_entry_are_refused(body: bytes) -> None:
    with pytest.raises(EntryInvalid):
        record_from(Entry("x", body, {}))


def test_a_time_without_a_zone_is_refused() -> None:
    """Nobody could say whether it was before or after another."""
    entry = entry_of(FAILED)

    with pytest.raises(EntryInvalid):
        public_record(entry.body.replace(b"+00:00", b""))


@given(json_values, json_values)
def test_the_canonical_form_tells_values_apart(one, other) -> None:  # type: ignore[no-untyped-def]
    assert (canonical(one) == canonical(other)) == _same(one, other)


def test_the_canonical_form_does_not_depend_on_the_order_of_names() -> None:
    assert canonical({"b": 1, "a": "\u043c\u00e9\U0001f600"}) == canonical(
        {"a": "\u043c\u00e9\U0001f600", "b": 1}
    )
    assert canonical({"b": 1, "a": "\u00e9"}) == b'{"a":"\\u00e9","b":1}'


@pytest.mark.parametrize("value", [1.5, float("nan"), 2**53, {"a": [0.1]}, [{"b": -(2**53)}]])
def test_a_number_without_a_single_form_is_refused(value) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="no single form"):
        canonical(value)


def _same(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return one == other


def test_whom_else_an_entry_names_is_told_apart() -> None:
    officer, person = "O" * 22, "P" * 22
    event = AuditSearched(
        account_id=officer, query={"account_id": person, "since": "x"}, results=1, reason="r"
    )
    own = entry_of(record_of(event, Origin(actor=officer), NOW))
    other = entry_of(record_of(event, Origin(actor=person), NOW))

    assert json.loads(own.groups["who"].content) == {"account_id": officer, "actor": officer}
    assert json.loads(own.groups["detail"].content) == {"query": {"since": "x"}, "reason": "r"}
    assert json.loads(own.groups["about"].content) == {"query": person}
    assert json.loads(other.groups["actor"].content) == {"actor": person}
    assert person.encode() not in own.body
    assert record_from(own).detail["query"] == {"account_id": person, "since": "x"}
    assert record_from(other).origin.actor == person


def test_to_leave_out_who_leaves_out_everybody() -> None:
    assert set(GROUPS["who"]) == {"who", "actor", "about"}
