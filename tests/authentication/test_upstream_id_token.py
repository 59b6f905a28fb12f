"""What an upstream says of a person is believed only whole (OpenID Connect Core 3.1.3.7, 3.1.3.8)."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sso.audit.record import JsonValue
from sso.authentication.upstream.id_token import Expected, Identity, IdTokenRefused, identity_of
from sso.oidc.jose import half_hash, sign
from sso.oidc.keys import SigningKey
from tests.oidc.examples import NOW, signing_key

ISSUER = "https://id.national.example"
CLIENT_ID = "provincial-hub"
NONCE = "n-0S6_WzA2Mj"
ACCESS_TOKEN = "access-token"
AT = int(NOW.timestamp())
KEYS: dict[str, JsonValue] = {"keys": [signing_key(alg).public_jwk for alg in ("RS256", "ES256", "EdDSA")]}
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "citizen-1",
    "aud": CLIENT_ID,
    "iat": AT,
    "exp": AT + 300,
    "auth_time": AT - 60,
    "nonce": NONCE,
    "acr": "high",
    "amr": ["pwd", "otp"],
    "sid": "session-there",
}


def expected(**changes: Any) -> Expected:
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "algorithms": ("RS256", "ES256", "EdDSA"),
        "nonce": NONCE,
        "access_token": ACCESS_TOKEN,
    }
    return Expected(**values | changes)


def token(alg: str = "ES256", typ: str = "JWT", key: SigningKey | None = None, **changes: Any) -> str:
    claims = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return sign(claims, key or signing_key(alg), typ)


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def told(id_token: str, **changes: Any) -> Identity:
    return identity_of(id_token, KEYS, expected(**changes), NOW)


def reason(id_token: str, **changes: Any) -> str:
    with pytest.raises(IdTokenRefused) as refused:
        told(id_token, **changes)
    return str(refused.value)


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_good_one_says_who_it_is_and_how_they_signed_in(alg: str) -> None:
    identity = told(token(alg, at_hash=half_hash(ACCESS_TOKEN, alg)))

    assert (identity.sub, identity.sid, identity.acr) == ("citizen-1", "session-there", "high")
    assert identity.amr == ("pwd", "otp")
    assert identity.auth_time == NOW.replace(microsecond=0) - timedelta(seconds=60)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"iss": "https://id.evil.example"}, "iss"),
        ({"iss": f"{ISSUER}/"}, "iss"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": [CLIENT_ID, "another-client"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": None}, "aud"),
        ({"azp": "another-client"}, "azp"),
        ({"exp": AT - 11}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": AT + 10 * 86_400}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": AT + 60}, "iat"),
        ({"iat": AT - 3_600}, "iat"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": 7}, "nonce"),
        ({"at_hash": half_hash("another token", "ES256")}, "at_hash"),
        ({"at_hash": 1}, "at_hash"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 12}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"acr": 3}, "acr"),
        ({"sid": ["a"]}, "sid"),
        ({"auth_time": "now"}, "auth_time"),
        ({"auth_time": True}, "auth_time"),
        ({"auth_time": AT + 60}, "auth_time"),
        ({"events": {}}, "another kind"),
    ],
)
def test_one_claim_that_is_wrong_is_enough(changes: dict[str, Any], word: str) -> None:
    assert word in reason(token(**changes))


@pytest.mark.parametrize("typ", ["logout+jwt", "at+jwt", "dpop+jwt"])
def test_another_jwt_of_the_issuer_is_no_id_token(typ: str) -> None:
    """RFC 8725 3.11."""
    assert "another kind" in reason(token(typ=typ))


def test_an_at_hash_without_an_access_token_is_refused() -> None:
    assert "at_hash" in reason(token(at_hash="abc"), access_token=None)


def test_a_key_that_the_issuer_does_not_publish_signs_nothing() -> None:
    assert "no registered key" in reason(token(key=signing_key("ES256", 1)))


def test_an_algorithm_outside_the_list_is_refused_though_the_key_is_known() -> None:
    assert "alg" in reason(token("RS256"), algorithms=("ES256",))


def test_no_signature_is_no_signature() -> None:
    """RFC 8725 2.1, 3.1."""
    text = f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(GOOD)}"

    assert reason(f"{text}.")
    assert "alg" in reason(f"{text}.AAAA")


def test_the_public_key_is_no_hmac_secret() -> None:
    """RFC 8725 2.1: HS256 with the public key's bytes."""
    public = signing_key("RS256").signer.public_key.public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded(GOOD)}"
    mac = hmac.digest(public, text.encode(), "sha256")

    assert "alg" in reason(f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "x" * 20_000, "....", "é.é.é", "a.b.c.d.e"])
def test_what_is_no_jwt_is_refused(text: str) -> None:
    assert reason(text)


def test_without_keys_nothing_is_believed() -> None:
    with pytest.raises(IdTokenRefused):
        identity_of(token(), {}, expected(), NOW)


def test_an_amr_that_is_no_list_says_nothing() -> None:
    assert told(token(amr="pwd")).amr == ()
    assert told(token(amr=["pwd", 3])).amr == ("pwd",)
