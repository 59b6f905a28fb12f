"""Seals secrets that must be read again: AES-256-GCM (NIST SP 800-38D) under one key from outside.

A sealed value is a 12-byte random nonce and the ciphertext with its tag. `context` binds it to its place
(the kid of a signing key), so that a sealed value moved to another row does not open there.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sso.storage.errors import SealBroken

KEY_BYTES = 32
_NONCE_BYTES = 12


class Sealer:
    """Seals and opens with one 32-byte key, which it never shows.

    Raises:
        ValueError: the key is not 32 bytes long.
    """

    __slots__ = ("_cipher", "_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            msg = f"the sealing key must be {KEY_BYTES} bytes, not {len(key)}"
            raise ValueError(msg)
        self._cipher = AESGCM(key)
        self._key = key

    def derived(self, purpose: bytes) -> bytes:
        """Return a 32-byte key for another purpose that is as secret as this one."""
        return hmac.digest(self._key, b"sso derived " + purpose, "sha256")

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Return the value sealed for a context."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return the value that was sealed for this context.

        Raises:
            SealBroken: another key, another context, or not what was sealed.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            msg = "a sealed value does not open with this key"
            raise SealBroken(msg) from error
