"""A data key of the audit log: it seals what entries tell of one account, and makes what finds them."""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sso.storage.errors import SealBroken

REF_BYTES = 16


@dataclass(frozen=True, slots=True)
class LivingKey:
    """A key that exists, by what it is found by; `ref` stands for its person in the log."""

    id: str
    period: str
    ref: bytes


class DataKey:
    """A key in the open: it seals what entries tell of one account, and makes the refs that find it."""

    __slots__ = ("_cipher", "_ref_key", "id", "secret")

    def __init__(self, key_id: str, secret: bytes) -> None:
        self.id = key_id
        self.secret = secret
        self._cipher = AESGCM(_derived(secret, b"seal"))
        self._ref_key = _derived(secret, b"ref")

    def seal(self, plain: bytes, event_id: str) -> bytes:
        """Return the content sealed for one event."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, plain, event_id.encode())

    def open(self, sealed: bytes, event_id: str) -> bytes:
        """Return what was sealed for this event.

        Raises:
            SealBroken: it was not sealed by this key for this event.
        """
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], event_id.encode())
        except (InvalidTag, ValueError) as error:
            msg = "a sealed audit entry does not open"
            raise SealBroken(msg) from error

    def ref(self, account_id: str) -> bytes:
        """Return what stands for the account in the log: a digest that only this key can make."""
        return hmac.digest(self._ref_key, account_id.encode(), "sha256")[:REF_BYTES]


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hashlib.sha256(b"sso audit " + purpose + b"\0" + secret).digest()
