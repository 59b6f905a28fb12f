"""What the protocol knows of a person: an account, its claims, and whether it may be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sso.audit.record import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One account as tokens speak of it; `claims` by their OpenID names (Core 5.1)."""

    account_id: str
    person_id: str
    active: bool
    claims: Mapping[str, JsonValue] = field(repr=False)
