"""Sign with our own keys (RFC 7515 5.1)."""

import base64
import hashlib
from collections.abc import Mapping

import jwt

from sso.oidc.keys import SigningKey


def sign(claims: Mapping[str, object], key: SigningKey, typ: str) -> str:
    """Return a compact JWS with kid and typ in its header."""
    return jwt.encode(dict(claims), key.private, algorithm=key.alg, headers={"kid": key.kid, "typ": typ})


def half_hash(value: str, alg: str) -> str:
    """Return at_hash, c_hash or s_hash for an ID token signed with `alg` (OpenID Connect Core 3.1.3.6).

    The hash is that of the signature algorithm: SHA-256 for the ones that end in 256. EdDSA names none;
    Ed25519 signs with SHA-512 (RFC 8032 5.1), and that is what the OpenID Connect working group agreed on
    (issue 1125) and what relying parties compute.
    """
    hashed = hashlib.sha512 if alg == "EdDSA" else hashlib.sha256
    whole = hashed(value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode("ascii")
