"""One LDAP server of a directory: its pooled sessions, its breaker, its one retry.

Sessions of the service account search and are never bound as a user; sessions for binds are never searched
on. Both are kept only while they are young and known to be well.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sso.directory.address import ServerAddress
from sso.directory.breaker import Breaker
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.measures import Operation, measured
from sso.directory.ldap.membership import TooManyGroups
from sso.directory.ldap.messages import FoundEntry, Question, SearchAnswer
from sso.directory.ldap.pool import Pool
from sso.directory.ldap.session import Session
from sso.directory.ldap.transport import Stage, Unreachable, trusting
from sso.directory.settings import BindMethod, DirectorySettings
from sso.directory.states import SUCCESS, BindAnswer, verification_of
from sso.directory.verification import AccountState, DirectoryUnavailable

# RFC 4511 appendix A: operations error, time limit, administrative limit, busy, unavailable, other.
BUSY_CODES = frozenset({1, 3, 11, 51, 52, 80})
# A refused service account would be locked by eager retries.
_REFUSED_PAUSE_SECONDS = 15.0


_T = TypeVar("_T")


class Misconfigured(DirectoryUnavailable):
    """The server answers, and the answer is that the settings are wrong."""


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
        with measured(self._settings.id, Operation.SEARCH):
            return self.as_service(lambda session: self._searched(session, question, deadline), deadline)

    def search_all(self, question: Question, deadline: Deadline) -> SearchAnswer:
        """Every page as one answer, as the service account. Raises Misconfigured when one is missing."""
        with measured(self._settings.id, Operation.SEARCH):
            return self.as_service(lambda session: all_pages(session, question, deadline), deadline)

    def bind(self, dn: str, password: bytes, deadline: Deadline) -> BindAnswer:
        """Put a password to the server. A dropped session is replaced once, a silent one is not."""
        with measured(self._settings.id, Operation.BIND) as asked:
            answer = self.talk(lambda session: session.bind(dn, password, deadline), deadline)
            asked.outcome = verification_of(self._settings.vendor, answer).state.value
            return answer

    def talk(self, use: Callable[[Session], _T], deadline: Deadline) -> _T:
        """Use a session that belongs to nobody: what is done in it begins with a bind."""
        return self._pooled(self._binding, use, lambda: self.open(deadline))

    @contextmanager
    def fresh(self, deadline: Deadline) -> Iterator[Session]:
        """A session of its own that is closed afterwards, for what must not be tried twice."""
        try:
            session = self.open(deadline)
        except Unreachable as error:
            self.report(error)
            raise
        try:
            yield session
        except Unreachable as error:
            self.report(error)
            raise
        finally:
            session.close()

    def open(self, deadline: Deadline) -> Session:
        """A new session, encrypted unless the settings allow plain text on this loopback address."""
        settings = self._settings
        plaintext = not self.address.implicit_tls and not settings.start_tls
        files = (settings.certificate_file, settings.certificate_key_file)
        own = (files[0], files[1]) if files[0] is not None and files[1] is not None else None
        context = None if plaintext else trusting(settings.ca_file, own)
        return Session.open(self.address, context, deadline)

    def bind_as_service(self, session: Session, deadline: Deadline) -> None:
        """Raise Misconfigured when the service account is refused, Unreachable when the server is busy."""
        settings = self._settings
        if settings.bind_method is BindMethod.EXTERNAL:
            answer = session.bind_external(deadline)
        else:
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

    def open_as_service(self, deadline: Deadline) -> Session:
        """A new session of the service account."""
        session = self.open(deadline)
        try:
            self.bind_as_service(session, deadline)
        except Misconfigured:
            self.breaker.failed(time.monotonic(), certain=True, pause_seconds=_REFUSED_PAUSE_SECONDS)
            raise
        return session

    def answered(self) -> None:
        """Tell the breaker that the server answered, whatever it said."""
        self.breaker.succeeded()

    def as_service(self, ask: Callable[[Session], _T], deadline: Deadline) -> _T:
        """Use a session of the service account; one that the server dropped meanwhile is replaced once."""
        return self._pooled(self._searching, ask, lambda: self.open_as_service(deadline))

    def report(self, error: Unreachable) -> None:
        """Silence on an open session may be one slow question; a session that cannot be had is certain."""
        self.breaker.failed(time.monotonic(), certain=error.stage is not Stage.TALK)

    def _pooled(self, pool: Pool, use: Callable[[Session], _T], open_one: Callable[[], Session]) -> _T:
        try:
            return self._used_once_or_twice(pool, use, open_one)
        except Unreachable as error:
            self.report(error)
            raise
        except DeadlineExceeded:  # perhaps it was not this server that was slow
            self.breaker.failed(time.monotonic(), certain=False)
            raise

    def _used_once_or_twice(
        self, pool: Pool, use: Callable[[Session], _T], open_one: Callable[[], Session]
    ) -> _T:
        pooled = pool.take()
        if pooled is not None:
            try:
                return self._used(pool, pooled, use)
            except Unreachable as error:
                if not error.dropped:
                    raise
        return self._used(pool, open_one(), use)

    def _used(self, pool: Pool, session: Session, use: Callable[[Session], _T]) -> _T:
        try:
            answer = use(session)
        except (Misconfigured, TooManyGroups):
            session.close()
            self.answered()
            raise
        except DeadlineExceeded:
            session.close()
            raise
        pool.give(session)
        self.answered()
        return answer

    @staticmethod
    def _searched(session: Session, question: Question, deadline: Deadline) -> SearchAnswer:
        answer = session.search(question, deadline)
        if answer.result in BUSY_CODES:
            session.close()
            raise Unreachable(Stage.TALK, f"the search got no verdict (ldap result {answer.result})")
        return answer


def all_pages(session: Session, question: Question, deadline: Deadline) -> SearchAnswer:
    """Every page as one answer. Raises Misconfigured unless the last page says that it is the last."""
    found: list[FoundEntry] = []
    answer, referred = SearchAnswer(SUCCESS, ()), False
    for answer in session.pages(question, deadline):
        found += answer.entries
        referred = referred or answer.referred
    if answer.result in BUSY_CODES:
        session.close()
        raise Unreachable(Stage.TALK, f"the search got no verdict (ldap result {answer.result})")
    if answer.result != SUCCESS or answer.cookie:
        message = f"a search below {question.base_dn} was cut short (ldap result {answer.result})"
        raise Misconfigured(message)
    return SearchAnswer(SUCCESS, tuple(found), referred=referred)
