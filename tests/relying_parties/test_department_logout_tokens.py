"""The sample checks a logout token as OpenID Connect Back-Channel Logout 1.0, 2.6 says."""

import time

import httpx
import pytest

from tests.relying_parties.conftest import Pair
from tests.relying_parties.small_issuer import LOGOUT_EVENT
from tests.relying_parties.visitor import Visitor

NOW = int(time.time())


@pytest.fixture
def signed_in(pair: Pair, visitor: Visitor) -> Visitor:
    visitor.open(f"{pair.app.address}/sign-in")
    assert visitor.has("department_sign_out")
    return visitor


def tell(pair: Pair, token: str) -> httpx.Response:
    where = f"{pair.app.address}/backchannel-logout"
    return httpx.post(where, data={"logout_token": token}, trust_env=False, verify=False)


def is_signed_in(pair: Pair, visitor: Visitor) -> bool:
    visitor.open(f"{pair.app.address}/")
    return visitor.has("department_sign_out")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="sub and sid"),
        pytest.param({"sub": None}, id="sid alone"),
        pytest.param({"sid": None}, id="sub alone"),
        pytest.param({"aud": ["somebody-else", "housing"]}, id="one audience of several"),
        pytest.param({"typ": "application/logout+jwt"}, id="typ with its media type prefix"),
        pytest.param({"iat": NOW + 5}, id="a clock five seconds ahead"),
    ],
)
def test_a_good_logout_token_ends_the_session(pair: Pair, signed_in: Visitor, changes: dict) -> None:
    answer = tell(pair, pair.issuer.logout_token(**changes))

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert not is_signed_in(pair, signed_in)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"typ": "JWT"}, id="typ of an ID token"),
        pytest.param({"iss": "http://127.0.0.1:1"}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"aud": "tax"}, id="another audience"),
        pytest.param({"aud": ["tax"]}, id="a list of other audiences"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"iat": None}, id="no iat"),
        pytest.param({"iat": NOW + 3600}, id="iat in the future"),
        pytest.param({"iat": "today"}, id="iat that is no number"),
        pytest.param({"exp": None}, id="no exp"),
        pytest.param({"exp": NOW - 60}, id="expired"),
        pytest.param({"jti": None}, id="no jti"),
        pytest.param({"jti": 4}, id="jti that is no text"),
        pytest.param({"events": None}, id="no events"),
        pytest.param({"events": {}}, id="events without a logout"),
        pytest.param({"events": [LOGOUT_EVENT]}, id="events that is a list"),
        pytest.param({"events": {LOGOUT_EVENT: True}}, id="an event that is no object"),
        pytest.param({"nonce": "n"}, id="a nonce"),
        pytest.param({"sub": None, "sid": None}, id="nobody named"),
        pytest.param({"sub": None, "sid": ["session-1"]}, id="sid that is no text"),
        pytest.param({"sid": ""}, id="an empty sid"),
    ],
)
def test_any_other_logout_token_is_refused_and_ends_nothing(
    pair: Pair, signed_in: Visitor, changes: dict
) -> None:
    answer = tell(pair, pair.issuer.logout_token(**changes))

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert is_signed_in(pair, signed_in)


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "ᠠ.ᠡ.ᠢ", "e30.e30.", "\0", "a.b.c.d.e"])
def test_something_that_is_no_token_is_refused(pair: Pair, signed_in: Visitor, text: str) -> None:
    assert tell(pair, text).status_code == 400
    assert is_signed_in(pair, signed_in)


def test_an_unsigned_token_is_refused(pair: Pair, signed_in: Visitor) -> None:
    header, payload, _ = pair.issuer.logout_token().split(".")
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoibG9nb3V0K2p3dCJ9"  # {"alg":"none","typ":"logout+jwt"}

    assert tell(pair, f"{unsigned}.{payload}.").status_code == 400
    assert tell(pair, f"{header}.{payload}.").status_code == 400
    assert is_signed_in(pair, signed_in)


def test_a_logout_token_is_accepted_once(pair: Pair, visitor: Visitor) -> None:
    visitor.open(f"{pair.app.address}/sign-in")
    token = pair.issuer.logout_token()
    first = tell(pair, token).status_code
    visitor.open(f"{pair.app.address}/sign-in")

    second = tell(pair, token).status_code

    assert (first, second) == (200, 400)
    assert is_signed_in(pair, visitor)


def test_only_the_session_that_is_named_ends(pair: Pair, signed_in: Visitor) -> None:
    pair.issuer.claims = {"sub": "tuya-4711", "sid": "session-2"}
    with Visitor() as at_the_library:
        at_the_library.open(f"{pair.app.address}/sign-in")

        tell(pair, pair.issuer.logout_token())

        assert not is_signed_in(pair, at_the_library)
        assert is_signed_in(pair, signed_in)


def test_a_session_of_another_person_does_not_end(pair: Pair, signed_in: Visitor) -> None:
    answer = tell(pair, pair.issuer.logout_token(sub="bolor-1"))

    assert answer.json() == {"ended": 0}
    assert is_signed_in(pair, signed_in)


def test_a_token_of_a_new_key_is_accepted_and_invented_keys_do_not_flood_the_hub(fresh_pair: Pair) -> None:
    issuer = fresh_pair.issuer
    with Visitor() as visitor:
        visitor.open(f"{fresh_pair.app.address}/sign-in")
        issuer.published = [issuer.key, issuer.next_key]
        asked_before = issuer.asked_for_keys

        with_new_key = tell(fresh_pair, issuer.logout_token(key=issuer.next_key)).status_code
        invented = [
            tell(fresh_pair, issuer.logout_token(key=type(issuer)(issuer.url).key)).status_code
            for _ in range(3)
        ]

        assert with_new_key == 200
        assert invented == [400, 400, 400]
        assert issuer.asked_for_keys == asked_before + 1
