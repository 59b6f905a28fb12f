"""What an upstream says of a sign-out is believed only whole (Back-Channel Logout 1.0 2.6)."""

from typing import Any

import pytest

from sso.audit.record import JsonValue
from sso.authentication.upstream.logout_token import Departure, LogoutTokenRefused, departure_of
from sso.authentication.upstream.settings import UpstreamSettings
from sso.oidc.jose import sign
from sso.oidc.keys import SigningKey
from sso.oidc.logout import LOGOUT_EVENT
from tests.oidc.examples import NOW, signing_key

ISSUER = "https://id.national.example"
SETTINGS = UpstreamSettings(id="national", issuer=ISSUER, labels={"en": "National"}, client_id="hub")
AT = int(NOW.timestamp())
KEYS: dict[str, JsonValue] = {"keys": [signing_key("ES256").public_jwk]}
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "hub",
    "iat": AT,
    "exp": AT + 120,
    "jti": "once",
    "sub": "citizen-1",
    "sid": "session-there",
    "events": {LOGOUT_EVENT: {}},
}


def departure(typ: str = "logout+jwt", key: SigningKey | None = None, **changes: Any) -> Departure:
    claims = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return departure_of(sign(claims, key or signing_key("ES256"), typ), KEYS, SETTINGS, NOW)


@pytest.mark.parametrize("typ", ["logout+jwt", "application/logout+jwt", "JWT"])
def test_a_good_one_says_who_left(typ: str) -> None:
    left = departure(typ)

    assert (left.sub, left.sid, left.jti) == ("citizen-1", "session-there", "once")
    assert left.forget_at.timestamp() >= AT + 120


def test_a_person_or_a_session_is_enough() -> None:
    assert departure(sid=None).sub == "citizen-1"
    assert departure(sub=None).sid == "session-there"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://id.evil.example"},
        {"aud": "another"},
        {"aud": ["hub", "another"]},
        {"iat": None},
        {"iat": AT + 60},
        {"exp": AT - 60},
        {"exp": None},
        {"exp": AT + 86_400},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 256},
        {"sub": None, "sid": None},
        {"sub": 7},
        {"events": None},
        {"events": {}},
        {"events": {LOGOUT_EVENT: "x"}},
        {"events": [LOGOUT_EVENT]},
        {"nonce": "n"},
        {"typ": "at+jwt"},
        {"key": signing_key("ES256", 1)},
    ],
)
def test_one_claim_that_is_wrong_is_enough(changes: dict[str, Any]) -> None:
    with pytest.raises(LogoutTokenRefused):
        departure(**changes)
