"""Keys: made, sealed, published, named by thumbprint, and read from a client's set (RFC 7517, 7638)."""

import hashlib
import json
from collections.abc import Mapping

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from sso.audit.record import JsonValue
from sso.oidc.digest import base64url
from sso.oidc.jose.algorithms import MAX_RSA_BITS, MIN_RSA_BITS, is_key_for
from sso.oidc.jose.errors import KeySetInvalid
from sso.oidc.keys import PrivateKey, PublicKey

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_PUBLIC_MEMBERS = frozenset({"kty", "n", "e", "crv", "x", "y"})
_THUMBPRINT_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_ENCRYPTION_CURVES = frozenset({"P-256", "P-384", "P-521", "X25519"})


def generate_private_key(alg: str) -> PrivateKey:
    """Return a new private key: 2048 bits for RS256 and PS256, P-256 for ES256, Ed25519 for EdDSA."""
    if alg in {"RS256", "PS256"}:
        return rsa.generate_private_key(public_exponent=65537, key_size=MIN_RSA_BITS)
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    raise ValueError(alg)


def private_key_to_der(private: PrivateKey) -> bytes:
    """Return PKCS 8 DER, unencrypted: the caller seals it."""
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def private_key_from_der(der: bytes) -> PrivateKey:
    """Return the key object of PKCS 8 DER.

    Raises:
        ValueError: not an RSA, EC or Ed25519 private key.
    """
    private = load_der_private_key(der, password=None)
    if not isinstance(private, PrivateKey):
        raise ValueError("not an RSA, EC or Ed25519 private key")  # noqa: TRY004 - the value is wrong
    return private


def public_jwk(key: PrivateKey | PublicKey, alg: str) -> dict[str, JsonValue]:
    """Return the public JWK with kid (RFC 7638 thumbprint), alg and use."""
    public = key if isinstance(key, PublicKey) else key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        members = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        members = jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        members = jwt.algorithms.OKPAlgorithm.to_jwk(public, as_dict=True)
    members = {name: value for name, value in members.items() if name in _PUBLIC_MEMBERS}
    return {**members, "kid": thumbprint(members), "alg": alg, "use": "sig"}


