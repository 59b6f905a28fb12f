"""Encryption to a client's key (RFC 7516): joserfc's other half reads what we write."""

from typing import Any

import pytest
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from sso.oidc.jose import CONTENT_ENCRYPTIONS, KeySetInvalid, encrypt

RSA, EC = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
LONG_EC, X25519, ED25519 = ECKey.generate_key("P-521"), OKPKey.generate_key("X25519"), OKPKey.generate_key()
ALGORITHMS = ["RSA-OAEP-256", "ECDH-ES", *CONTENT_ENCRYPTIONS]


def public(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def encrypted(jwk: dict[str, Any], alg: str = "ECDH-ES", enc: str = "A128GCM") -> str:
    return encrypt("a.b.c", {"keys": [jwk]}, alg, enc, "JWT")


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTIONS)
@pytest.mark.parametrize(
    ("alg", "key"),
    [
        pytest.param("RSA-OAEP-256", RSA, id="RSA"),
        pytest.param("ECDH-ES", EC, id="P-256"),
        pytest.param("ECDH-ES", LONG_EC, id="P-521"),
        pytest.param("ECDH-ES", X25519, id="X25519"),
    ],
)
def test_the_owner_of_the_key_reads_the_text(key: Any, alg: str, enc: str) -> None:
    """RFC 7518 4.3, 4.6, 5.2, 5.3."""
    text = encrypted(public(key, kid="k"), alg, enc)

    read = jwe.decrypt_compact(text, key, algorithms=ALGORITHMS)
    assert read.plaintext == b"a.b.c"
    header = {name: value for name, value in read.protected.items() if name != "epk"}
    assert header == {"alg": alg, "enc": enc, "kid": "k", "cty": "JWT"}


def test_bare_claims_have_no_content_type() -> None:
    """RFC 7519 5.2: cty is for nested JWTs."""
    read = jwe.decrypt_compact(encrypt("{}", {"keys": [public(EC)]}, "ECDH-ES", "A128GCM", None), EC)

    assert "cty" not in read.protected


def test_the_same_text_never_looks_the_same() -> None:
    assert encrypted(public(EC)) != encrypted(public(EC))


def test_nobody_else_reads_the_text() -> None:
    text = encrypted(public(EC))

    with pytest.raises(JoseError):
        jwe.decrypt_compact(text, ECKey.generate_key("P-256"))


def test_the_first_suitable_key_is_taken() -> None:
    """RFC 7517 4.2, 4.4."""
    signs, other = public(EC, use="sig"), public(EC, alg="RSA-OAEP-256")
    jwks = {"keys": [{}, public(ED25519), public(RSA), signs, other, public(X25519, use="enc")]}

    assert jwe.decrypt_compact(encrypt("x", jwks, "ECDH-ES", "A256GCM", None), X25519).plaintext == b"x"


@pytest.mark.parametrize(
    ("jwks", "alg"),
    [
        pytest.param(None, "ECDH-ES", id="no set"),
        pytest.param({"keys": []}, "ECDH-ES", id="an empty set"),
        pytest.param({"keys": [public(RSA)]}, "ECDH-ES", id="RSA for ECDH"),
        pytest.param({"keys": [public(EC)]}, "RSA-OAEP-256", id="EC for RSA"),
        pytest.param({"keys": [public(EC, use="sig")]}, "ECDH-ES", id="a signature key"),
        pytest.param({"keys": [public(EC, alg="ES256")]}, "ECDH-ES", id="a key of another algorithm"),
        pytest.param({"keys": [public(ED25519)]}, "ECDH-ES", id="a curve that only signs"),
        pytest.param({"keys": [EC.as_dict(private=True)]}, "ECDH-ES", id="a private key"),
        pytest.param({"keys": [OctKey.generate_key(256).as_dict()]}, "ECDH-ES", id="a symmetric key"),
        pytest.param({"keys": [public(EC, x="x", y="y")]}, "ECDH-ES", id="an unreadable point"),
        pytest.param({"keys": [public(EC, y=public(EC)["x"])]}, "ECDH-ES", id="a point off the curve"),
        pytest.param({"keys": [public(X25519, x="AA")]}, "ECDH-ES", id="a short X25519 key"),
        pytest.param({"keys": [public(RSA, n="AQAB")]}, "RSA-OAEP-256", id="a tiny modulus"),
        pytest.param({"keys": [public(RSA, n=7)]}, "RSA-OAEP-256", id="n is a number"),
    ],
)
def test_without_a_suitable_key_nothing_is_encrypted(jwks: Any, alg: str) -> None:
    with pytest.raises(KeySetInvalid, match=f"no key for {alg}"):
        encrypt("x", jwks, alg, "A128GCM", None)


@pytest.mark.parametrize(("alg", "enc"), [("RSA1_5", "A128GCM"), ("dir", "A128GCM"), ("ECDH-ES", "A192GCM")])
def test_an_algorithm_that_is_not_offered_is_not_used(alg: str, enc: str) -> None:
    with pytest.raises(ValueError, match=alg):
        encrypted(public(EC), alg, enc)
