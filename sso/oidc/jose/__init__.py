"""The only door to JOSE: sign, verify and encrypt JWTs, make keys, name them (RFC 7515 to 7519, 7638).

Algorithms are allow-listed by the caller, keys are chosen by us and never by a token's header (DPoP's
alone excepted), and key objects stay in memory: handing PyJWT a PEM text costs 150 times the signature.
PyJWT signs and verifies, joserfc encrypts and names keys.
"""

from sso.oidc.jose.algorithms import (
    ASSERTION_ALGORITHMS,
    CONTENT_ENCRYPTIONS,
    ENCRYPTION_ALGORITHMS,
    HMAC_ALGORITHMS,
    SIGNING_ALGORITHMS,
)
from sso.oidc.jose.encryption import can_encrypt, encrypt
from sso.oidc.jose.errors import KeySetInvalid, TokenInvalid
from sso.oidc.jose.jwk import (
    check_public_jwks,
    generate_private_key,
    private_key_from_der,
    private_key_to_der,
    public_jwk,
    public_key_der,
    signature_keys_of,
    thumbprint,
    usable_keys,
    verification_key,
)
from sso.oidc.jose.memory_signer import MemoryKeys, MemorySigner, PublicHalf, new_signer
from sso.oidc.jose.signing import half_hash, new_signing_key, sign
from sso.oidc.jose.verification import (
    EmbeddedKeyToken,
    is_encrypted,
    unverified_claims,
    unverified_header,
    verify_own,
    verify_with_embedded_key,
    verify_with_keys,
    verify_with_secret,
)

__all__ = [
    "ASSERTION_ALGORITHMS",
    "CONTENT_ENCRYPTIONS",
    "ENCRYPTION_ALGORITHMS",
    "HMAC_ALGORITHMS",
    "SIGNING_ALGORITHMS",
    "EmbeddedKeyToken",
    "KeySetInvalid",
    "MemoryKeys",
    "MemorySigner",
    "PublicHalf",
    "TokenInvalid",
    "can_encrypt",
    "check_public_jwks",
    "encrypt",
    "generate_private_key",
    "half_hash",
    "is_encrypted",
    "new_signer",
    "new_signing_key",
    "private_key_from_der",
    "private_key_to_der",
    "public_jwk",
    "public_key_der",
    "signature_keys_of",
    "sign",
    "thumbprint",
    "unverified_claims",
    "unverified_header",
    "verification_key",
    "usable_keys",
    "verify_own",
    "verify_with_embedded_key",
    "verify_with_keys",
    "verify_with_secret",
]
