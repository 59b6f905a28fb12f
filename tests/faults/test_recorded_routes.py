"""While the log cannot be written nothing goes on but ends: 503, and nothing half-done (audit.md P1, P2).

Every route of the hub that records is tried: here, or where the lists below say. SCIM and the management API
try theirs beside their other tests.
"""

from contextlib import nullcontext

import pytest
from werkzeug.test import TestResponse

from sso.worker.upkeep import take_in_spooled_events
from tests.faults.contained_calls import CONTAINED
from tests.faults.page_calls import PAGES, REPORTS
from tests.faults.program_calls import PROGRAMS
from tests.faults.stage import Call, Place
from tests.faults.unrecorded_calls import UNRECORDED
from tests.relying_parties.visitor import Page
from tests.storage.faults import Fault, read_only
from tests.storage.unwritable import unwritable
from tests.web.test_every_route_is_recorded import EXPLAINED, RECORDED
from tests.web.test_fail_closed import REGISTRATION_ROUTES, REQUESTS

ALL = PAGES | PROGRAMS | CONTAINED | REPORTS
ELSEWHERE = ("api.", "scim.")
"""Tried in tests/api and tests/scim."""
READ_THE_LOG = {"uses.ask"}
"""Without the log they have nothing to show: on PostgreSQL the whole table is away."""
Case = tuple[str, str]


@pytest.fixture(autouse=True)
def _good_platform(place: Place) -> None:
    place.stage.renew()


def test_every_route_that_records_is_tried(place: Place) -> None:
    """A new route that records fails here until it was put before a log that cannot be written."""
    by_programs = {place.endpoint(Call(None, asked.method, asked.path)) for asked in REQUESTS.values()}
    tried = {route for route, _ in ALL} | by_programs | REGISTRATION_ROUTES

    assert tried == {route for route in RECORDED if not route.startswith(ELSEWHERE)}
    assert UNRECORDED.keys() == {route for route in EXPLAINED if not route.startswith(ELSEWHERE)}


def is_the_fault(answer: TestResponse, call: Call, case: Case) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Location" not in answer.headers
    assert not [each for each in answer.headers.getlist("Set-Cookie") if "sso-browser=" not in each]
    if case in PROGRAMS or case[0].startswith(("token.", "upstream_logout.")):
        assert answer.get_json()["error"] == "temporarily_unavailable"
        return
    page = Page("", answer.status_code, answer.text)
    signing_out = case[0].startswith("sign_out.")
    code = "sign_out_unavailable" if signing_out else "temporarily_unavailable"
    assert (page.language, page.texts["error_code"].strip()) == ("zh-CN", code)
    assert int(answer.headers["Retry-After"]) > 0


def refused_whole_and_done_later(place: Place, case: Case, fault: Fault) -> None:
    call = ALL[case](place)
    before = place.kept()

    with fault(place.stage.hub.database):
        refused = call.send()
        after = place.kept()
    last = place.last_event()
    done = call.send()

    assert place.endpoint(call) == case[0]
    is_the_fault(refused, call, case)
    assert after == before
    assert done.status_code == call.status, done.text
    assert {*place.events_after(last)} & {*RECORDED[case[0]]}


@pytest.mark.parametrize("case", PAGES | PROGRAMS, ids=" ".join)
def test_what_cannot_be_recorded_is_refused_whole_and_can_be_done_later(place: Place, case: Case) -> None:
    refused_whole_and_done_later(place, case, unwritable)


@pytest.mark.parametrize("case", ALL, ids=" ".join)
def test_a_database_that_only_reads_lets_nothing_through_and_spoils_nothing(place: Place, case: Case) -> None:
    refused_whole_and_done_later(place, case, read_only)


@pytest.mark.parametrize("case", CONTAINED, ids=" ".join)
def test_what_belongs_to_an_end_is_done_and_recorded_late(place: Place, case: Case) -> None:
    call = CONTAINED[case](place)

    with unwritable(place.stage.hub.database):
        done = call.send()
    last = place.last_event()
    take_in_spooled_events(place.stage.hub)
    late = [event for event in place.events_after(last) if event in RECORDED[case[0]]]

    assert place.endpoint(call) == case[0]
    assert done.status_code == call.status, done.text
    assert late
    assert all(place.stage.log(event)[0]["detail"]["late"] for event in late)


@pytest.mark.parametrize("route", UNRECORDED)
def test_what_is_said_to_record_nothing_needs_no_log_and_leaves_no_record(place: Place, route: str) -> None:
    call, database = UNRECORDED[route](place), place.stage.hub.database

    with nullcontext() if route in READ_THE_LOG else unwritable(database):
        meanwhile = call.send()
    call = UNRECORDED[route](place)
    last = place.last_event()
    call.send()

    assert place.endpoint(call) == route
    assert meanwhile.status_code == call.status, meanwhile.text
    assert place.events_after(last) == []
