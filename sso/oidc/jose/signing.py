"""Sign with our own keys (RFC 7515 5.1)."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from sso.oidc.digest import base64url
from sso.oidc.jose.jwk import public_jwk
from sso.oidc.jose.memory_signer import new_signer
from sso.oidc.keys import Signer, SigningKey

_HASHES = {"EdDSA": hashlib.sha512, "Ed25519": hashlib.sha512, "ES384": hashlib.sha384}


def new_signing_key(
    alg: str, active_from: datetime, now: datetime, signer: Signer | None = None
) -> SigningKey:
    """Return a key that is published at once and signs from `active_from`; without a signer, make one."""
    signer = signer or new_signer(alg)
    jwk = public_jwk(signer.public_key, alg)
    return SigningKey(
        kid=str(jwk["kid"]), alg=alg, signer=signer, public_jwk=jwk, created_at=now, active_from=active_from
    )


def sign(claims: Mapping[str, object], key: SigningKey, typ: str) -> str:
    """Return a compact JWS with kid and typ in its header.

    Raises:
        SignerUnavailable: the private key cannot be reached.
    """
    payload = json.dumps(claims, separators=(",", ":"), allow_nan=False)
    text = f"{_header(key.alg, key.kid, typ)}.{base64url(payload.encode())}"
    return f"{text}.{base64url(key.signer.sign(text.encode()))}"


@lru_cache(maxsize=128)
def _header(alg: str, kid: str, typ: str) -> str:
    """Few keys and few types sign every token: their headers are written once."""
    return base64url(json.dumps({"alg": alg, "kid": kid, "typ": typ}, separators=(",", ":")).encode())


def half_hash(value: str, alg: str) -> str:
    """Return at_hash, c_hash or s_hash for an ID token signed with `alg` (OpenID Connect Core 3.1.3.6).

    The hash is that of the signature algorithm: SHA-256 for the ones that end in 256, SHA-384 for 384. EdDSA
    names none; Ed25519 signs with SHA-512 (RFC 8032 5.1), and that is what the OpenID Connect working group
    agreed on (issue 1125) and what relying parties compute.
    """
    hashed = _HASHES.get(alg, hashlib.sha256)
    whole = hashed(value.encode("ascii")).digest()
    return base64url(whole[: len(whole) // 2])
