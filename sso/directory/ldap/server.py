"""One LDAP server of a directory: its pooled sessions, its breaker, its one retry.

Sessions of the service account search and are never bound as a user; sessions for binds are never searched
on. Both are kept only while they are young and known to be well.
"""

import threading
import time

from sso.directory.address import ServerAddress
from sso.directory.breaker import Breaker
from sso.directory.ldap.deadline import Deadline
from sso.directory.ldap.session import Question, SearchAnswer, Session
from sso.directory.ldap.transport import Stage, Unreachable, trusting
from sso.directory.settings import DirectorySettings
from sso.directory.states import BindAnswer, verification_of
from sso.directory.verification import AccountState, DirectoryUnavailable

_SESSION_MAX_AGE_SECONDS = 240.0  # below every usual idle limit of servers and firewalls
# RFC 4511 appendix A: operations error, time limit, administrative limit, busy, unavailable, other.
_BUSY_CODES = frozenset({1, 3, 11, 51, 52, 80})
# A refused service account would be locked by eager retries.
_REFUSED_PAUSE_SECONDS = 15.0


class Misconfigured(DirectoryUnavailable):
    """The server answers, and the answer is that the settings are wrong."""


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


class LdapServer:
    """One server. Its methods raise Unreachable or Misconfigured and report to the breaker."""

    def __init__(self, address: ServerAddress, settings: DirectorySettings) -> None:
        self.address = address
        self.breaker = Breaker()
        self._settings = settings
        self._searching = Pool(settings.pool_size)
        self._binding = Pool(settings.pool_size)

    def search(self, question: Question, whole: Deadline, *, parts: int = 1) -> SearchAnswer:
        """Ask as the service account; a session that the server dropped meanwhile is replaced once.

        Only one of `parts` shares of the time that is left is used, the others are for other servers.
        """
        deadline = whole.share(parts)
        pooled = self._searching.take()
        if pooled is not None:
            try:
                return self._search_on(pooled, question, deadline)
            except Unreachable as error:
                if not error.dropped:
                    self._report(error)
                    raise
        try:
            return self._search_on(self._open_as_service(deadline), question, deadline)
        except Unreachable as error:
            self._report(error)
            raise

    def bind(self, dn: str, password: bytes, deadline: Deadline) -> BindAnswer:
        """Put a password to the server. A dropped session is replaced once, a silent one is not."""
        pooled = self._binding.take()
        if pooled is not None:
            try:
                return self._bind_on(pooled, dn, password, deadline)
            except Unreachable as error:
                if not error.dropped:
                    self._report(error)
                    raise
        try:
            return self._bind_on(self.open(deadline), dn, password, deadline)
        except Unreachable as error:
            self._report(error)
            raise

    def open(self, deadline: Deadline) -> Session:
        """A new session, encrypted unless the settings allow plain text on this loopback address."""
        plaintext = not self.address.implicit_tls and not self._settings.start_tls
        context = None if plaintext else trusting(self._settings.ca_file)
        return Session.open(self.address, context, deadline)

    def bind_as_service(self, session: Session, deadline: Deadline) -> None:
        """Raise Misconfigured when the service account is refused, Unreachable when the server is busy."""
        settings = self._settings
        answer = session.bind(settings.bind_dn, settings.bind_password, deadline)
        verification = verification_of(settings.vendor, answer)
        if verification.state is AccountState.OK:
            return
        session.close()
        if verification.state is AccountState.UNAVAILABLE:
            raise Unreachable(Stage.TALK, f"the service account got no verdict ({verification.reason})")
        message = f"the service account was refused: {verification.state} ({verification.reason})"
        raise Misconfigured(message)

    def close(self) -> None:
        """Close the idle sessions."""
        self._searching.close()
        self._binding.close()

    def _open_as_service(self, deadline: Deadline) -> Session:
        session = self.open(deadline)
        try:
            self.bind_as_service(session, deadline)
        except Misconfigured:
            self.breaker.failed(time.monotonic(), certain=True, pause_seconds=_REFUSED_PAUSE_SECONDS)
            raise
        return session

    def _search_on(self, session: Session, question: Question, deadline: Deadline) -> SearchAnswer:
        answer = session.search(question, deadline)
        if answer.result in _BUSY_CODES:
            session.close()
            raise Unreachable(Stage.TALK, f"the search got no verdict (ldap result {answer.result})")
        self._searching.give(session)
        self.breaker.succeeded()
        return answer

    def _bind_on(self, session: Session, dn: str, password: bytes, deadline: Deadline) -> BindAnswer:
        answer = session.bind(dn, password, deadline)
        self._binding.give(session)
        self.breaker.succeeded()
        return answer

    def _report(self, error: Unreachable) -> None:
        """Silence on an open session may be one slow question; a session that cannot be had is certain."""
        self.breaker.failed(time.monotonic(), certain=error.stage is not Stage.TALK)
