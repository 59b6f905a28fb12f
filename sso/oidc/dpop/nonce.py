"""Nonces that the hub gives out for proofs, and knows again without having kept them (RFC 9449 8).

A nonce is an HMAC over the number of the current window of time. Every node of the hub has the key, so a
nonce of one is good at all of them.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=3)
"""A nonce is given out this long, and accepted for as long again."""


def new_nonce(key: bytes, now: datetime) -> str:
    """Return the nonce of this moment."""
    return _nonce(key, _number(now))


def is_current(nonce: str, key: bytes, now: datetime) -> bool:
    """Whether we gave the nonce out in this window or the one before; another node's clock may be ahead."""
    number = _number(now)
    given = (_nonce(key, number + offset) for offset in (0, -1, 1))
    return any([hmac.compare_digest(known.encode(), nonce.encode("utf-8", "replace")) for known in given])


def _number(now: datetime) -> int:
    return int(now.timestamp() // WINDOW.total_seconds())


def _nonce(key: bytes, number: int) -> str:
    made = hmac.new(key, b"dpop nonce %d" % number, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made[:18]).decode("ascii")
