"""The search form of the console beside what the API takes."""

from admin.search_form import PASSED_ON, SearchForm
from sso.api.audit_parameters import Search


def test_the_form_has_every_facet_of_the_api() -> None:
    asked = SearchForm.read(dict.fromkeys(PASSED_ON, "x") | {"range": "own", "event": "x"}).asked(0)

    paging, other_ways = {"before", "limit"}, {"since", "until", "involving"}
    assert set(asked) == set(Search.model_fields) - paging - other_ways


def test_fields_that_are_used_seldom_are_unfolded_when_one_is_filled_in() -> None:
    assert not SearchForm.read({"login_name": "tuya"}).more
    assert SearchForm.read({"claim": "birthdate"}).more
