"""A pushed authorization request: sent ahead by the client itself, and named by a reference (RFC 9126)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedAuthorization:
    """The parameters that a client sent ahead, known only by the digest of their request_uri.

    The browser must bring the request_uri before `expires_at`; from then on the person has until
    `kept_until` to finish. It is spent when the request is answered, not when it is first seen: a browser
    may load an address twice (RFC 9126 4).
    """

    digest: bytes = field(repr=False)
    client_id: str
    params: Mapping[str, str] = field(repr=False)
    expires_at: datetime
    kept_until: datetime
