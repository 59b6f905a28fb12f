"""Tokens that others signed: with keys we know, a shared secret, or a key brought along (RFC 8725, 9449).

The tokens are signed by joserfc and verified by PyJWT behind our door.
"""

import base64
import json
import warnings
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from sso.oidc.jose import (
    ASSERTION_ALGORITHMS,
    HMAC_ALGORITHMS,
    TokenInvalid,
    thumbprint,
    unverified_claims,
    unverified_header,
    verify_with_embedded_key,
    verify_with_keys,
    verify_with_secret,
)

CLAIMS = {"iss": "housing", "jti": "1"}
KEYS: dict[str, Any] = {
    "RS256": RSAKey.generate_key(2048),
    "ES256": ECKey.generate_key("P-256"),
    "ES384": ECKey.generate_key("P-384"),
    "Ed25519": OKPKey.generate_key("Ed25519"),
}
KEYS |= {"PS256": KEYS["RS256"], "EdDSA": KEYS["Ed25519"]}
RSA, EC = KEYS["RS256"], KEYS["ES256"]
with warnings.catch_warnings(action="ignore"):
    WEAK_RSA = RSAKey.generate_key(1024)
STRANGER = ECKey.generate_key("P-256")
SECRET = b"s" * 64
TYP, DPOP = "x+jwt", "dpop+jwt"
HMAC_KEY = OctKey.import_key(SECRET)
EVERY_ALG = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]


def signed(key: Any, alg: str, payload: bytes | None = None, **header: Any) -> str:
    """A compact JWS by joserfc's algorithms; its own checks of the header are left out."""
    members = {"alg": alg, "typ": TYP} | header
    whole = {name: value for name, value in members.items() if value is not None}
    text = f"{part(whole)}.{part(payload or CLAIMS)}"
    return f"{text}.{part(jws.JWSRegistry.algorithms[alg].sign(text.encode(), key))}"


