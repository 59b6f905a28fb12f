"""Verify JWTs: our own, those of clients, and a proof that brings its key along (RFC 7515 5.2, RFC 8725).

Every function raises TokenInvalid. Expiry, audience and issuer are the caller's to judge.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jwt

from sso.audit.record import JsonValue
from sso.oidc.jose.algorithms import HMAC_ALGORITHMS, is_key_for, registered_name
from sso.oidc.jose.errors import KeySetInvalid, TokenInvalid
from sso.oidc.jose.jwk import signature_keys_of, thumbprint, verification_key
from sso.oidc.keys import KeyRing, PublicKey

MAX_JWT_LENGTH = 16_384

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ENCRYPTED = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+){3}")
_HASH_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
_JWS = jwt.PyJWS()
_JWS.register_algorithm("Ed25519", jwt.algorithms.OKPAlgorithm())  # RFC 9864; is_key_for keeps Ed448 out


@dataclass(frozen=True, slots=True)
class EmbeddedKeyToken:
    """What a verified proof says, and the RFC 7638 thumbprint of the key that it brought along."""

    claims: Mapping[str, JsonValue]
    thumbprint: str


def verify_own(token: str, keys: KeyRing, typ: Sequence[str]) -> dict[str, JsonValue]:
    """Return the claims of a JWT that we signed ourselves, expired or not.

    The key is ours by kid, the algorithm is the key's, the typ one of `typ` (compared without case).

    Raises:
        TokenInvalid: malformed, foreign, of another type, or not signed by us.
    """
    header = unverified_header(token)
    key = keys.find(str(header.get("kid")))
    if key is None or header.get("alg") != key.alg:
        message = "unknown kid or other alg"
        raise TokenInvalid(message)
    _check_typ(header, typ)
    return _verified(token, key.signer.public_key, key.alg)


def verify_with_keys(
    token: str, jwks: Mapping[str, JsonValue], algorithms: Sequence[str], typ: Sequence[str] | None = None
) -> dict[str, JsonValue]:
    """Return the claims of a JWT signed by a client, or a trusted issuer, with one of its known keys.

    Raises:
        TokenInvalid: malformed, an algorithm outside `algorithms`, a typ outside `typ` (None: any), or no
            known key verifies it.
    """
    header = unverified_header(token)
    alg = registered_name(header.get("alg"))
    if alg not in algorithms:
        message = "alg not allowed for this client"
        raise TokenInvalid(message)
    if typ is not None:
        _check_typ(header, typ)
    kid = header.get("kid")
    for jwk in signature_keys_of(jwks):
        if not is_key_for(jwk, alg) or (kid is not None and jwk.get("kid") not in (None, kid)):
            continue
        try:
            return _verified(token, verification_key(jwk, alg), str(header["alg"]))
        except (TokenInvalid, KeySetInvalid):
            continue
    message = "no registered key verifies the JWT"
    raise TokenInvalid(message)


def verify_with_secret(token: str, secret: bytes, algorithms: Sequence[str]) -> dict[str, JsonValue]:
    """Return the claims of a JWT that a client authenticated with its secret (OpenID Connect Core 9).

    Raises:
        TokenInvalid: malformed, an algorithm outside `algorithms`, another secret, or one shorter than the
            algorithm's hash (RFC 7518 3.2).
    """
    alg = str(unverified_header(token).get("alg"))
    if alg not in algorithms or alg not in HMAC_ALGORITHMS:
        message = "alg not allowed for this client"
        raise TokenInvalid(message)
    if len(secret) < _HASH_BYTES[alg]:
        message = f"the client's secret is too short for {alg}"
        raise TokenInvalid(message)
    return _verified(token, secret, alg)


def verify_with_embedded_key(token: str, typ: str, algorithms: Sequence[str]) -> EmbeddedKeyToken:
    """Return the claims of a proof of possession and the key that its header brings along (RFC 9449 4.3).

    The proof proves nothing but that its sender has the private key: compare the thumbprint.

    Raises:
        TokenInvalid: malformed, another typ, an algorithm outside `algorithms`, no public key of the
            algorithm in the header, or not signed with it.
    """
    header = unverified_header(token)
    _check_typ(header, (typ,))
    alg, jwk = registered_name(header.get("alg")), header.get("jwk")
    if alg not in algorithms or alg in HMAC_ALGORITHMS:
        message = "alg not allowed"
        raise TokenInvalid(message)
    if not isinstance(jwk, dict):
        message = "jwk is missing in the header"
        raise TokenInvalid(message)
    try:
        key = verification_key(jwk, alg)
    except KeySetInvalid as error:
        raise TokenInvalid(str(error)) from error
    return EmbeddedKeyToken(_verified(token, key, str(header["alg"])), thumbprint(jwk))


def is_encrypted(token: str) -> bool:
    """Whether a text has the form of a compact JWE, which only the key's owner can read (RFC 7516 7.1)."""
    return len(token) <= MAX_JWT_LENGTH and _ENCRYPTED.fullmatch(token) is not None


def unverified_header(token: str) -> dict[str, JsonValue]:
    """Return a JWT's header: only to know whose keys to try.

    Raises:
        TokenInvalid: no compact JWS of at most MAX_JWT_LENGTH characters, or with `crit`, of which no
            extension is known here (RFC 7515 4.1.11).
    """
    if len(token) > MAX_JWT_LENGTH or not _COMPACT.fullmatch(token):
        message = "too long, or not a signed JWT"
        raise TokenInvalid(message)
    try:
        header: dict[str, JsonValue] = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        message = "not a JWT"
        raise TokenInvalid(message) from error
    if "crit" in header or "b64" in header:
        message = "crit and b64 are not supported"
        raise TokenInvalid(message)
    return header


def unverified_claims(token: str) -> dict[str, JsonValue]:
    """Return what a JWT claims: only to know whose keys to try.

    Raises:
        TokenInvalid: not a JWT.
    """
    unverified_header(token)
    try:
        decoded = _JWS.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        message = "not a JWT"
        raise TokenInvalid(message) from error
    return _claims(decoded["payload"])


def _check_typ(header: Mapping[str, JsonValue], typ: Sequence[str]) -> None:
    """RFC 7515 4.1.9: a media type, compared without case."""
    if str(header.get("typ", "")).lower() not in {value.lower() for value in typ}:
        message = "unexpected typ"
        raise TokenInvalid(message)


def _verified(token: str, key: PublicKey | bytes, alg: str) -> dict[str, JsonValue]:
    try:
        decoded = _JWS.decode_complete(token, key, algorithms=[alg])
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        message = "the signature does not verify"
        raise TokenInvalid(message) from error
    return _claims(decoded["payload"])


def _refuse_constant(name: str) -> JsonValue:
    """NaN and Infinity are no JSON (RFC 8259 6), and no time compares with them."""
    raise ValueError(name)


def _claims(payload: bytes) -> dict[str, JsonValue]:
    try:
        claims: JsonValue = json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        message = "the payload is not JSON"
        raise TokenInvalid(message) from error
    if not isinstance(claims, dict):
        message = "the payload is not a JSON object"
        raise TokenInvalid(message)
    return claims
