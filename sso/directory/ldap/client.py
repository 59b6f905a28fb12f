"""`LdapDirectory`: one department's directory as the sign-in journey sees it.

A sign-in is one search as the service account and one bind as the person found, on the same server, within
one deadline. A name that is unknown or not unique costs the same search and a bind that must fail, so that
neither the answer nor its time tells which names exist.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from sso.directory.breaker import BreakerState, Bulkhead, BulkheadFull
from sso.directory.check import Check
from sso.directory.entry import Entry
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.lookup import only_entry, question_for
from sso.directory.ldap.probe import probe_server
from sso.directory.ldap.server import LdapServer
from sso.directory.ldap.transport import Unreachable
from sso.directory.settings import DirectorySettings
from sso.directory.states import verification_of
from sso.directory.verification import AccountState, Authentication, DirectoryUnavailable, Verification

PASSWORD_MAX_BYTES = 4096
_PATIENCE_SECONDS = 0.25  # a burst of sign-ins is not an outage
_REMEMBERED_DURATIONS = 32


class LdapDirectory:
    """A directory on real LDAP servers. Safe for threads; opens nothing until it is asked."""

    def __init__(self, settings: DirectorySettings) -> None:
        self.settings = settings
        self._servers = tuple(LdapServer(address, settings) for address in settings.addresses)
        self._bulkhead = Bulkhead(settings.pool_size, _PATIENCE_SECONDS)
        self._durations = Durations()

    def authenticate(self, login_name: str, password: bytes) -> Authentication:
        """Put a password to the directory. Never raises for what a person, server or network does.

        An unknown name, a name of several entries and a wrong password are all BAD_CREDENTIALS; an
        unreachable or wrongly configured directory is UNAVAILABLE with a private reason. An empty password,
        which servers take for an anonymous bind (RFC 4513 section 5.1.2), never reaches the network.
        """
        if not _can_be_asked(login_name, password):
            return _refused("refused before asking the directory")
        try:
            with self._inside() as deadline:
                return self._authenticate(login_name, password, deadline)
        except DirectoryUnavailable as error:
            return Authentication(Verification(AccountState.UNAVAILABLE, reason=str(error)), None)

    def find(self, login_name: str) -> Entry | None:
        """The one entry with that login name; None when there is none or more than one.

        Raises DirectoryUnavailable.
        """
        if not _can_be_asked(login_name, b"-"):
            return None
        with self._inside() as deadline:
            return self._find(login_name, deadline)[1]

    def probe(self, sample_login_name: str | None = None) -> list[Check]:
        """The steps of `sso directory test`, each server in turn, for an administrator to read."""
        checks: list[Check] = []
        for server in self._servers:
            deadline = Deadline.after(self.settings.deadline_seconds)
            checks += probe_server(server, self.settings, sample_login_name, deadline)
        return checks

    def breaker_states(self) -> tuple[BreakerState, ...]:
        """How each server stands at this moment, in the order of the settings."""
        return tuple(server.breaker.state for server in self._servers)

    def close(self) -> None:
        """Close the idle sessions; one under way is closed when it is done."""
        for server in self._servers:
            server.close()

    @contextmanager
    def _inside(self) -> Iterator[Deadline]:
        """A place in the bulkhead and a deadline. Raises DirectoryUnavailable."""
        try:
            with self._bulkhead.place():
                yield Deadline.after(self.settings.deadline_seconds)
        except BulkheadFull as error:
            message = "too many sign-ins are waiting for this directory"
            raise DirectoryUnavailable(message) from error
        except DeadlineExceeded as error:
            message = "the directory used up its deadline"
            raise DirectoryUnavailable(message) from error

    def _find(self, login_name: str, deadline: Deadline) -> tuple[LdapServer, Entry | None]:
        """Search the servers in their order, skipping those known to be down.

        Each gets its share of the time that is left, so a frozen first server leaves some to the second.
        """
        question = question_for(self.settings, login_name)
        candidates = [server for server in self._servers if server.breaker.would_allow(time.monotonic())]
        failure = DirectoryUnavailable("every server is known to be down; the next try is due shortly")
        for position, server in enumerate(candidates):
            if not server.breaker.allows(time.monotonic()):
                continue
            try:
                answer = server.search(question, deadline, parts=len(candidates) - position)
            except Unreachable as error:
                failure = error
                continue
            return server, only_entry(self.settings, answer)
        raise failure

    def _authenticate(self, login_name: str, password: bytes, deadline: Deadline) -> Authentication:
        server, entry = self._find(login_name, deadline)
        started_at = time.monotonic()
        if entry is None:
            server.bind(_nobody(self.settings), _as_long_as(password), deadline)
            missing_seconds = self._durations.missing_seconds(time.monotonic() - started_at)
            time.sleep(min(missing_seconds, deadline.remaining_seconds()))
            return _refused("no single entry has this login name")
        answer = server.bind(entry.dn, password, deadline)
        verification = verification_of(self.settings.vendor, answer)
        if verification.state is AccountState.BAD_CREDENTIALS:
            self._durations.remember_real(time.monotonic() - started_at)
        return Authentication(verification, entry)


class Durations:
    """How long refused binds took lately, of real entries and of nobody.

    For a real entry a server hashes the password and writes the failure down; for a missing one it does
    neither. The difference of the medians, from 0.4 ms to the cost of a slow hash, is what nobody waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._real: deque[float] = deque(maxlen=_REMEMBERED_DURATIONS)
        self._nobody: deque[float] = deque(maxlen=_REMEMBERED_DURATIONS)

    def remember_real(self, seconds: float) -> None:
        """A real entry's password was refused after that long."""
        with self._lock:
            self._real.append(seconds)

    def missing_seconds(self, nobody_seconds: float) -> float:
        """How much longer a real entry takes than nobody, of which this was one more."""
        with self._lock:
            self._nobody.append(nobody_seconds)
            if not self._real:
                return 0.0
            return max(0.0, median(self._real) - median(self._nobody))


def _can_be_asked(login_name: str, password: bytes) -> bool:
    """Whether both are text a directory could hold.

    NUL ends a string in C: a server that hashes with crypt(3) would compare only what is before it. And
    ldap3 fails on what is not UTF-8, which must not be mistaken for a failing server.
    """
    try:
        name, secret = login_name.encode("utf-8"), password.decode("utf-8")
    except UnicodeError:
        return False
    return 0 < len(password) <= PASSWORD_MAX_BYTES and b"\0" not in name and "\0" not in secret and bool(name)


def _nobody(settings: DirectorySettings) -> str:
    """A DN that no entry has."""
    return f"{settings.login_attribute}={secrets.token_hex(8)},{settings.base_dn}"


def _as_long_as(password: bytes) -> bytes:
    """Something to send in its place; the password itself is nobody's business."""
    return secrets.token_hex(len(password)).encode("ascii")[: len(password)]


def _refused(reason: str) -> Authentication:
    return Authentication(Verification(AccountState.BAD_CREDENTIALS, reason=reason), None)
