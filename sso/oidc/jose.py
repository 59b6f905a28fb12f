"""The only door to JOSE: sign and verify JWTs, make keys, name them (RFC 7515, 7517, 7519, 7638).

Algorithms are allow-listed by the caller, keys are chosen by us and never by a token's header, and
key objects stay in memory: handing PyJWT a PEM text costs 150 times the signature.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from sso.audit.record import JsonValue
from sso.oidc.keys import KeyRing, SigningKey

RSA_BITS = 2048
MAX_JWT_LENGTH = 16_384
ASSERTION_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""Algorithms a client may sign its assertions with (RFC 7518 3.1, RFC 8037)."""

_THUMBPRINT_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ALGORITHM_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "ES384": "EC", "EdDSA": "OKP"}


class TokenInvalid(Exception):
    """A JWT does not verify; the text is private."""


class KeySetInvalid(ValueError):
    """A JWK set cannot be used: the text says why and may be shown to the client's developer."""


def generate_private_key(alg: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """Return a new private key for RS256 (2048 bits) or ES256 (P-256)."""
    if alg == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    raise ValueError(alg)


def private_key_to_der(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """Return PKCS 8 DER, unencrypted: the caller seals it."""
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def private_key_from_der(der: bytes) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """Return the key object of PKCS 8 DER.

    Raises:
        ValueError: not an RSA or EC private key.
    """
    private = load_der_private_key(der, password=None)
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError("neither an RSA nor an EC private key")  # noqa: TRY004 - the value is wrong
    return private


def new_signing_key(alg: str, active_from: datetime, now: datetime) -> SigningKey:
    """Make a key pair that is published at once and signs from `active_from`."""
    private = generate_private_key(alg)
    jwk = public_jwk(private, alg)
    return SigningKey(
        kid=str(jwk["kid"]), alg=alg, private=private, public_jwk=jwk, created_at=now, active_from=active_from
    )


def public_jwk(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, alg: str) -> dict[str, JsonValue]:
    """Return the public JWK with kid (RFC 7638 thumbprint), alg and use."""
    public = private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        members = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
    else:
        members = jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
    members = {name: value for name, value in members.items() if name not in {"key_ops", "alg", "use"}}
    return {**members, "kid": thumbprint(members), "alg": alg, "use": "sig"}


def thumbprint(jwk: Mapping[str, JsonValue]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of a JWK, base64url without padding."""
    names = _THUMBPRINT_MEMBERS[str(jwk["kty"])]
    canonical = json.dumps({name: jwk[name] for name in names}, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def half_hash(value: str) -> str:
    """Return at_hash or c_hash for our SHA-256 algorithms (OpenID Connect Core 3.1.3.6)."""
    return _base64url(hashlib.sha256(value.encode("ascii")).digest()[:16])


def sign(claims: Mapping[str, object], key: SigningKey, typ: str) -> str:
    """Return a compact JWS with kid and typ in its header."""
    return jwt.encode(dict(claims), key.private, algorithm=key.alg, headers={"kid": key.kid, "typ": typ})


def verify_own(token: str, keys: KeyRing, typ: Sequence[str]) -> dict[str, JsonValue]:
    """Return the claims of a JWT that we signed ourselves, expired or not.

    The key is ours by kid, the algorithm is the key's, the typ one of `typ` (compared without case).
    Expiry, audience and issuer are the caller's to judge.

    Raises:
        TokenInvalid: malformed, foreign, of another type, or not signed by us.
    """
    header = _header(token)
    key = keys.find(str(header.get("kid")))
    if key is None or header.get("alg") != key.alg:
        message = "unknown kid or other alg"
        raise TokenInvalid(message)
    if str(header.get("typ", "")).lower() not in {value.lower() for value in typ}:
        message = "unexpected typ"
        raise TokenInvalid(message)
    return _verified(token, key.private.public_key(), [key.alg])


def verify_client_assertion(
    assertion: str, jwks: Mapping[str, JsonValue], algorithms: Sequence[str]
) -> dict[str, JsonValue]:
    """Return the claims of a JWT signed by a client with one of its registered keys.

    Expiry, audience and the rest of RFC 7523 3 are the caller's to judge.

    Raises:
        TokenInvalid: malformed, an algorithm outside `algorithms`, or no registered key verifies it.
    """
    header = _header(assertion)
    alg = str(header.get("alg"))
    if alg not in algorithms:
        message = "alg not allowed for this client"
        raise TokenInvalid(message)
    kid = header.get("kid")
    for jwk in _public_keys(jwks):
        if not _may_verify(jwk, alg, kid):
            continue
        try:
            return _verified(assertion, jwt.PyJWK(dict(jwk), algorithm=alg).key, [alg])
        except (TokenInvalid, jwt.PyJWTError):
            continue
    message = "no registered key verifies the assertion"
    raise TokenInvalid(message)


def _may_verify(jwk: Mapping[str, JsonValue], alg: str, kid: JsonValue) -> bool:
    """Whether a registered key is of the algorithm's type, and is the one that is named, if any."""
    if _ALGORITHM_KEY_TYPES[alg] != jwk.get("kty") or jwk.get("alg", alg) != alg:
        return False
    return kid is None or jwk.get("kid") in (None, kid)


def check_public_jwks(jwks: JsonValue) -> None:
    """Accept a client's JWK set: public signature keys only, each loadable, kids distinct.

    Raises:
        KeySetInvalid: with a sentence that names what is wrong.
    """
    if any(_PRIVATE_MEMBERS & jwk.keys() for jwk in _keys(jwks)):
        message = "jwks holds a private or symmetric key: send public keys only, and replace this one"
        raise KeySetInvalid(message)
    keys = _public_keys(jwks)
    if not keys:
        message = "jwks needs a member keys with at least one key"
        raise KeySetInvalid(message)
    kids = [jwk.get("kid") for jwk in keys if jwk.get("kid") is not None]
    if len(kids) != len(set(map(str, kids))):
        message = "jwks has two keys with one kid"
        raise KeySetInvalid(message)
    for jwk in keys:
        _check_public_jwk(jwk)


def _check_public_jwk(jwk: Mapping[str, JsonValue]) -> None:
    try:
        key = jwt.PyJWK(dict(jwk), algorithm=_first_algorithm(jwk)).key
    except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
        message = "jwks holds a key that cannot be read"
        raise KeySetInvalid(message) from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < RSA_BITS:
        message = "an RSA key needs at least 2048 bits"
        raise KeySetInvalid(message)


def _first_algorithm(jwk: Mapping[str, JsonValue]) -> str:
    if jwk.get("kty") == "EC":
        return {"P-256": "ES256", "P-384": "ES384"}[str(jwk.get("crv"))]
    return {"RSA": "RS256", "OKP": "EdDSA"}[str(jwk.get("kty"))]


def _public_keys(jwks: JsonValue) -> list[Mapping[str, JsonValue]]:
    return [key for key in _keys(jwks) if key.get("use", "sig") == "sig"]


def _keys(jwks: JsonValue) -> list[Mapping[str, JsonValue]]:
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def _header(token: str) -> dict[str, JsonValue]:
    if len(token) > MAX_JWT_LENGTH or not token.isascii():
        message = "too long or not ASCII"
        raise TokenInvalid(message)
    try:
        header: dict[str, JsonValue] = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        message = "not a JWT"
        raise TokenInvalid(message) from error
    if "crit" in header:
        message = "crit is not supported"
        raise TokenInvalid(message)
    return header


def _verified(token: str, key: object, algorithms: list[str]) -> dict[str, JsonValue]:
    options = {
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": False,
        "verify_iss": False,
    }
    options |= {"verify_sub": False, "verify_jti": False}
    try:
        claims: dict[str, JsonValue] = jwt.decode(token, key, algorithms=algorithms, options=options)  # type: ignore[arg-type]  # key objects of cryptography
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        message = "the signature or the payload does not verify"
        raise TokenInvalid(message) from error
    return claims


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")
