"""A browser session: one account signed in, with how and when it was proven."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SessionEnd(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    REPLACED = "replaced"
    IDLE = "idle"
    EXPIRED = "expired"
    DISABLED = "disabled"
    PASSWORD_RESET = "password_reset"
    PASSWORD_CHANGED = "password_changed"
    OFFICER = "officer"
    DIRECTORY = "directory"
    UPSTREAM = "upstream"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of one account in one browser; `id` is the `sid` claim.

    `persona_chosen` is false while a person with several accounts has not yet said which to use.
    `auth_time`, `acr` and `amr` are OpenID Connect Core 2. All times are UTC.
    """

    id: str
    account_id: str
    person_id: str
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    persona_chosen: bool
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session with its end, if it has ended; known for a week after that."""

    session: Session
    ended_at: datetime | None = None
    ended_cause: SessionEnd | None = None