def part(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(header: dict[str, Any], signature: str = "AA") -> str:
    return f"{part({'typ': TYP} | header)}.{part(CLAIMS)}.{signature}"


def public(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def known(*keys: dict[str, Any]) -> dict[str, Any]:
    return {"keys": list(keys)}


def proof(key: Any, alg: str, **header: Any) -> str:
    return signed(key, alg, **{"typ": DPOP, "jwk": public(key)} | header)


@pytest.mark.parametrize("alg", EVERY_ALG)
def test_what_joserfc_signed_is_verified(alg: str) -> None:
    """RFC 7518 3.1, RFC 8037 3.1; Ed25519 is EdDSA's new name (RFC 9864 2.2)."""
    jwks = known(public(STRANGER), *(public(key) for key in KEYS.values()))

    assert verify_with_keys(signed(KEYS[alg], alg), jwks, ASSERTION_ALGORITHMS) == CLAIMS


def test_a_key_that_cannot_be_used_does_not_hide_the_next_one() -> None:
    """RFC 7517 5: keys that are not understood are passed over."""
    broken = {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}
    jwks = known({}, {"kty": "new"}, {"kty": ["EC"]}, broken, public(EC))

    assert verify_with_keys(signed(EC, "ES256"), jwks, ASSERTION_ALGORITHMS) == CLAIMS


@pytest.mark.parametrize(
    ("token", "jwk"),
    [
        pytest.param(signed(STRANGER, "ES256"), public(EC), id="a stranger's key"),
        pytest.param(signed(RSA, "RS256"), public(RSA, alg="PS256"), id="alg of the key"),
        pytest.param(signed(RSA, "RS256"), public(RSA, use="enc"), id="encryption key"),
        pytest.param(signed(RSA, "RS256", kid="a"), public(RSA, kid="b"), id="other kid"),
        pytest.param(signed(EC, "ES256"), EC.as_dict(private=True), id="private key"),
        pytest.param(signed(WEAK_RSA, "RS256"), public(WEAK_RSA), id="1024 bits"),
        pytest.param(signed(RSA, "RS384"), public(RSA), id="an alg that we leave out"),
        pytest.param(signed(EC, "ES256", crit=["b64"], b64=True), public(EC), id="crit"),
        pytest.param(signed(EC, "ES256", b64=True), public(EC), id="b64"),
        pytest.param(signed(EC, "ES256", typ="JWT"), public(EC), id="another typ"),
        pytest.param(signed(EC, "ES256", b"[1]"), public(EC), id="a list"),
        pytest.param(signed(EC, "ES256", b"{"), public(EC), id="no JSON"),
        pytest.param(signed(EC, "ES256", b'{"exp":NaN}'), public(EC), id="NaN"),
        pytest.param(signed(EC, "ES256", b'{"exp":1e999999,"iat":-Infinity}'), public(EC), id="Infinity"),
        pytest.param(signed(EC, "ES256", b"[" * 9_000), public(EC), id="deep JSON"),
        pytest.param(
            signed(OctKey.import_key(part(public(RSA))), "HS256"),
            public(RSA),
            id="HMAC under the public key",
        ),
        pytest.param(
            signed(HMAC_KEY, "HS256"),
            {"kty": "oct", "k": part(SECRET)},
            id="a symmetric key in the set",
        ),
        pytest.param(unsigned({"alg": "none"}, ""), public(EC), id="none"),
        pytest.param(
            unsigned({"alg": "none"}),
            public(EC),
            id="none, signed",
        ),
        pytest.param(unsigned({}), public(EC), id="no alg"),
        pytest.param(unsigned({"alg": ["ES256"]}), public(EC), id="alg a list"),
    ],
)
def test_a_token_that_no_known_key_may_verify_is_refused(token: str, jwk: dict[str, Any]) -> None:
    """RFC 8725 3.1, 3.2, 3.3, 3.11."""
    with pytest.raises(TokenInvalid):
        verify_with_keys(token, known(jwk), ASSERTION_ALGORITHMS, (TYP,))


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_header_brings_along_verifies_nothing(member: str) -> None:
    """RFC 8725 3.10."""
    brought = {"jwk": public(STRANGER), "x5c": ["MIIB"]}.get(member, "https://evil.example/k")
    token = signed(STRANGER, "ES256", **{member: brought})

    with pytest.raises(TokenInvalid):
        verify_with_keys(token, known(public(EC)), ASSERTION_ALGORITHMS)


def _flipped(token: str, index: int) -> str:
    other = "A" if token[index] != "A" else "B"
    return token[:index] + other + token[index + 1 :]


def test_no_character_of_a_token_can_be_changed() -> None:
    """RFC 7515 5.2. The last character carries four bits that decode to nothing."""
    token, jwks = signed(EC, "ES256"), known(public(EC))

    for index in range(len(token) - 1):
        with pytest.raises(TokenInvalid):
            verify_with_keys(_flipped(token, index), jwks, ASSERTION_ALGORITHMS)


@pytest.mark.parametrize("alg", HMAC_ALGORITHMS)
def test_a_secret_verifies_what_it_signed(alg: str) -> None:
    """OpenID Connect Core 9, client_secret_jwt."""
    token = signed(HMAC_KEY, alg)

    assert verify_with_secret(token, SECRET, HMAC_ALGORITHMS) == CLAIMS
    with pytest.raises(TokenInvalid):
        verify_with_secret(token, b"t" * 64, HMAC_ALGORITHMS)


@pytest.mark.parametrize(("alg", "needed"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_shorter_than_the_hash_verifies_nothing(alg: str, needed: int) -> None:
    """RFC 7518 3.2."""
    short = b"s" * (needed - 1)
    with warnings.catch_warnings(action="ignore"):
        token = signed(OctKey.import_key(short), alg)

    with pytest.raises(TokenInvalid, match="too short"):
        verify_with_secret(token, short, HMAC_ALGORITHMS)


def test_a_secret_verifies_nothing_but_hmac() -> None:
    """RFC 8725 3.1: not even when the caller allows more."""
    for token in (signed(EC, "ES256"), unsigned({"alg": "none"})):
        with pytest.raises(TokenInvalid, match="alg not allowed"):
            verify_with_secret(token, SECRET, ("HS256", "ES256", "none"))


@pytest.mark.parametrize("alg", EVERY_ALG)
def test_a_proof_is_verified_with_the_key_it_brings(alg: str) -> None:
    """RFC 9449 4.3."""
    verified = verify_with_embedded_key(proof(KEYS[alg], alg), DPOP, ASSERTION_ALGORITHMS)

    assert verified.claims == CLAIMS
    assert verified.thumbprint == KEYS[alg].thumbprint() == thumbprint(public(KEYS[alg]))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(EC, "ES256", typ=DPOP), id="no jwk"),
        pytest.param(proof(EC, "ES256", jwk="x"), id="jwk is a text"),
        pytest.param(proof(EC, "ES256", jwk={}), id="jwk is empty"),
        pytest.param(proof(EC, "ES256", jwk=EC.as_dict(private=True)), id="the private key too"),
        pytest.param(proof(EC, "ES256", jwk=public(EC, d="")), id="an empty private member"),
        pytest.param(proof(EC, "ES256", jwk=public(STRANGER)), id="another key"),
        pytest.param(proof(EC, "ES256", jwk=public(RSA)), id="a key of another type"),
        pytest.param(proof(EC, "ES256", jwk=public(EC, crv="P-384")), id="another curve"),
        pytest.param(proof(EC, "ES256", jwk=public(EC, alg="ES384")), id="another alg of the key"),
        pytest.param(proof(EC, "ES256", jwk=public(EC, x=7)), id="x is a number"),
        pytest.param(proof(WEAK_RSA, "RS256"), id="1024 bits"),
        pytest.param(proof(EC, "ES256", typ="JWT"), id="another typ"),
        pytest.param(proof(EC, "ES256", typ=None), id="no typ"),
        pytest.param(proof(EC, "ES256", crit=["exp"], exp=1), id="crit"),
        pytest.param(signed(EC, "ES256", typ=DPOP, x5c=["MIIB"]), id="x5c for jwk"),
        pytest.param(signed(EC, "ES256", typ=DPOP, jku="https://evil.example"), id="jku for jwk"),
        pytest.param(
            signed(HMAC_KEY, "HS256", typ=DPOP, jwk={"kty": "oct", "k": part(SECRET)}),
            id="HMAC",
        ),
        pytest.param(
            signed(HMAC_KEY, "HS256", typ=DPOP, jwk=public(EC)),
            id="HMAC beside a public key",
        ),
        pytest.param(unsigned({"alg": "none", "typ": DPOP, "jwk": public(EC)}), id="none"),
        pytest.param(proof(EC, "ES256") + ".x", id="four parts"),
        pytest.param(proof(EC, "ES256").replace(".", "=.", 1), id="padding"),
        pytest.param(proof(EC, "ES256", pad="x" * 20_000), id="oversized"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_proof_with_a_doubtful_key_proves_nothing(token: str) -> None:
    """RFC 9449 4.3, 11.6; RFC 8725 3.1."""
    with pytest.raises(TokenInvalid):
        verify_with_embedded_key(token, DPOP, (*ASSERTION_ALGORITHMS, "HS256", "none"))


def test_who_signed_can_be_read_before_it_is_verified() -> None:
    token = signed(STRANGER, "ES256", kid="k")

    assert unverified_header(token)["kid"] == "k"
    assert unverified_claims(token) == CLAIMS


@pytest.mark.parametrize(
    "text", ["", "a.b.c", "é.é.é", "a" * 20_000, "e30.e30", "e30.bnVsbA.AA", "e30.e30.AA\n"]
)
def test_what_is_no_jwt_cannot_be_read(text: str) -> None:
    with pytest.raises(TokenInvalid):
        unverified_claims(text)
