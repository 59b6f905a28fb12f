"""An access token that says nothing to whoever holds it: what it stands for is kept here (RFC 6749 1.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sso.audit.record import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueToken:
    """A token, known only by its digest, and the claims that a JWT would carry (RFC 9068 2.2)."""

    digest: bytes = field(repr=False)
    claims: Mapping[str, JsonValue]
    expires_at: datetime
