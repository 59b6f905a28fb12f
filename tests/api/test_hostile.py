"""Hostile calls: never a 500, always a problem that names what is wrong."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sso.directory.person import Role
from tests.api.conftest import Office, problem

HOSTILE = [
    "\x00",
    "\u202e",
    "'; DROP TABLE audit_event; --",
    "../..",
    "\ud7ff",
    "x" * 100_000,
    "{{7*7}}",
    "💥",
]
NAMES = [
    "since", "until", "event", "outcome", "client_id", "account_id", "session_id", "grant_id", "address",
    "request_id", "before", "limit", "reason",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_breaks_a_search(office: Office, name: str) -> None:
    auditor = office.officer(Role.AUDITOR)

    for value in HOSTILE:
        response = auditor.get(f"/audit/events?{urlencode({name: value})}")

        assert response.status_code in {200, 400, 414}, (name, value)


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("since=yesterday", "since", "not_a_time"),
        ("since=2026-05-05T00:00:00", "since", "not_a_time"),
        ("since=0001-01-01T00:00:00Z", "since", "not_a_time"),
        ("until=9999-12-31T23:59:59.999999Z", "until", "not_a_time"),
        ("since=1e400", "since", "not_a_time"),
        ("since=2026-05-05T00:00:00Z&until=2026-05-04T00:00:00Z", "since", "empty_range"),
        ("event=nonsense", "event.0", "not_an_event"),
        ("event=", "event.0", "not_an_event"),
        ("event=*", "event.0", "not_an_event"),
        ("event=.", "event.0", "not_an_event"),
        ("&".join(["event=auth."] * 21), "event", "too_many"),
        ("outcome=maybe", "outcome", "not_offered"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=501", "limit", "out_of_range"),
        ("limit=ten", "limit", "not_a_number"),
        ("limit=1&limit=2", "limit", "repeated"),
        ("before=x", "before", "not_an_id"),
        ("before=%00", "before", "not_an_id"),
        ("before=" + "0" * 36, "before", "not_an_id"),
        ("address=nonsense", "address", "not_an_address"),
        ("address=192.0.2.0/99", "address", "not_an_address"),
        ("client_id=", "client_id", "too_short"),
        ("client_id=%00", "client_id", "not_an_id"),
        ("client_id=%E4%BD%8F", "client_id", "not_an_id"),
        ("client_id=a&client_id=b", "client_id", "repeated"),
        ("reason=%E2%80%AE", "reason", "not_readable"),
        ("reason=" + "x" * 201, "reason", "too_long"),
        ("clientid=x", "clientid", "unknown"),
        ("bars=3", "bars", "unknown"),
        ("text=ab", "text", "too_short"),
        ("text=" + "x" * 201, "text", "too_long"),
        ("address=10.0.0.0/8", "address", "network_too_wide"),
        ("severity=6", "severity", "out_of_range"),
    ],
)
def test_a_wrong_parameter_is_named_with_a_code(
    office: Office, query: str, parameter: str, code: str
) -> None:
    asked = query if query.startswith("reason=") else f"{query}&reason=x"

    refused = problem(office.officer(Role.AUDITOR).get(f"/audit/events?{asked}"), 400, "invalid_parameter")

    assert [(error["parameter"], error["code"]) for error in refused["errors"]] == [(parameter, code)]


@pytest.mark.parametrize("milliseconds", ["000000000000", "e677d21fdbff", "ffffffffffff"])
def test_a_page_begins_anywhere_in_time(office: Office, milliseconds: str) -> None:
    """In 1970, where the years of four digits end, or where the ids do."""
    before = f"{milliseconds[:8]}-{milliseconds[8:]}-7fff-bfff-ffffffffffff"

    assert office.officer(Role.AUDITOR).look(f"/audit/events?before={before}").status_code == 200


def test_an_unknown_parameter_is_told_the_right_name(office: Office) -> None:
    refused = problem(office.officer(Role.AUDITOR).get("/audit/events?clientid=x"), 400, "invalid_parameter")

    assert refused["errors"][0]["detail"] == "is unknown; did you mean client_id?"


def test_a_network_that_is_too_wide_is_told_how_wide_it_may_be(office: Office) -> None:
    asked = office.officer(Role.AUDITOR).look("/audit/events?address=10.0.0.0/8")

    assert "between /16 and /32" in problem(asked, 400, "invalid_parameter")["errors"][0]["detail"]


@pytest.mark.parametrize("bars", ["0", "201", "-1", "1e3", "", "9" * 400])
def test_the_number_of_bars_has_limits(office: Office, bars: str) -> None:
    problem(office.officer(Role.AUDITOR).look(f"/audit/histogram?bars={bars}"), 400, "invalid_parameter")


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (b"{", "bad_request", 400),
        (b"[]", "bad_request", 400),
        (b"null", "bad_request", 400),
        (b'"x"', "bad_request", 400),
        (b"\xff\xfe", "bad_request", 400),
        (b'{"client_name": "a", "client_name": "b"}', "bad_request", 400),
        (b'{"default_max_age": NaN}', "bad_request", 400),
        (b'{"default_max_age": Infinity}', "bad_request", 400),
        (b"[" * 100_000, "bad_request", 400),
        (b'{"a":' * 20_000, "bad_request", 400),
        (b'{"default_max_age": ' + b"9" * 5000 + b"}", "bad_request", 400),
        (b"", "invalid_client_metadata", 400),
        (b"{}", "invalid_client_metadata", 400),
        (b'{"client_name": "\\u0000"}', "invalid_client_metadata", 400),
        (b'{"client_name": "\\ud800"}', "invalid_client_metadata", 400),
        (b'{"\\u0000": 1}', "invalid_client_metadata", 400),
        (b'{"__class__": {}}', "invalid_client_metadata", 400),
        (b'{"model_config": {}}', "invalid_client_metadata", 400),
        (b'{"client_name": "' + b"x" * 1_000_000 + b'"}', "request_too_large", 413),
    ],
    ids=range(19),
)
def test_a_body_that_is_no_registration_is_a_problem(
    office: Office, body: bytes, code: str, status: int
) -> None:
    manager = office.officer(Role.CLIENT_MANAGER)

    response = manager.call("POST", "/clients", data=body, content_type="application/json")

    problem(response, status, code)


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_form_is_not_a_registration(office: Office, media_type: str) -> None:
    """No browser can send application/json across sites without asking first."""
    manager = office.officer(Role.CLIENT_MANAGER)

    response = manager.call("POST", "/clients", data=b"client_name=x", content_type=media_type)

    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("overlap", [-1, 7_776_001, "1", 1.5, True, None, [], 10**30])
def test_the_overlap_of_a_secret_has_limits(office: Office, overlap: Any) -> None:
    manager = office.officer(Role.CLIENT_MANAGER)

    response = manager.call(
        "POST",
        "/clients/x/secret",
        data=json.dumps({"overlap_seconds": overlap}),
        content_type="application/json",
    )

    problem(response, 400, "invalid_parameter")


def test_nothing_may_be_cached_and_no_other_origin_may_read(office: Office) -> None:
    for path in ("/me", "/openapi.json", "/clients", "/nowhere"):
        response = office.officer(Role.CLIENT_MANAGER).get(path, headers={"Origin": "https://evil.example"})

        assert response.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in response.headers


QUERY = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=12), st.text(max_size=40), max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=QUERY,
    path=st.sampled_from(["/audit/events", "/audit/histogram", "/audit/people", "/audit/event-types"]),
)
def test_whatever_is_asked_is_answered_or_refused(office: Office, query: dict[str, str], path: str) -> None:
    auditor = _auditor(office)

    response = auditor.get(f"{path}?{urlencode(query, errors='surrogatepass')}")

    assert response.status_code in {200, 400}
    assert response.mimetype in {"application/json", "application/problem+json"}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(segment=st.text(max_size=60), method=st.sampled_from(["GET", "DELETE", "PATCH", "POST", "PUT"]))
def test_whatever_is_named_is_found_or_not(office: Office, segment: str, method: str) -> None:
    auditor = _auditor(office)

    response = auditor.call(method, f"/audit/events/{quote(segment, safe='', errors='surrogatepass')}")

    assert response.status_code in {200, 308, 400, 404, 405}


_known: dict[int, Any] = {}


def _auditor(office: Office) -> Any:
    return _known.setdefault(id(office), office.officer(Role.AUDITOR))
