"""Random values that are secrets, and the digests under which they are remembered."""

import base64
import hashlib
import secrets


def new_secret() -> str:
    """Return 256 random bits in [A-Za-z0-9_-] (43 characters)."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """Return 128 random bits in [A-Za-z0-9_-] (22 characters): an identifier, not a secret.

    It never begins with a hyphen: a command line would take it for an option.
    """
    while (made := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return made


def base64url(value: bytes) -> str:
    """Return bytes as base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def digest(secret: str) -> bytes:
    """Return the SHA-256 of a high-entropy secret: what a database may hold."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
