"""What the protocol knows of a person: an account, its claims, and whether it may be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sso.audit.record import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One account as tokens speak of it; `claims` by their OpenID names (Core 5.1).

    `directory_id` is None for a citizen; `state_checked_at` is when that directory last said it is in use.
    """

    account_id: str
    person_id: str
    active: bool
    claims: Mapping[str, JsonValue] = field(repr=False)
    directory_id: str | None = None
    state_checked_at: datetime | None = None
