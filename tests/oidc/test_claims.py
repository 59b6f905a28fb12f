"""Claims about a person: the parameter, the scopes, the types (Core 5.1, 5.4, 5.5)."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.oidc.claims import (
    CLAIM_NAMES,
    ClaimDemand,
    ClaimsParameterInvalid,
    ClaimsRequest,
    locales_of,
    release,
    scope_claims,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
demands = st.none() | st.fixed_dictionaries(
    {},
    optional={"essential": st.booleans(), "value": json_values, "values": st.lists(json_values, max_size=3)},
)
requests = st.fixed_dictionaries(
    {},
    optional={
        place: st.dictionaries(
            st.sampled_from(sorted(CLAIM_NAMES)) | st.text(max_size=5), demands, max_size=5
        )
        for place in ("userinfo", "id_token")
    },
)


@given(requests)
def test_what_was_understood_is_stored_and_read_back_the_same(whole: dict[str, object]) -> None:
    """Core 5.5."""
    asked = ClaimsRequest.parse(json.dumps(whole))

    assert ClaimsRequest.parse(str(asked)) == asked


@given(json_values)
def test_anything_else_is_refused_and_never_breaks(whole: object) -> None:
    """Core 5.5."""
    try:
        asked = ClaimsRequest.parse(json.dumps({"userinfo": {"email": whole}, "id_token": whole}))
    except ClaimsParameterInvalid:
        return
    assert asked.names <= CLAIM_NAMES


def test_the_longest_request_still_fits_when_it_is_stored() -> None:
    """4,096 characters of short demands grow tenfold in the canonical text."""
    wire = '{"userinfo":{' + ",".join(f'"{number}":null' for number in range(400)) + "}}"
    asked = ClaimsRequest.parse(wire)

    assert len(str(asked)) > 4096
    assert ClaimsRequest.parse(str(asked)) == asked


def test_a_demanded_value_that_is_no_scalar_is_dropped() -> None:
    deep = "[" * 200 + "]" * 200

    asked = ClaimsRequest.parse('{"userinfo": {"address": {"value": ' + deep + "}}}")

    assert asked.userinfo == {"address": ClaimDemand()}


def test_claims_have_the_json_types_of_the_specification() -> None:
    """Core 5.1: directories and commands know only texts."""
    known = {
        "email_verified": "true",
        "phone_number_verified": "FALSE",
        "address": "7 Peace Avenue",
        "updated_at": "1770000000",
        "name": "Tuya",
    }

    assert release(known, frozenset(known), ClaimsRequest(), "userinfo") == {
        "email_verified": True,
        "phone_number_verified": False,
        "address": {"formatted": "7 Peace Avenue"},
        "updated_at": 1770000000,
        "name": "Tuya",
    }


def test_only_what_is_asked_for_and_known_is_released() -> None:
    """Core 5.3.2: an absent claim is left out, not null."""
    known = {"email": "tuya@example.org", "name": "Tuya", "nickname": ""}

    asked = ClaimsRequest(userinfo={"salary": ClaimDemand(essential=True)})

    released = release(known, frozenset({"name", "nickname"}), asked, "userinfo")

    assert released == {"name": "Tuya"}


KNOWN = {
    "email": "tuya@example.org",
    "email_verified": "true",
    "name": "Tuya",
    "name#zh-CN": "图雅",
    "x#zh": "y",
}


def released(claims: str, scope: str = "", place: str = "userinfo", locales: str = "") -> dict[str, object]:
    asked = replace(ClaimsRequest.parse(claims), locales=locales_of(locales))
    return dict(release(KNOWN, scope_claims(frozenset(scope.split())), asked, place))


@pytest.mark.parametrize(
    ("demand", "comes"),
    [
        ("null", True),
        ('{"essential": true}', True),
        ('{"value": "tuya@example.org"}', True),
        ('{"value": "other@example.org"}', False),
        ('{"essential": true, "value": "other@example.org"}', False),
        ('{"values": ["other@example.org", "tuya@example.org"]}', True),
        ('{"values": ["other@example.org"], "unheard_of": [1]}', False),
    ],
)
def test_a_claim_with_another_value_than_the_one_asked_for_stays(demand: str, comes: bool) -> None:
    """Core 5.5.1: value and values; an essential claim that cannot be delivered is no error."""
    claims = json.dumps({"userinfo": {"email": json.loads(demand)}})

    assert released(claims) == ({"email": "tuya@example.org"} if comes else {})


def test_a_value_is_compared_with_its_type() -> None:
    """Core 5.1."""
    assert released('{"userinfo": {"email_verified": {"value": true}}}') == {"email_verified": True}
    assert released('{"userinfo": {"email_verified": {"value": "true"}}}') == {}


def test_a_scope_brings_the_claim_whatever_value_is_demanded_beside_it() -> None:
    """Core 5.4, 5.5: both ways of asking add up."""
    assert "email" in released('{"userinfo": {"email": {"value": "other"}}}', scope="email")


def test_each_place_gets_what_was_asked_for_there() -> None:
    """Core 5.5."""
    claims = '{"userinfo": {"email": null}, "id_token": {"name": null}}'

    assert released(claims, place="id_token") == {"name": "Tuya"}
    assert released(claims, place="userinfo") == {"email": "tuya@example.org"}


@pytest.mark.parametrize("name", ["name#zh-CN", "name#ZH-cn"])
def test_a_claim_is_had_in_a_language_by_its_tag(name: str) -> None:
    """Core 5.2: tags are compared without case."""
    assert released(json.dumps({"userinfo": {name: None}})) == {"name#zh-CN": "图雅"}


@pytest.mark.parametrize("name", ["name#mn", "name#", "NAME", "x#zh", "#zh-CN", ""])
def test_an_unknown_name_or_language_is_ignored(name: str) -> None:
    """Core 5.5, 5.2."""
    assert released(json.dumps({"userinfo": {name: {"essential": True}}})) == {}


def test_languages_wanted_of_all_claims_come_beside_the_plain_ones() -> None:
    """Core 5.2: claims_locales."""
    assert released("{}", scope="profile", locales="mn zh-cn") == {"name": "Tuya", "name#zh-CN": "图雅"}


@pytest.mark.parametrize("text", ["zh_CN", "x" * 9, "zh-", "-", "<script>", "zh-CN-" + "a-" * 9 + "a"])
def test_what_is_no_language_is_ignored(text: str) -> None:
    assert locales_of(text) == ()


def test_only_the_first_languages_count() -> None:
    assert len(locales_of(" ".join(f"l{chr(97 + n)}" for n in range(26)))) == 10


def test_a_claim_in_a_language_is_bounded_and_asked_about_as_the_claim_itself() -> None:
    """A tag is no way around the registered scopes or the consent page."""
    asked = ClaimsRequest.parse('{"userinfo": {"phone_number#zh": null, "name#zh-CN": null}}')

    assert asked.within(frozenset({"profile"})).userinfo.keys() == {"name#zh-CN"}
    assert asked.names == {"phone_number", "name"}


def test_languages_are_kept_with_the_request() -> None:
    asked = ClaimsRequest(locales=("zh-CN", "mn"))

    assert ClaimsRequest.parse(str(asked)) == asked