def thumbprint(jwk: Mapping[str, JsonValue]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of a JWK, base64url without padding.

    Raises:
        KeySetInvalid: a member that the thumbprint is made of is missing.
    """
    names = _THUMBPRINT_MEMBERS.get(str(jwk.get("kty")))
    if names is None or not all(isinstance(jwk.get(name), str) for name in names):
        message = "a key lacks a required member"
        raise KeySetInvalid(message)
    canonical = json.dumps({name: jwk[name] for name in names}, separators=(",", ":"), sort_keys=True)
    return base64url(hashlib.sha256(canonical.encode()).digest())


def verification_key(jwk: Mapping[str, JsonValue], alg: str) -> PublicKey:
    """Return the key object with which a public JWK verifies an algorithm.

    Raises:
        KeySetInvalid: private, of another type or curve, too weak or too large, or not readable.
    """
    if PRIVATE_MEMBERS & jwk.keys() or not is_key_for(jwk, alg):
        message = "not a public key of this algorithm"
        raise KeySetInvalid(message)
    try:
        key = jwt.PyJWK({name: jwk[name] for name in _PUBLIC_MEMBERS & jwk.keys()}, algorithm=alg).key
    except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
        message = "jwks holds a key that cannot be read"
        raise KeySetInvalid(message) from error
    if not isinstance(key, PublicKey):
        message = "not a public key of this algorithm"
        raise KeySetInvalid(message)
    if isinstance(key, rsa.RSAPublicKey) and not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        message = f"an RSA key needs {MIN_RSA_BITS} to {MAX_RSA_BITS} bits"
        raise KeySetInvalid(message)
    return key


def public_key_der(jwk: Mapping[str, JsonValue]) -> bytes:
    """Return the SubjectPublicKeyInfo of a public signature key: what a certificate of the key holds too.

    Raises:
        KeySetInvalid: as `verification_key` says.
    """
    alg = _signature_algorithm(jwk) or ""
    key = verification_key({name: value for name, value in jwk.items() if name != "alg"}, alg)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def check_public_jwks(jwks: JsonValue) -> None:
    """Accept a client's JWK set: public keys only, each loadable for its use, kids distinct.

    Raises:
        KeySetInvalid: with a sentence that names what is wrong.
    """
    keys = keys_of(jwks)
    if any(PRIVATE_MEMBERS & jwk.keys() for jwk in keys):
        message = "jwks holds a private or symmetric key: send public keys only, and replace this one"
        raise KeySetInvalid(message)
    if not keys:
        message = "jwks needs a member keys with at least one key"
        raise KeySetInvalid(message)
    kids = [jwk.get("kid") for jwk in keys if jwk.get("kid") is not None]
    if len(kids) != len(set(map(str, kids))):
        message = "jwks has two keys with one kid"
        raise KeySetInvalid(message)
    for jwk in keys:
        _check_public_jwk(jwk)


def usable_keys(jwks: JsonValue) -> dict[str, JsonValue]:
    """Return the set of those public keys that can be used, of a set that someone else publishes.

    A key of a kind that we do not know is left out (RFC 7517 5); a private one spoils the whole set.

    Raises:
        KeySetInvalid: no key can be used, or one is private.
    """
    usable: list[Mapping[str, JsonValue]] = []
    for jwk in keys_of(jwks):
        if PRIVATE_MEMBERS & jwk.keys():
            message = "the set holds a private or symmetric key"
            raise KeySetInvalid(message)
        try:
            _check_public_jwk(jwk)
        except KeySetInvalid:
            continue
        usable.append(jwk)
    if not usable:
        message = "the set has no key that can be used"
        raise KeySetInvalid(message)
    return {"keys": usable}


def _check_public_jwk(jwk: Mapping[str, JsonValue]) -> None:
    if jwk.get("use") == "enc" or jwk.get("crv") in {"P-521", "X25519"}:
        _check_encryption_key(jwk)
        return
    alg = _signature_algorithm(jwk)
    if alg is None:
        message = "jwks holds a key of an unknown type: use RSA, P-256, P-384 or Ed25519 to sign"
        raise KeySetInvalid(message)
    verification_key({name: value for name, value in jwk.items() if name != "alg"}, alg)


def _check_encryption_key(jwk: Mapping[str, JsonValue]) -> None:
    readable = jwk.get("kty") == "RSA" or jwk.get("crv") in _ENCRYPTION_CURVES
    if not readable:
        message = "jwks holds a key that cannot be encrypted to: use RSA, P-256, P-384, P-521 or X25519"
        raise KeySetInvalid(message)
    if jwk.get("kty") == "RSA":
        verification_key({name: jwk[name] for name in _PUBLIC_MEMBERS & jwk.keys()}, "RS256")
        return
    try:
        JWKRegistry.import_key({name: str(jwk[name]) for name in _PUBLIC_MEMBERS & jwk.keys()}).public_key  # noqa: B018 - reading it proves it
    except (JoseError, KeyError, ValueError, TypeError, AttributeError) as error:
        message = "jwks holds a key that cannot be read"
        raise KeySetInvalid(message) from error


def _signature_algorithm(jwk: Mapping[str, JsonValue]) -> str | None:
    kind = (jwk.get("kty"), jwk.get("crv"))
    found = {
        ("RSA", None): "RS256",
        ("EC", "P-256"): "ES256",
        ("EC", "P-384"): "ES384",
        ("OKP", "Ed25519"): "EdDSA",
    }
    return found.get((str(kind[0]), None if kind[1] is None else str(kind[1])))


def keys_of(jwks: JsonValue) -> list[Mapping[str, JsonValue]]:
    """Return the keys of a set, whatever they are; none of what is not a set."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def signature_keys_of(jwks: JsonValue) -> list[Mapping[str, JsonValue]]:
    """Return the keys of a set that may verify (RFC 7517 4.2: an absent `use` forbids nothing)."""
    return [key for key in keys_of(jwks) if key.get("use", "sig") == "sig"]


def encryption_keys_of(jwks: JsonValue) -> list[Mapping[str, JsonValue]]:
    """Return the keys of a set that may be encrypted to."""
    return [key for key in keys_of(jwks) if key.get("use", "enc") == "enc"]
