"""Encrypt to a client's public key (RFC 7516), so that only it can read what passes through a browser."""

from collections.abc import Mapping
from typing import TypeAlias

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from sso.audit.record import JsonValue
from sso.oidc.jose.algorithms import CONTENT_ENCRYPTIONS, ENCRYPTION_ALGORITHMS, MAX_RSA_BITS, MIN_RSA_BITS
from sso.oidc.jose.errors import KeySetInvalid
from sso.oidc.jose.jwk import PRIVATE_MEMBERS, encryption_keys_of

_Jwk: TypeAlias = Mapping[str, JsonValue]
_Key: TypeAlias = RSAKey | ECKey | OKPKey
_CURVES = {"EC": frozenset({"P-256", "P-384", "P-521"}), "OKP": frozenset({"X25519"})}


def encrypt(text: str, jwks: Mapping[str, JsonValue] | None, alg: str, enc: str, cty: str | None) -> str:
    """Return a compact JWE of the text to the first suitable key of a client.

    `cty` is "JWT" when the text is a signed JWT (RFC 7519 5.2), None when it is bare claims.

    Raises:
        KeySetInvalid: no key of the set suits `alg`.
        ValueError: an algorithm that we do not offer.
    """
    if alg not in ENCRYPTION_ALGORITHMS or enc not in CONTENT_ENCRYPTIONS:
        raise ValueError(alg, enc)
    found = _first_suitable(jwks, alg)
    if found is None:
        message = f"the client has no key for {alg}"
        raise KeySetInvalid(message)
    jwk, key = found
    header = {"alg": alg, "enc": enc}
    header |= {"kid": str(jwk["kid"])} if "kid" in jwk else {}
    header |= {"cty": cty} if cty is not None else {}
    return jwe.encrypt_compact(header, text, key, algorithms=[alg, enc])


def can_encrypt(jwks: Mapping[str, JsonValue] | None, alg: str) -> bool:
    """Whether a client has a key that suits `alg`."""
    return _first_suitable(jwks, alg) is not None


def _first_suitable(jwks: Mapping[str, JsonValue] | None, alg: str) -> tuple[_Jwk, _Key] | None:
    for jwk in encryption_keys_of(jwks):
        key = _readable(jwk, alg)
        if key is not None:
            return jwk, key
    return None


def _readable(jwk: _Jwk, alg: str) -> _Key | None:
    """Return the key if it is a public one that suits `alg`."""
    if PRIVATE_MEMBERS & jwk.keys() or jwk.get("alg", alg) != alg:
        return None
    kty, crv = str(jwk.get("kty")), str(jwk.get("crv"))
    members = {name: value for name, value in jwk.items() if name in {"kty", "n", "e", "crv", "x", "y"}}
    try:
        if alg == "RSA-OAEP-256" and kty == "RSA":
            rsa = RSAKey.import_key(members)  # type: ignore[arg-type]  # members of a public JWK are texts
            return rsa if MIN_RSA_BITS <= rsa.public_key.key_size <= MAX_RSA_BITS else None
        if alg == "ECDH-ES" and crv in _CURVES.get(kty, frozenset()):
            found = (ECKey if kty == "EC" else OKPKey).import_key(members)  # type: ignore[arg-type]  # as above
            return found if found.public_key is not None else None
    except (JoseError, KeyError, ValueError, TypeError, AttributeError):
        return None
    return None
