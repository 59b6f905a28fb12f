"""The algorithms that are accepted, and the keys that belong to them (RFC 7518, 8037, 9864)."""

from collections.abc import Mapping

from sso.audit.record import JsonValue
from sso.oidc.keys import SIGNING_ALGORITHMS

__all__ = [
    "ASSERTION_ALGORITHMS",
    "CONTENT_ENCRYPTIONS",
    "ENCRYPTION_ALGORITHMS",
    "HMAC_ALGORITHMS",
    "SIGNING_ALGORITHMS",
    "is_key_for",
    "registered_name",
]

ASSERTION_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""Algorithms that clients and trusted issuers may sign with (RFC 7518 3.1, RFC 8037 3.1)."""
HMAC_ALGORITHMS = ("HS256", "HS384", "HS512")
"""Algorithms of client_secret_jwt (RFC 7518 3.2)."""
ENCRYPTION_ALGORITHMS = ("RSA-OAEP-256", "ECDH-ES")
"""Ways to agree on a content key (RFC 7518 4.3, 4.6; RSA1_5 is left out for its padding oracle)."""
CONTENT_ENCRYPTIONS = ("A128GCM", "A256GCM", "A128CBC-HS256")
"""Ways to encrypt the content (RFC 7518 5)."""

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192

_FULLY_SPECIFIED = {"Ed25519": "EdDSA"}
_SIGNATURE_KEYS = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
}


def registered_name(alg: object) -> str:
    """Return the name under which an algorithm is allow-listed: Ed25519 is EdDSA here (RFC 9864 2.2)."""
    return _FULLY_SPECIFIED.get(str(alg), str(alg))


def is_key_for(jwk: Mapping[str, JsonValue], alg: str) -> bool:
    """Whether a JWK is of the type and curve of a signature algorithm, and says nothing else."""
    if alg not in _SIGNATURE_KEYS:
        return False
    kty, crv = _SIGNATURE_KEYS[alg]
    return jwk.get("kty") == kty and jwk.get("crv") == crv and registered_name(jwk.get("alg", alg)) == alg
