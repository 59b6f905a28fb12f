"""`LdapDirectory`: one department's directory as the sign-in journey sees it.

A sign-in is one search as the service account and one bind as the person found, on the same server, within
one deadline. A name that is unknown or not unique costs the same search and a bind that must fail, so that
neither the answer nor its time tells which names exist.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from sso.directory.breaker import BreakerState, Bulkhead, BulkheadFull
from sso.directory.check import Check, Sample
from sso.directory.entry import Entry
from sso.directory.ldap.changing import change_as_clerk, change_as_service
from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.departures import departures_on
from sso.directory.ldap.direct import bind_name, can_be_bound, sign_in_directly
from sso.directory.ldap.durations import Durations
from sso.directory.ldap.health import ServerHealth, health_of
from sso.directory.ldap.lookup import IDS_PER_FILTER, with_expiry, with_groups
from sso.directory.ldap.measures import Operation, measured
from sso.directory.ldap.membership import TooManyGroups
from sso.directory.ldap.probe import probe_server
from sso.directory.ldap.reader import LdapReader, opened
from sso.directory.ldap.server import LdapServer
from sso.directory.ldap.sharing import found_alone
from sso.directory.ldap.transport import Unreachable
from sso.directory.password_change import Change, ChangeOutcome, Passwords
from sso.directory.person import Departure
from sso.directory.presets import PasswordChange
from sso.directory.routing import Name
from sso.directory.settings import BindMethod, DirectorySettings
from sso.directory.states import verification_of
from sso.directory.verification import AccountState, Authentication, DirectoryUnavailable, Verification

PASSWORD_MAX_BYTES = 4096
_PATIENCE_SECONDS = 0.25  # a burst of sign-ins is not an outage
_T = TypeVar("_T")


class LdapDirectory:
    """A directory on real LDAP servers. Safe for threads; opens nothing until it is asked.

    Never more than `at_most` sign-ins are under way, whatever `pool_size` says: a process keeps threads for
    citizens and for the other departments.
    """

    def __init__(self, settings: DirectorySettings, at_most: int | None = None) -> None:
        self.settings = settings
        self._servers = tuple(LdapServer(address, settings) for address in settings.addresses)
        places = settings.pool_size if at_most is None else min(settings.pool_size, at_most)
        self.bulkhead = Bulkhead(places, _PATIENCE_SECONDS)
        self._durations = Durations()
        self._is_direct = settings.bind_method is BindMethod.DIRECT

    def authenticate(self, name: Name | str, password: bytes) -> Authentication:
        """Put a password to the directory. Never raises for what a person, server or network does.

        An unknown name, a name of several entries and a wrong password are all BAD_CREDENTIALS; an
        unreachable or wrongly configured directory is UNAVAILABLE with a private reason. An empty password,
        which servers take for an anonymous bind (RFC 4513 section 5.1.2), never reaches the network.
        """
        asked = Name.of(name)
        if not _can_be_asked(asked.text, password):
            return _refused("refused before asking the directory")
        try:
            with self._inside() as deadline:
                if self._is_direct:
                    return self._sign_in_directly(asked, password, deadline)
                return self._sign_in(asked, password, deadline)
        except DirectoryUnavailable as error:
            return Authentication(Verification(AccountState.UNAVAILABLE, reason=str(error)), None)

    def change_password(self, name: Name | str, passwords: Passwords) -> Change:
        """Exchange a clerk's password for a new one, by the directory's own rules. Never raises.

        The old password is verified first; what the server says about the new one is told only then. Nothing
        is tried twice: when an answer is lost, whether the new password works decides.
        """
        asked = Name.of(name)
        never_asked = _refused("refused before asking the directory").verification
        if not _can_be_asked(asked.text, passwords.old):
            return Change(ChangeOutcome.BAD_CREDENTIALS, never_asked, None)
        if not _can_be_asked("-", passwords.new):
            return Change(ChangeOutcome.REFUSED, never_asked, None)
        try:
            with self._inside() as deadline:
                return self._change(asked, passwords, deadline)
        except DirectoryUnavailable as error:
            verification = Verification(AccountState.UNAVAILABLE, reason=str(error))
            return Change(ChangeOutcome.UNAVAILABLE, verification, None)

    def find(self, name: Name | str) -> Entry | None:
        """The one entry with that name; None when there is none or more than one.

        Raises DirectoryUnavailable, always when there is no service account.
        """
        asked = Name.of(name)
        if self._is_direct:
            message = "without a service account nobody is looked up"
            raise DirectoryUnavailable(message)
        if not _can_be_asked(asked.text, b"-"):
            return None
        with self._inside() as deadline:
            return self._find(asked, deadline)[1]

    def departures(self, immutable_ids: Sequence[str], now: datetime) -> Mapping[str, Departure | None]:
        """Why each of these people may not use their account at `now`; None for whoever may.

        Whom a directory does not show that refers to another server for a part of it is left out.

        Raises:
            DirectoryUnavailable: nobody could be asked, or the answer cannot be true; always when there is no
                service account.
        """
        if self._is_direct:
            message = "without a service account nobody is looked up"
            raise DirectoryUnavailable(message)
        said: dict[str, Departure | None] = {}
        for start in range(0, len(immutable_ids), IDS_PER_FILTER):
            some = immutable_ids[start : start + IDS_PER_FILTER]
            with self._inside() as deadline:
                said |= self._departures(some, deadline, now)
        return said

    def probe(self, sample: Sample, now: datetime) -> list[Check]:
        """The steps of `sso directory test`, each server in turn, for an administrator to read."""
        return [
            check for server in self._servers for check in probe_server(server, self.settings, sample, now)
        ]

    @contextmanager
    def reading(self) -> Iterator[LdapReader]:
        """A conversation for a synchronisation, with the first server that answers, beside the sign-ins.

        Raises DirectoryUnavailable, and so does everything that is read.
        """
        if self._is_direct:
            message = "without a service account nobody is read"
            raise DirectoryUnavailable(message)
        reader = opened(self._servers, lambda server: LdapReader(self.settings, server))
        try:
            yield reader
        finally:
            reader.close()

    def breaker_states(self) -> tuple[BreakerState, ...]:
        """How each server stands at this moment, in the order of the settings."""
        return tuple(server.breaker.state for server in self._servers)

    @property
    def servers(self) -> Mapping[str, BreakerState]:
        """How each server stands at this moment, by its URL, in the order of the settings."""
        return {str(server.address): server.breaker.state for server in self._servers}

    def health(self, now: datetime) -> list[ServerHealth]:
        """How each server answers now, asked for this alone: reached, encrypted, signed in to."""
        return [health_of(server, self.settings, now) for server in self._servers]

    def close(self) -> None:
        """Close the idle sessions; one under way is closed when it is done."""
        for server in self._servers:
            server.close()

    @contextmanager
    def _inside(self) -> Iterator[Deadline]:
        """A place in the bulkhead and a deadline. Raises DirectoryUnavailable."""
        try:
            with self.bulkhead.place():
                yield Deadline.after(self.settings.deadline_seconds)
        except BulkheadFull as error:
            message = "too many sign-ins are waiting for this directory"
            raise DirectoryUnavailable(message) from error
        except DeadlineExceeded as error:
            message = "the directory used up its deadline"
            raise DirectoryUnavailable(message) from error
        except TooManyGroups as error:
            message = "the person is in more groups than are read"
            raise DirectoryUnavailable(message) from error

    def _on_a_server(self, ask: Callable[[LdapServer, int], _T]) -> _T:
        """Ask the servers in their order, skipping those known to be down.

        `ask` is told how many servers are left, this one included: it takes its share of the time, so that a
        frozen first server leaves some to the second.
        """
        candidates = [server for server in self._servers if server.breaker.would_allow(time.monotonic())]
        failure = DirectoryUnavailable("every server is known to be down; the next try is due shortly")
        for position, server in enumerate(candidates):
            if not server.breaker.allows(time.monotonic()):
                continue
            try:
                return ask(server, len(candidates) - position)
            except Unreachable as error:
                failure = error
        raise failure

    def _find(self, name: Name, deadline: Deadline) -> tuple[LdapServer, Entry | None, tuple[Entry, ...]]:
        """The server that answered, the one entry, and two where the name or the id is theirs."""

        def ask(server: LdapServer, parts: int) -> tuple[LdapServer, Entry | None, tuple[Entry, ...]]:
            search = partial(server.search, whole=deadline, parts=parts)
            return server, *found_alone(self.settings, name, search)

        return self._on_a_server(ask)

    def _departures(
        self, immutable_ids: Sequence[str], deadline: Deadline, now: datetime
    ) -> Mapping[str, Departure | None]:
        return self._on_a_server(
            lambda server, parts: departures_on(
                self.settings, server, immutable_ids, deadline.share(parts), now
            )
        )

    def _sign_in(self, name: Name, password: bytes, deadline: Deadline) -> Authentication:
        server, entry, contested = self._find(name, deadline)
        if entry is None:
            return replace(self._nobody(server, password, deadline), contested=contested)
        started_at = time.monotonic()
        verification = verification_of(self.settings.vendor, server.bind(entry.dn, password, deadline))
        if verification.state is AccountState.BAD_CREDENTIALS:
            self._durations.remember_real(time.monotonic() - started_at)
        if verification.state is AccountState.OK:
            entry = with_groups(self.settings, entry, lambda one: server.search_all(one, deadline).entries)
        return Authentication(with_expiry(self.settings, verification, entry), entry)

    def _nobody(self, server: LdapServer, password: bytes, deadline: Deadline) -> Authentication:
        """Refuse a name that no single entry has, as slowly as a wrong password."""
        started_at = time.monotonic()
        server.bind(_nobodys_dn(self.settings), _as_long_as(password), deadline)
        missing_seconds = self._durations.missing_seconds(time.monotonic() - started_at)
        time.sleep(min(missing_seconds, deadline.remaining_seconds()))
        return _refused("no single entry has this login name")

    def _sign_in_directly(self, name: Name, password: bytes, deadline: Deadline) -> Authentication:
        if not can_be_bound(self.settings, name):
            return _refused("no principal can have this name")

        def ask(server: LdapServer, parts: int) -> Authentication:
            part = deadline.share(parts)
            with measured(self.settings.id, Operation.BIND) as asked:
                answer = server.talk(
                    lambda session: sign_in_directly(self.settings, session, (name, password), part), part
                )
                asked.outcome = answer.verification.state.value
                return answer

        return self._on_a_server(ask)

    def _change(self, name: Name, passwords: Passwords, deadline: Deadline) -> Change:
        settings = self.settings
        if self._is_direct:
            dn = bind_name(settings, name)
            if not can_be_bound(settings, name):
                refused = _refused("no principal can have this name")
                return Change(ChangeOutcome.BAD_CREDENTIALS, refused.verification, None)
            return self._on_a_server(
                lambda server, parts: change_as_clerk(settings, server, dn, passwords, deadline.share(parts))
            )
        server, entry, _ = self._find(name, deadline)
        if entry is None:
            refused = self._nobody(server, passwords.old, deadline)
            return Change(ChangeOutcome.BAD_CREDENTIALS, refused.verification, None)
        if settings.preset.password_change is PasswordChange.UNICODE_PWD:
            return change_as_service(settings, server, entry, passwords, deadline)
        return change_as_clerk(settings, server, entry, passwords, deadline)


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


def _nobodys_dn(settings: DirectorySettings) -> str:
    """A DN that no entry has."""
    return f"{settings.login_attribute}={secrets.token_hex(8)},{settings.base_dn}"


def _as_long_as(password: bytes) -> bytes:
    """Something to send in its place; the password itself is nobody's business."""
    return secrets.token_hex(len(password)).encode("ascii")[: len(password)]


def _refused(reason: str) -> Authentication:
    return Authentication(Verification(AccountState.BAD_CREDENTIALS, reason=reason), None)
