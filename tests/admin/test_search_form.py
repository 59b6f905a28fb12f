"""The search form of the console beside what the API takes."""

from urllib.parse import parse_qsl, urlsplit

from admin.finding_room import search_link
from admin.search_form import PASSED_ON, SearchForm
from sso.api.audit_parameters import Search


def test_the_form_has_every_facet_of_the_api() -> None:
    asked = SearchForm.read(dict.fromkeys(PASSED_ON, "x") | {"range": "own", "event": "x"}).asked(0)

    assert set(asked) == set(Search.model_fields) - {"before", "limit", "reason"} - {"since", "until"}


def test_fields_that_are_used_seldom_are_unfolded_when_one_is_filled_in() -> None:
    assert not SearchForm.read({"login_name": "tuya"}).more
    assert SearchForm.read({"claim": "birthdate"}).more


def test_a_finding_leads_to_the_records_of_whom_and_where_it_is_about() -> None:
    times = {"since": "2026-03-04T05:06:07+00:00", "until": "2026-03-04T06:00:00+00:00"}

    link = search_link(
        {**times, "event": ["person.viewed"], "directory_id": "civil", "involving": ["a1", "p1"]}
    )

    asked = SearchForm.read(dict(parse_qsl(urlsplit(link).query))).asked(0)
    assert asked == {
        "since": "2026-03-04T05:06Z",
        "until": "2026-03-04T06:01Z",
        "event": "person.viewed",
        "directory_id": "civil",
        "involving": "a1",
    }
