"""The two tokens of registration: initial access tokens, and each client's own (RFC 7591 1.2, RFC 7592 1.2).

Both are 256 random bits; only their SHA-256 is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sso.audit.record import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialAccessToken:
    """Lets its bearer register applications, `uses_left` times (None: any number) until `expires_at`.

    `metadata` is imposed on each of them: this is how an officer grants what an application cannot ask for.
    """

    id: str
    digest: bytes = field(repr=False)
    label: str
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    uses_left: int | None = None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def works(self, now: datetime) -> bool:
        """Whether it may be used now."""
        return self.revoked_at is None and now < self.expires_at and self.uses_left != 0
