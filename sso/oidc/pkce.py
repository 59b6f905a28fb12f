"""Proof Key for Code Exchange (RFC 7636), S256 only (RFC 9700 2.1.1)."""

import hashlib
import hmac
import re

from sso.oidc.digest import base64url

METHOD = "S256"
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")


def is_challenge(value: str) -> bool:
    """Whether a value can be an S256 code_challenge: 43 base64url characters (RFC 7636 4.2)."""
    return _CHALLENGE.fullmatch(value) is not None


def verifies(verifier: str, challenge: str) -> bool:
    """Whether a verifier of the right form (RFC 7636 4.1) answers the challenge."""
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    expected = base64url(hashlib.sha256(verifier.encode("ascii")).digest())
    return hmac.compare_digest(expected.encode("ascii"), challenge.encode("ascii"))
