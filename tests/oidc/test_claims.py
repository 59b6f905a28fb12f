"""Claims about a person: the parameter, the scopes, the types (Core 5.1, 5.4, 5.5)."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sso.oidc.claims import CLAIM_NAMES, ClaimDemand, ClaimsParameterInvalid, ClaimsRequest, release

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

    assert release(known, frozenset(known), {}) == {
        "email_verified": True,
        "phone_number_verified": False,
        "address": {"formatted": "7 Peace Avenue"},
        "updated_at": 1770000000,
        "name": "Tuya",
    }


def test_only_what_is_asked_for_and_known_is_released() -> None:
    """Core 5.3.2: an absent claim is left out, not null."""
    known = {"email": "tuya@example.org", "name": "Tuya", "nickname": ""}

    released = release(known, frozenset({"name", "nickname"}), {"salary": ClaimDemand(essential=True)})

    assert released == {"name": "Tuya"}
