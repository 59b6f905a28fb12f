"""Officers' sessions, kept in this process alone: ten minutes idle, eight hours at most.

A browser holds a random key; the tokens never leave the server. A restart signs everyone out of the console,
and the hub, where they are still signed in, brings them back with one click.
"""

import secrets
import threading
from dataclasses import dataclass, field

IDLE_SECONDS = 600
LIFETIME_SECONDS = 8 * 3600
MAX_SESSIONS = 10_000


@dataclass(slots=True)
class Tokens:
    """What the hub issued. `expires_at` is the access token's, in seconds since 1970."""

    access_token: str = field(repr=False)
    expires_at: float
    refresh_token: str | None = field(repr=False)
    id_token: str = field(repr=False)


@dataclass(slots=True)
class OfficerSession:
    """One officer at one browser, last seen at `address`.

    `roles` is what the hub said last, for the menu; at each call the hub looks again itself. `reason` is why
    they look at the log, as they said; empty until they do.
    """

    sub: str
    sid: str
    tokens: Tokens
    started_at: float
    last_seen_at: float
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    csrf_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    address: str | None = None
    name: str = ""
    account_id: str = ""
    roles: frozenset[str] = frozenset()
    reason: str = field(default="", repr=False)
    secrets_to_show: dict[str, str] = field(default_factory=dict, repr=False)
    refreshing: threading.Lock = field(default_factory=threading.Lock, repr=False)


class OfficerSessions:
    """Every session of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[str, OfficerSession] = {}

    def begin(self, session: OfficerSession) -> None:
        """Remember a session; those that are over are forgotten at this occasion."""
        with self._lock:
            over = [k for k, s in self._by_key.items() if _is_over(s, session.started_at)]
            for key in over:
                del self._by_key[key]
            while len(self._by_key) >= MAX_SESSIONS:
                del self._by_key[next(iter(self._by_key))]
            self._by_key[session.key] = session

    def get(self, key: str | None, now: float) -> OfficerSession | None:
        """Return the session of a key that is not over, and note the activity."""
        with self._lock:
            session = self._by_key.get(key or "")
            if session is None:
                return None
            if _is_over(session, now):
                del self._by_key[session.key]
                return None
            session.last_seen_at = now
            return session

    def end(self, key: str) -> OfficerSession | None:
        """Forget a session and return it."""
        with self._lock:
            return self._by_key.pop(key, None)

    def end_those_of(self, sub: str | None, sid: str | None) -> list[OfficerSession]:
        """Forget the sessions that a logout token names (Back-Channel Logout 1.0 2.7) and return them."""
        with self._lock:
            named = [
                session
                for session in self._by_key.values()
                if sid in (None, session.sid)
                and sub in (None, session.sub)
                and not (sub is None and sid is None)
            ]
            return [self._by_key.pop(session.key) for session in named]


def _is_over(session: OfficerSession, now: float) -> bool:
    return now - session.last_seen_at >= IDLE_SECONDS or now - session.started_at >= LIFETIME_SECONDS
