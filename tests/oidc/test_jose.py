"""JOSE: others verify what we sign, and we accept nothing but what we signed (RFC 7515, 7638, 8725, 9068)."""

import json
from typing import Any

import jwt
import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from sso.oidc.bearer import ACCESS_TOKEN_TYPES, TokenNotLive, live_access_token
from sso.oidc.jose import (
    KeySetInvalid,
    TokenInvalid,
    check_public_jwks,
    half_hash,
    private_key_from_der,
    sign,
    thumbprint,
    verify_own,
)
from sso.oidc.keys import KeyRing
from tests.oidc.examples import ISSUER, NOW, World, private, provider, signing_key

RSA, EC = signing_key("RS256"), signing_key("ES256")
STRANGER = signing_key("ES256", 9)
RING = KeyRing((RSA, EC))


def published() -> dict[str, Any]:
    text = json.dumps(RING.jwks(NOW))
    whole: dict[str, Any] = json.loads(text)
    return whole


def encode(key: Any, alg: str, kid: str | None = RSA.kid, typ: str = "JWT", **header: Any) -> str:
    names = {"typ": typ, **({"kid": kid} if kid is not None else {}), **header}
    return jwt.encode({"iss": ISSUER, "sub": "s"}, private(key), algorithm=alg, headers=names)


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_pyjwt_and_joserfc_verify_our_tokens_with_the_published_keys(world: World, alg: str) -> None:
    """OpenID Connect Core 10.1."""
    world.client = world.register(world.client.__class__(**_with(world, id_token_signed_response_alg=alg)))
    answer = world.tokens()

    for text in (answer.id_token or "", answer.access_token):
        by_joserfc = jws.deserialize_compact(
            text, KeySet.import_key_set(published()), algorithms=["RS256", "ES256"]
        )
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(published()).keys}
        header = jwt.get_unverified_header(text)
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
        by_pyjwt = jwt.decode(text, keys[header["kid"]], algorithms=[header["alg"]], options=options)
        assert json.loads(by_joserfc.payload) == by_pyjwt
    assert jwt.get_unverified_header(answer.id_token or "")["alg"] == alg


def _with(world: World, **changes: Any) -> dict[str, Any]:
    names = world.client.__dataclass_fields__
    return {name: getattr(world.client, name) for name in names} | changes


def test_no_private_member_is_ever_published() -> None:
    """RFC 7517 9.3."""
    for jwk in published()["keys"]:
        assert jwk.keys() <= {"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"}


def test_the_kid_is_the_thumbprint_as_joserfc_computes_it() -> None:
    """RFC 7638 3."""
    for jwk in published()["keys"]:
        theirs = KeySet.import_key_set({"keys": [jwk]}).keys[0].thumbprint()
        assert jwk["kid"] == thumbprint(jwk) == theirs


def test_the_hash_of_a_token_is_the_left_half_of_its_digest() -> None:
    """Core 3.1.3.6, with the example of Core A.3."""
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"

    assert half_hash(token, "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_a_private_key_survives_its_sealing() -> None:
    for key in (RSA, EC):
        again = private_key_from_der(key.signer.preserved)
        assert again.public_key() == key.signer.public_key


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="nothing"),
        pytest.param("x.y", id="no JWT"),
        pytest.param("é.é.é", id="not ASCII"),
        pytest.param("a" * 20_000, id="huge"),
        pytest.param(encode(None, "none"), id="alg none"),
        pytest.param(encode("secret" * 8, "HS256"), id="HMAC"),
        pytest.param(encode(str(RSA.public_jwk["n"]), "HS256"), id="HMAC under the public key"),
        pytest.param(encode(STRANGER, "ES256", EC.kid), id="a stranger's signature under our kid"),
        pytest.param(encode(STRANGER, "ES256", STRANGER.kid), id="a stranger's kid"),
        pytest.param(encode(EC, "ES256", RSA.kid), id="kid of our other key"),
        pytest.param(encode(RSA, "PS256", RSA.kid), id="an alg other than the key's"),
        pytest.param(encode(RSA, "RS256", None), id="no kid"),
        pytest.param(encode(RSA, "RS256", typ="at+jwt"), id="another typ"),
        pytest.param(encode(RSA, "RS256", typ=""), id="no typ"),
        pytest.param(encode(RSA, "RS256", crit=["x"], x=1), id="crit"),
        pytest.param(encode(STRANGER, "ES256", jwk=dict(STRANGER.public_jwk)), id="jwk in the header"),
        pytest.param(encode(STRANGER, "ES256", jku="https://evil.example"), id="jku in the header"),
        pytest.param(encode(RSA, "RS256")[:-2] + "AA", id="a changed signature"),
        pytest.param("e30." + encode(RSA, "RS256").split(".", 1)[1], id="an emptied header"),
        pytest.param(encode(RSA, "RS256") + ".x", id="four parts"),
    ],
)
def test_only_what_we_signed_ourselves_is_ours(token: str) -> None:
    """RFC 8725 3.1, 3.2, 3.10, 3.11."""
    with pytest.raises(TokenInvalid):
        verify_own(token, RING, ("JWT",))


def test_the_typ_is_compared_without_case() -> None:
    """RFC 7515 4.1.9."""
    assert verify_own(encode(RSA, "RS256", typ="AT+JWT"), RING, ACCESS_TOKEN_TYPES)["sub"] == "s"


def test_an_id_token_is_no_access_token(world: World) -> None:
    """RFC 9068 4, RFC 8725 2.8."""
    answer = world.tokens()

    with pytest.raises(TokenNotLive):
        live_access_token(answer.id_token or "", world.stores, world.provider, NOW)
    assert live_access_token(answer.access_token, world.stores, world.provider, NOW).client_id == "housing"


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://old.example.gov"}, {"exp": int(NOW.timestamp())}, {"exp": "x"}, {"exp": None}],
)
def test_an_access_token_of_another_issuer_or_time_is_not_live(world: World, changes: dict[str, Any]) -> None:
    """RFC 9068 4."""
    claims = {"iss": ISSUER, "client_id": "housing", "jti": "j", "exp": int(NOW.timestamp()) + 60}
    good = sign(claims, EC, "at+jwt")
    bad = sign(claims | changes, EC, "at+jwt")

    assert live_access_token(good, world.stores, provider(), NOW).jti == "j"
    with pytest.raises(TokenNotLive):
        live_access_token(bad, world.stores, provider(), NOW)


@pytest.mark.parametrize(
    "jwks",
    [
        None,
        {},
        {"keys": []},
        {"keys": ["x"]},
        {"keys": [{}]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}]},
        {"keys": [{"kty": "EC", "crv": "secp256k1", "x": "x", "y": "y"}]},
        {"keys": [dict(EC.public_jwk) | {"d": "AA"}]},
        {"keys": [dict(EC.public_jwk), dict(EC.public_jwk)]},
        {"keys": [dict(EC.public_jwk), {"kty": "RSA", "use": "enc", "n": "x", "e": "x", "d": "secret"}]},
    ],
)
def test_a_key_set_that_cannot_be_trusted_is_refused(jwks: Any) -> None:
    """RFC 7517 9.2."""
    with pytest.raises(KeySetInvalid):
        check_public_jwks(jwks)
