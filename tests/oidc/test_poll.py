"""Requests to poll for security events, as RFC 8936 2.2 writes them and as it does not."""

from typing import Any

import pytest

from sso.oidc.poll import MAX_EVENTS, MAX_REPORTED, PollInvalid, PollRequest, poll_request_of, reason_of


def test_the_example_of_rfc_8936_2_4_1_is_read() -> None:
    assert poll_request_of({"maxEvents": 5, "returnImmediately": True}) == PollRequest(5, True)


def test_an_empty_object_asks_for_the_most_and_waits() -> None:
    assert poll_request_of({}) == PollRequest(MAX_EVENTS, False)


def test_acknowledgements_and_errors_are_read_together() -> None:
    """RFC 8936 2.4.4."""
    asked = poll_request_of(
        {
            "ack": ["3d0c3cf797584bd193bd0fb1bd4e7d30"],
            "setErrs": {"4d3559ec67504aaba65d40b0363faad8": {"err": "authentication_failed"}},
            "maxEvents": 0,
        }
    )

    assert asked.acknowledged == ("3d0c3cf797584bd193bd0fb1bd4e7d30",)
    assert asked.refused == {"4d3559ec67504aaba65d40b0363faad8": "authentication_failed"}
    assert asked.max_events == 0


def test_nobody_gets_more_than_the_most() -> None:
    assert poll_request_of({"maxEvents": 10**9}).max_events == MAX_EVENTS


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {"maxEvents": -1},
        {"maxEvents": True},
        {"maxEvents": "5"},
        {"maxEvents": 1.5},
        {"returnImmediately": 1},
        {"ack": "x"},
        {"ack": [1]},
        {"ack": ["x"] * (MAX_REPORTED + 1)},
        {"ack": ["x\0"]},
        {"ack": ["\ud800"]},
        {"setErrs": {"\udfff": {"err": "x"}}},
        {"setErrs": []},
        {"setErrs": {"x": "y"}},
        {"setErrs": {"x": {}}},
        {"setErrs": {"x": {"err": 5}}},
        {"setErrs": {str(number): {"err": "x"} for number in range(MAX_REPORTED + 1)}},
    ],
    ids=lambda body: ascii(body)[:40],
)
def test_what_is_no_poll_request_is_refused(body: Any) -> None:
    with pytest.raises(PollInvalid):
        poll_request_of(body)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"err": "invalid_key", "description": "who\r\nare you"}, "invalid_key: who  are you"),
        ({"err": "invalid_key", "description": 5}, "invalid_key"),
        ({}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_a_receivers_words_fit_into_one_line(told: Any, reason: str) -> None:
    """RFC 8935 2.3."""
    assert reason_of(told) == reason


def test_a_receivers_words_are_cut() -> None:
    assert len(reason_of({"err": "x" * 10_000})) == 500
