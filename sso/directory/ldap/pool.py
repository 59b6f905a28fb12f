"""Open sessions kept for the next caller."""

import threading
import time

from sso.directory.ldap.session import Session

_SESSION_MAX_AGE_SECONDS = 240.0  # below every usual idle limit of servers and firewalls


class Pool:
    """Idle sessions, the freshest first, at most `size` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._idle: list[Session] = []
        self._closed = False

    def take(self) -> Session | None:
        """A session that was well when last used; None when there is none."""
        while True:
            with self._lock:
                session = self._idle.pop() if self._idle else None
            if session is None or time.monotonic() - session.opened_at < _SESSION_MAX_AGE_SECONDS:
                return session
            session.close()

    def give(self, session: Session) -> None:
        """Keep a session that just worked, or close it when there is no room."""
        with self._lock:
            keep = not self._closed and len(self._idle) < self._size
            if keep:
                self._idle.append(session)
        if not keep:
            session.close()

    def close(self) -> None:
        """Close every idle session; later ones are not kept."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for session in idle:
            session.close()
