"""Check a DPoP proof: that its sender holds a key, for this very call and no other (RFC 9449 4.3)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sso.audit.record import JsonValue
from sso.oidc.digest import base64url
from sso.oidc.dpop.address import same_address
from sso.oidc.dpop.nonce import is_current
from sso.oidc.errors import ErrorCode
from sso.oidc.jose import ASSERTION_ALGORITHMS, TokenInvalid, verify_with_embedded_key
from sso.oidc.jti import JtiRefused, spend_jti
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

DPOP_ALGORITHMS = ASSERTION_ALGORITHMS
LIFETIME = timedelta(seconds=60)
"""How old a proof may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The call that a proof must be for. `access_token` is the one it came with, at a protected resource."""

    method: str
    urls: tuple[str, ...]
    access_token: str | None = field(default=None, repr=False)
    nonce_required: bool = False
    algorithms: tuple[str, ...] = ASSERTION_ALGORITHMS


class ProofRefused(Exception):
    """A proof is not good: `code` is invalid_dpop_proof or use_dpop_nonce, the text is private."""

    def __init__(self, reason: str, code: ErrorCode = ErrorCode.INVALID_DPOP_PROOF) -> None:
        super().__init__(reason)
        self.code = code


def thumbprint_of_proof(
    proofs: Sequence[str], expected: Expected, stores: Stores, provider: Provider, now: datetime
) -> str:
    """Return the RFC 7638 thumbprint of the key that the sender of a call holds; the proof is spent.

    Raises:
        ProofRefused: several proofs, or one that is not for this call, too old, or seen before.
    """
    if len(proofs) != 1:
        raise ProofRefused("not exactly one proof")
    try:
        proof = verify_with_embedded_key(proofs[0], "dpop+jwt", expected.algorithms)
    except TokenInvalid as error:
        raise ProofRefused(str(error)) from error
    claims = proof.claims
    _check_call(claims, expected)
    _check_time(claims, provider.settings.clock_skew, now)
    _check_nonce(claims.get("nonce"), expected, provider, now)
    forgotten_at = now + LIFETIME + 2 * provider.settings.clock_skew + timedelta(seconds=1)
    try:
        spend_jti(claims.get("jti"), f"dpop {proof.thumbprint}", forgotten_at, stores)
    except JtiRefused as error:
        raise ProofRefused(str(error)) from error
    return proof.thumbprint


def _check_call(claims: Mapping[str, JsonValue], expected: Expected) -> None:
    if claims.get("htm") != expected.method:
        raise ProofRefused("htm is another method")
    htu = claims.get("htu")
    if not isinstance(htu, str) or not any(same_address(htu, url) for url in expected.urls):
        raise ProofRefused("htu is another address")
    if expected.access_token is not None and claims.get("ath") != _hash(expected.access_token):
        raise ProofRefused("ath is of another token")


def _check_time(claims: Mapping[str, JsonValue], skew: timedelta, now: datetime) -> None:
    """RFC 9449 4.3 speaks of iat alone; RFC 7519 4.1.4 and 4.1.5 hold for whoever sends exp and nbf."""
    iat, exp, nbf = _time(claims, "iat"), _time(claims, "exp"), _time(claims, "nbf")
    if iat is None:
        raise ProofRefused("iat is missing")
    if not (now - LIFETIME - skew).timestamp() <= iat <= (now + skew).timestamp():
        raise ProofRefused("iat is too old or in the future")
    if exp is not None and not (now - skew).timestamp() < exp:
        raise ProofRefused("exp is past")
    if nbf is not None and not nbf <= (now + skew).timestamp():
        raise ProofRefused("nbf is in the future")


def _time(claims: Mapping[str, JsonValue], name: str) -> float | int | None:
    value = claims.get(name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise ProofRefused(f"{name} is not a time")


def _check_nonce(nonce: JsonValue, expected: Expected, provider: Provider, now: datetime) -> None:
    if nonce is None:
        if expected.nonce_required:
            raise ProofRefused("nonce is missing", ErrorCode.USE_DPOP_NONCE)
        return
    if not isinstance(nonce, str) or not is_current(nonce, provider.nonce_key, now):
        raise ProofRefused("nonce is not ours or too old", ErrorCode.USE_DPOP_NONCE)


def _hash(access_token: str) -> str:
    """RFC 9449 4.2: base64url of the SHA-256 of the token's ASCII."""
    hashed = hashlib.sha256(access_token.encode("ascii", "replace")).digest()
    return base64url(hashed)
