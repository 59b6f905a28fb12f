"""Everything that is remembered, in memory: for tests of the protocol that need no database.

    stores = FakeStores()
    ...
    assert stores.audit.events == [...]

The contract suite in tests/storage holds these to the same behaviour as SQLite and PostgreSQL.
"""

import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sso.audit.record import AuditEvent, AuditRecord, Origin, record_of
from sso.directory.conflict import Conflict, Resolution
from sso.directory.person import Account, AccountKind, Departure, Person, Role, meant
from sso.directory.routing import name_key
from sso.directory.stores import Attempts, LoginNameTaken, PasswordCredential, Refusals, RolesConflict
from sso.oidc.account import Subject
from sso.oidc.client import Client, ClientSecret
from sso.oidc.confirmation import Confirmation
from sso.oidc.consent import Consent
from sso.oidc.deferred import DeferredRequest, Notification
from sso.oidc.digest import new_id
from sso.oidc.errors import RequestRejected
from sso.oidc.grant import AuthorizationCode, Grant, RefreshToken
from sso.oidc.jose import MemoryKeys
from sso.oidc.keys import SigningKey
from sso.oidc.notice import LogoutFrame, LogoutNotice
from sso.oidc.opaque_token import OpaqueToken
from sso.oidc.pending import PendingAuthorization
from sso.oidc.pushed import PushedAuthorization
from sso.oidc.security_event import SecurityEvent
from sso.oidc.self_registration.access import InitialAccessToken
from sso.oidc.session import Session, SessionEnd, SessionRecord
from sso.storage.pings import Ping

if TYPE_CHECKING:
    from sso.authentication.stores import Stores


@dataclass(slots=True)
class FakeAuditLog:
    origin: Origin = field(default_factory=Origin)
    events: list[AuditEvent] = field(default_factory=list)
    records: list[AuditRecord] = field(default_factory=list)

    def append(self, event: AuditEvent, now: datetime) -> str:
        record = record_of(event, self.origin, now)
        self.events.append(event)
        self.records.append(record)
        return record.id

    def codes(self) -> list[str]:
        """The codes of what was recorded, in order."""
        return [event.code for event in self.events]


@dataclass(slots=True)
class FakeClients:
    by_id: dict[str, Client] = field(default_factory=dict)

    def get(self, client_id: str) -> Client | None:
        return self.by_id.get(client_id)

    def of_resource(self, resource: str) -> Sequence[Client]:
        return [client for _, client in sorted(self.by_id.items()) if resource in client.resource]

    def for_update(self, client_id: str) -> Client | None:
        return self.by_id.get(client_id)

    def list_clients(self, *, after: str = "", limit: int = 1000) -> Sequence[Client]:
        return [client for key, client in sorted(self.by_id.items()) if key > after][:limit]

    def add(self, client: Client, now: datetime) -> bool:
        if client.client_id in self.by_id:
            return False
        created_at = client.created_at or now
        self.by_id[client.client_id] = replace(client, created_at=created_at, updated_at=now)
        return True

    def update(self, client: Client, now: datetime) -> bool:
        old = self.by_id.get(client.client_id)
        if old is None:
            return False
        names = ("sector", "secrets", "created_at", "logout_unconfirmed_since")
        kept: dict[str, Any] = {name: getattr(old, name) for name in names}
        self.by_id[client.client_id] = replace(client, **kept, updated_at=now)
        return True

    def remove(self, client_id: str) -> bool:
        return self.by_id.pop(client_id, None) is not None

    def put_secret(self, client_id: str, secret: ClientSecret, now: datetime) -> None:
        old = self.by_id[client_id]
        self.by_id[client_id] = replace(old, secrets=(secret, *old.secrets))

    def drop_secrets(self, client_id: str) -> None:
        self.by_id[client_id] = replace(self.by_id[client_id], secrets=())

    def cap(self, client_id: str, now: datetime) -> bool:
        client = self.by_id.get(client_id)
        if client is None or client.logout_unconfirmed_since is not None:
            return False
        self.by_id[client_id] = replace(client, logout_unconfirmed_since=now)
        return True

    def lift_cap(self, client_id: str) -> datetime | None:
        client = self.by_id.get(client_id)
        if client is None or client.logout_unconfirmed_since is None:
            return None
        self.by_id[client_id] = replace(client, logout_unconfirmed_since=None)
        return client.logout_unconfirmed_since

    def rotate_secret(self, client_id: str, new: ClientSecret, now: datetime, overlap: timedelta) -> None:
        end = now + overlap
        old = self.by_id[client_id]
        limited = (
            replace(secret, expires_at=end if secret.expires_at is None else min(secret.expires_at, end))
            for secret in old.secrets
        )
        kept = tuple(
            secret for secret in limited if secret.expires_at is not None and secret.expires_at > now
        )
        self.by_id[client_id] = replace(old, secrets=(new, *kept))


@dataclass(slots=True)
class FakePeople:
    persons: dict[str, Person] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)

    def lock_account(self, account_id: str) -> None:
        pass  # one thread, one transaction

    def add_person(self, person: Person) -> None:
        self.persons[person.id] = replace(person, roles=frozenset())

    def add_account(self, account: Account, now: datetime) -> None:
        if account.id in self.accounts or any(self._same(account, other) for other in self.accounts.values()):
            raise LoginNameTaken
        self.accounts[account.id] = account
        self.seen[account.id] = now

    @staticmethod
    def _same(one: Account, other: Account) -> bool:
        if one.kind is AccountKind.STAFF:
            return (one.directory_id, one.immutable_id) == (other.directory_id, other.immutable_id)
        return other.kind is AccountKind.CITIZEN and one.login_name == other.login_name

    def person(self, person_id: str) -> Person | None:
        return self.persons.get(person_id)

    def list_persons(self, *, after: str, limit: int) -> Sequence[Person]:
        return [person for key, person in sorted(self.persons.items()) if key > after][:limit]

    def disable_person(self, person_id: str, now: datetime) -> bool:
        person = self.persons.get(person_id)
        if person is None or person.disabled_at is not None:
            return False
        self.persons[person_id] = replace(person, disabled_at=now)
        return True

    def enable_person(self, person_id: str) -> bool:
        person = self.persons.get(person_id)
        if person is None or person.disabled_at is None:
            return False
        self.persons[person_id] = replace(person, disabled_at=None)
        return True

    def account(self, account_id: str) -> Account | None:
        return self.accounts.get(account_id)

    def citizen(self, login_name: str) -> Account | None:
        return next(
            (
                a
                for a in self.accounts.values()
                if a.kind is AccountKind.CITIZEN and a.login_name == login_name
            ),
            None,
        )

    def staff(self, directory_id: str, immutable_id: str) -> Account | None:
        key = (directory_id, immutable_id)
        return next((a for a in self.accounts.values() if (a.directory_id, a.immutable_id) == key), None)

    def staff_named(self, directory_id: str, login_name: str) -> Sequence[Account]:
        key = name_key(login_name)
        of_directory = (a for a in self.accounts.values() if a.directory_id == directory_id)
        named = [a for a in of_directory if key is not None and name_key(a.login_name) == key]
        return sorted(named, key=lambda account: self.seen[account.id], reverse=True)

    def accounts_of(self, person_id: str) -> Sequence[Account]:
        return [account for account in self.accounts.values() if account.person_id == person_id]

    def list_accounts(self, *, after: str, limit: int) -> Sequence[Account]:
        return [account for key, account in sorted(self.accounts.items()) if key > after][:limit]

    def update_account(
        self, account_id: str, login_name: str, claims: Mapping[str, str], now: datetime
    ) -> None:
        account = self.accounts.get(account_id)
        if account is None:
            return
        holder = self.citizen(login_name)
        if account.kind is AccountKind.CITIZEN and holder is not None and holder.id != account_id:
            raise LoginNameTaken
        self.accounts[account_id] = replace(account, login_name=login_name, claims=dict(claims))
        self.seen[account_id] = now

    def disable_account(self, account_id: str, departure: Departure, now: datetime) -> bool:
        account = self.accounts.get(account_id)
        if account is None or account.disabled_for is departure:
            return False
        if account.disabled_for is not None and account.disabled_for.is_final:
            return False
        disabled_at = account.disabled_at or now
        self.accounts[account_id] = replace(account, disabled_at=disabled_at, disabled_for=departure)
        return True

    def enable_account(self, account_id: str) -> bool:
        account = self.accounts.get(account_id)
        if account is None or account.disabled_at is None:
            return False
        self.accounts[account_id] = replace(account, disabled_at=None, disabled_for=None)
        return True

    def note_state(self, account_id: str, checked_at: datetime) -> None:
        account = self.accounts.get(account_id)
        if account is not None and (account.state_checked_at or checked_at) <= checked_at:
            self.accounts[account_id] = replace(account, state_checked_at=checked_at)

    def move_account(self, account_id: str, person_id: str) -> None:
        account = self.accounts.get(account_id)
        if account is None or account.person_id == person_id:
            return
        self.accounts[account_id] = replace(account, person_id=person_id)
        if not self.accounts_of(account.person_id) and not self.persons[account.person_id].roles:
            del self.persons[account.person_id]

    def grant_role(self, person_id: str, role: Role, now: datetime) -> bool:
        person = self.persons[person_id]
        if role in person.roles:
            return False
        if person.roles:
            raise RolesConflict
        self.persons[person_id] = replace(person, roles=frozenset({role}))
        return True

    def revoke_role(self, person_id: str, role: Role) -> bool:
        person = self.persons.get(person_id)
        if person is None or role not in person.roles:
            return False
        self.persons[person_id] = replace(person, roles=frozenset())
        return True


@dataclass(slots=True)
class FakeConflicts:
    people: FakePeople
    by_id: dict[str, Conflict] = field(default_factory=dict)

    def note(self, conflict: Conflict) -> bool:
        for known in self.of_directory(conflict.directory_id):
            if known.fingerprint == conflict.fingerprint:
                self.by_id[known.id] = replace(known, seen_at=conflict.seen_at)
                return False
        self.by_id[conflict.id] = conflict
        return True

    def get(self, conflict_id: str) -> Conflict | None:
        return self.by_id.get(conflict_id)

    def of_directory(self, directory_id: str, *, resolved: bool = False) -> Sequence[Conflict]:
        return [
            each
            for each in self.by_id.values()
            if each.directory_id == directory_id and (resolved or each.resolved_at is None)
        ]

    def reused_names(self, directory_id: str) -> Sequence[str]:
        in_use = (a for a in self.people.accounts.values() if a.disabled_at is None)
        names = Counter(name_key(a.login_name) for a in in_use if a.directory_id == directory_id)
        return sorted(name for name, count in names.items() if name is not None and count > 1)

    def exchange_ids(self, one: Account, other: Account) -> None:
        if one.id == other.id:
            return
        self.people.accounts[one.id] = replace(self.people.accounts[one.id], immutable_id=other.immutable_id)
        self.people.accounts[other.id] = replace(
            self.people.accounts[other.id], immutable_id=one.immutable_id
        )

    def resolve(self, conflict_id: str, resolution: Resolution, reason: str, now: datetime) -> bool:
        known = self.by_id.get(conflict_id)
        if known is None or known.resolved_at is not None:
            return False
        self.by_id[conflict_id] = replace(known, resolved_at=now, resolution=resolution, reason=reason)
        return True


@dataclass(slots=True)
class FakeCredentials:
    by_account: dict[str, PasswordCredential] = field(default_factory=dict)

    def get(self, account_id: str) -> PasswordCredential | None:
        return self.by_account.get(account_id)

    def for_update(self, account_id: str) -> PasswordCredential | None:
        return self.by_account.get(account_id)

    def put(self, credential: PasswordCredential) -> None:
        self.by_account[credential.account_id] = credential

    def forget(self, account_id: str) -> None:
        self.by_account.pop(account_id, None)


@dataclass(slots=True)
class FakeRegister:
    purged: set[tuple[str, str]] = field(default_factory=set)
    outdated: set[tuple[str, str]] = field(default_factory=set)

    def is_purged(self, directory_id: str, immutable_id: str) -> bool:
        return (directory_id, immutable_id) in self.purged

    def outdate(self, directory_id: str, immutable_id: str) -> None:
        self.outdated.add((directory_id, immutable_id))


@dataclass(slots=True)
class FakeThrottles:
    by_key: dict[bytes, Attempts] = field(default_factory=dict)
    refused: dict[tuple[bytes, datetime], Refusals] = field(default_factory=dict)

    def attempt(self, key: bytes, *, window_seconds: int, now: datetime) -> Attempts:
        known = self.by_key.get(key)
        if known is None or known.window_started_at <= now - timedelta(seconds=window_seconds):
            known = Attempts(count=0, window_started_at=now)
        self.by_key[key] = replace(known, count=known.count + 1)
        return self.by_key[key]

    def forget(self, key: bytes) -> None:
        self.by_key.pop(key, None)

    def refuse(self, refusals: Refusals) -> None:
        place = (refusals.key, refusals.window_started_at)
        known = self.refused.get(place, replace(refusals, refused=0))
        self.refused[place] = replace(
            known,
            refused=known.refused + refusals.refused,
            first_at=min(known.first_at, refusals.first_at),
            last_at=max(known.last_at, refusals.last_at),
        )

    def take_refusals(self, ended_before: datetime, limit: int) -> list[Refusals]:
        ended = sorted(
            (each for each in self.refused.values() if each.ends_at < ended_before),
            key=lambda each: (each.ends_at, each.key),
        )
        return [self.refused.pop((each.key, each.window_started_at)) for each in ended[:limit]]


@dataclass(slots=True)
class FakeSecurityEvents:
    grants: "FakeGrants"
    consents: "FakeConsents"
    queued: list[tuple[SecurityEvent, bool]] = field(default_factory=list)

    def add(self, event: SecurityEvent, *, pushed: bool, now: datetime) -> None:
        self.queued.append((event, pushed))

    def concerned(self, account_id: str) -> list[str]:
        by_grant = {grant.client_id for grant in self.grants.by_id.values() if grant.account_id == account_id}
        by_consent = {client_id for account, client_id in self.consents.by_key if account == account_id}
        return sorted(by_grant | by_consent)


@dataclass(slots=True)
class FakeSubjects:
    people: FakePeople
    subs: dict[tuple[str, str], str] = field(default_factory=dict)

    def get(self, account_id: str) -> Subject | None:
        account = self.people.account(account_id)
        person = None if account is None else self.people.person(account.person_id)
        if account is None or person is None:
            return None
        return Subject(
            account_id=account.id,
            person_id=person.id,
            active=account.disabled_at is None and person.disabled_at is None,
            directory_id=account.directory_id,
            state_checked_at=account.state_checked_at,
            claims={**account.claims, "persona": account.kind.value},
        )

    def named(self, directory_id: str | None, login_name: str) -> str | None:
        name = login_name.strip().casefold()
        clerks = [] if directory_id is None else self.people.staff_named(directory_id, name)
        found = self.people.citizen(name) if directory_id is None else meant(clerks)
        return None if found is None else found.id

    def account_of(self, sub: str, sector: str) -> str | None:
        known = (key for key, value in self.subs.items() if value == sub and key[1] == sector)
        return next((account_id for account_id, _ in known), None)

    def sub(self, account_id: str, sector: str, now: datetime) -> str:
        return self.subs.setdefault((account_id, sector), new_id())


@dataclass(slots=True)
class FakePendingAuthorizations:
    by_id: dict[str, PendingAuthorization] = field(default_factory=dict)

    def add(self, pending: PendingAuthorization) -> None:
        self.by_id[pending.id] = pending

    def get(self, pending_id: str, browser: bytes, now: datetime) -> PendingAuthorization | None:
        found = self.by_id.get(pending_id)
        return None if found is None or found.browser != browser or found.expires_at <= now else found

    def mark_consented(self, pending_id: str, account_id: str, now: datetime) -> None:
        if pending_id in self.by_id:
            found = self.by_id[pending_id]
            self.by_id[pending_id] = replace(found, consented_at=now, consented_by=account_id)

    def mark_creation_offered(self, pending_id: str, now: datetime) -> None:
        if pending_id in self.by_id:
            self.by_id[pending_id] = replace(self.by_id[pending_id], creation_offered_at=now)

    def mark_account_selected(self, pending_id: str, now: datetime) -> None:
        if pending_id in self.by_id:
            self.by_id[pending_id] = replace(self.by_id[pending_id], account_selected_at=now)

    def remove(self, pending_id: str) -> bool:
        return self.by_id.pop(pending_id, None) is not None


@dataclass(slots=True)
class FakePushedAuthorizations:
    by_digest: dict[bytes, PushedAuthorization] = field(default_factory=dict)

    def add(self, pushed: PushedAuthorization) -> None:
        self.by_digest[pushed.digest] = pushed

    def get(self, digest: bytes) -> PushedAuthorization | None:
        return self.by_digest.get(digest)

    def spend(self, digest: bytes) -> bool:
        return self.by_digest.pop(digest, None) is not None


@dataclass(slots=True)
class FakeSessions:
    going_on: dict[str, Session] = field(default_factory=dict)
    cookies: dict[bytes, str] = field(default_factory=dict)
    joined: dict[str, list[str]] = field(default_factory=dict)
    ended: dict[str, SessionEnd] = field(default_factory=dict)
    over: dict[str, SessionRecord] = field(default_factory=dict)

    def add(self, session: Session, cookie: bytes) -> None:
        self.going_on[session.id] = session
        self.cookies[cookie] = session.id

    def get(self, cookie: bytes) -> Session | None:
        return self.by_id(self.cookies.get(cookie, ""))

    def by_id(self, session_id: str) -> Session | None:
        return self.going_on.get(session_id)

    def renew(self, session: Session, cookie: bytes) -> None:
        known = self.going_on.get(session.id)
        if known is None:
            return
        self.cookies = {key: value for key, value in self.cookies.items() if value != session.id}
        self.cookies[cookie] = session.id
        self.going_on[session.id] = replace(session, created_at=known.created_at)

    def touch(self, session_id: str, now: datetime) -> None:
        known = self.going_on.get(session_id)
        if known is not None and known.last_seen_at < now:
            self.going_on[session_id] = replace(known, last_seen_at=now)

    def end(self, session_id: str, cause: SessionEnd, now: datetime) -> bool:
        session = self.going_on.pop(session_id, None)
        if session is None:
            return False
        self.ended[session_id] = cause
        self.over[session_id] = SessionRecord(session, now, cause)
        return True

    def give(self, account_id: str, person_id: str) -> None:
        for key, session in self.going_on.items():
            if session.account_id == account_id:
                self.going_on[key] = replace(session, person_id=person_id)

    def join(self, session_id: str, client_id: str, now: datetime) -> None:
        members = self.joined.setdefault(session_id, [])
        if client_id not in members:
            members.append(client_id)

    def clients_of(self, session_id: str) -> Sequence[str]:
        return tuple(self.joined.get(session_id, ()))

    def of_account(self, account_id: str) -> Sequence[Session]:
        return [session for session in self.going_on.values() if session.account_id == account_id]

    def record(self, session_id: str) -> SessionRecord | None:
        going_on = self.going_on.get(session_id)
        return self.over.get(session_id) if going_on is None else SessionRecord(going_on)

    def lately_ended(self, cookie: bytes, since: datetime) -> SessionRecord | None:
        record = self.over.get(self.cookies.get(cookie, ""))
        return None if record is None or record.ended_at is None or record.ended_at <= since else record

    def records_of_account(self, account_id: str, limit: int = 100) -> Sequence[SessionRecord]:
        records = [*map(SessionRecord, self.going_on.values()), *self.over.values()]
        of_account = [record for record in records if record.session.account_id == account_id]
        newest = sorted(of_account, key=lambda r: (-r.session.created_at.timestamp(), r.session.id))
        return newest[:limit]

    def list_going_on(self, *, after: str = "", limit: int = 1000) -> Sequence[Session]:
        return [session for key, session in sorted(self.going_on.items()) if key > after][:limit]

    def expired(self, now: datetime, idle_seconds: int, limit: int) -> Sequence[Session]:
        idle_since = now - timedelta(seconds=idle_seconds)
        over = [s for s in self.going_on.values() if s.expires_at <= now or s.last_seen_at <= idle_since]
        return sorted(over, key=lambda session: session.expires_at)[:limit]


@dataclass(slots=True)
class FakeConsents:
    by_key: dict[tuple[str, str], Consent] = field(default_factory=dict)

    def get(self, account_id: str, client_id: str, now: datetime) -> Consent | None:
        found = self.by_key.get((account_id, client_id))
        return None if found is None or found.expires_at <= now else found

    def forget_client(self, client_id: str) -> None:
        self.by_key = {key: consent for key, consent in self.by_key.items() if key[1] != client_id}

    def put(self, consent: Consent) -> None:
        self.by_key[consent.account_id, consent.client_id] = consent


@dataclass(slots=True)
class FakeGrants:
    by_id: dict[str, Grant] = field(default_factory=dict)
    origins: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, grant: Grant, origins: Sequence[str] = ()) -> None:
        self.by_id[grant.id] = grant
        self.origins[grant.id] = tuple(origins)

    def hold(self, grant_ids: Sequence[str]) -> bool:
        known = [self.by_id.get(grant_id) for grant_id in grant_ids]
        return all(grant is not None and grant.revoked_at is None for grant in known)

    def of_session(self, session_id: str, client_id: str) -> Grant | None:
        key = (session_id, client_id)
        of = [g for g in self.by_id.values() if (g.session_id, g.client_id) == key and g.revoked_at is None]
        return max(of, key=lambda grant: grant.created_at, default=None)

    def get(self, grant_id: str) -> Grant | None:
        return self.by_id.get(grant_id)

    def bind(self, grant_id: str, confirmation: Confirmation) -> None:
        if grant_id in self.by_id:
            self.by_id[grant_id] = replace(self.by_id[grant_id], confirmation=confirmation)

    def revoke(self, grant_id: str, now: datetime) -> bool:
        return bool(self._revoke([grant for grant in self.by_id.values() if grant.id == grant_id], now))

    def revoke_of_session(self, session_id: str, *, keep_offline: bool, now: datetime) -> Sequence[str]:
        of_session = [grant for grant in self.by_id.values() if grant.session_id == session_id]
        return self._revoke([grant for grant in of_session if not (keep_offline and grant.offline)], now)

    def revoke_of_account(self, account_id: str, now: datetime) -> Sequence[str]:
        return self._revoke([grant for grant in self.by_id.values() if grant.account_id == account_id], now)

    def revoke_elsewhere(self, account_id: str, kept_session_id: str, now: datetime) -> Sequence[str]:
        of_account = [grant for grant in self.by_id.values() if grant.account_id == account_id]
        return self._revoke([grant for grant in of_account if grant.session_id != kept_session_id], now)

    def revoke_of_client(self, client_id: str, now: datetime) -> Sequence[str]:
        return self._revoke([grant for grant in self.by_id.values() if grant.client_id == client_id], now)

    def _revoke(self, grants: Sequence[Grant], now: datetime) -> list[str]:
        in_force = [grant for grant in grants if grant.revoked_at is None]
        for grant in in_force:
            self.by_id[grant.id] = replace(grant, revoked_at=now)
        revoked = {grant.id for grant in in_force}
        if revoked:
            self._revoke([g for g in self.by_id.values() if revoked & set(self.origins.get(g.id, ()))], now)
        return [grant.id for grant in in_force]


@dataclass(slots=True)
class FakeCodes:
    grants: FakeGrants
    by_digest: dict[bytes, AuthorizationCode] = field(default_factory=dict)

    def add(self, code: AuthorizationCode) -> None:
        self.grants.by_id[code.grant.id] = code.grant
        self.by_digest[code.digest] = code

    def get(self, digest: bytes) -> AuthorizationCode | None:
        found = self.by_digest.get(digest)
        return None if found is None else replace(found, grant=self.grants.by_id[found.grant.id])

    def redeem(self, digest: bytes, now: datetime) -> bool:
        found = self.by_digest.get(digest)
        if found is None or found.redeemed_at is not None:
            return False
        self.by_digest[digest] = replace(found, redeemed_at=now)
        return True


@dataclass(slots=True)
class FakeDeferredRequests:
    grants: FakeGrants
    asked: dict[str, DeferredRequest] = field(default_factory=dict)
    notifications: dict[str, Notification] = field(default_factory=dict, repr=False)

    def add(self, asked: DeferredRequest, notification: Notification | None = None) -> bool:
        if asked.user_code is not None and any(a.user_code == asked.user_code for a in self.asked.values()):
            return False
        self.asked[asked.id] = asked
        if notification is not None:
            self.notifications[asked.id] = notification
        return True

    def get(self, digest: bytes) -> DeferredRequest | None:
        return next((self._now(asked) for asked in self.asked.values() if asked.digest == digest), None)

    def by_id(self, request_id: str) -> DeferredRequest | None:
        found = self.asked.get(request_id)
        return None if found is None else self._now(found)

    def by_user_code(self, user_code: bytes, now: datetime) -> DeferredRequest | None:
        typed = (asked for asked in self.asked.values() if asked.user_code == user_code and asked.open(now))
        return next(typed, None)

    def waiting_for(self, account_id: str, now: datetime) -> Sequence[DeferredRequest]:
        of = [a for a in self.asked.values() if a.account_id == account_id and a.open(now)]
        return sorted(of, key=lambda asked: (asked.asked_at, asked.id))

    def decide(self, request_id: str, grant: Grant | None, now: datetime) -> bool:
        found = self.asked.get(request_id)
        if found is None or not found.open(now):
            return False
        self.asked[request_id] = replace(found, decided_at=now, grant=grant)
        return True

    def polled(self, asked: DeferredRequest, interval: timedelta, next_poll_at: datetime) -> bool:
        found = self.asked[asked.id]
        if found.next_poll_at != asked.next_poll_at:
            return False
        self.asked[asked.id] = replace(found, interval=interval, next_poll_at=next_poll_at)
        return True

    def redeem(self, digest: bytes, now: datetime) -> bool:
        found = self.get(digest)
        if found is None or found.grant is None or found.redeemed_at is not None:
            return False
        self.asked[found.id] = replace(found, redeemed_at=now)
        return True

    def _now(self, asked: DeferredRequest) -> DeferredRequest:
        return asked if asked.grant is None else replace(asked, grant=self.grants.by_id[asked.grant.id])


@dataclass(slots=True)
class FakePings:
    deferred: FakeDeferredRequests
    by_request: dict[str, Ping] = field(default_factory=dict)
    next_attempts: dict[str, datetime] = field(default_factory=dict)

    def add(self, asked: DeferredRequest, uri: str, now: datetime) -> None:
        notification = self.deferred.notifications.get(asked.id)
        if notification is None or asked.id in self.by_request:
            return
        self.by_request[asked.id] = Ping(
            request_id=asked.id,
            client_id=asked.client_id,
            uri=uri,
            notification=notification,
            attempts=0,
            expires_at=asked.expires_at,
        )
        self.next_attempts[asked.id] = now

    def claim_due(self, now: datetime, limit: int, lease_seconds: int) -> Sequence[Ping]:
        due = [key for key, at in sorted(self.next_attempts.items(), key=lambda item: item[1]) if at <= now]
        for key in due[:limit]:
            known = self.by_request[key]
            self.by_request[key] = replace(known, attempts=known.attempts + 1)
            self.next_attempts[key] = now + timedelta(seconds=lease_seconds)
        return [self.by_request[key] for key in due[:limit]]

    def delivered(self, request_id: str, now: datetime) -> bool:
        return self.next_attempts.pop(request_id, None) is not None

    def failed(self, request_id: str, next_attempt_at: datetime | None, error: str, now: datetime) -> bool:
        if next_attempt_at is None or request_id not in self.next_attempts:
            return self.next_attempts.pop(request_id, None) is not None
        self.next_attempts[request_id] = next_attempt_at
        return True

    def waiting_count(self) -> int:
        return len(self.next_attempts)


@dataclass(slots=True)
class FakeRefreshTokens:
    grants: FakeGrants
    by_digest: dict[bytes, RefreshToken] = field(default_factory=dict)

    def add(self, token: RefreshToken) -> None:
        self.grants.by_id.setdefault(token.grant.id, token.grant)
        self.by_digest[token.digest] = token

    def get(self, digest: bytes) -> RefreshToken | None:
        found = self.by_digest.get(digest)
        return None if found is None else replace(found, grant=self.grants.by_id[found.grant.id])

    def use(self, digest: bytes, successor: bytes, now: datetime) -> bool:
        found = self.by_digest.get(digest)
        if found is None or found.used_at is not None:
            return False
        self.by_digest[digest] = replace(found, used_at=now, successor=successor)
        return True


@dataclass(slots=True)
class FakeAccessTokens:
    by_digest: dict[bytes, OpaqueToken] = field(default_factory=dict)

    def add(self, token: OpaqueToken) -> None:
        self.by_digest[token.digest] = token

    def get(self, digest: bytes) -> OpaqueToken | None:
        return self.by_digest.get(digest)


@dataclass(slots=True)
class FakeDeniedTokens:
    until: dict[str, datetime] = field(default_factory=dict)

    def add(self, jti: str, expires_at: datetime) -> None:
        self.until.setdefault(jti, expires_at)

    def denied(self, jti: str) -> bool:
        return jti in self.until


@dataclass(slots=True)
class FakeOneTimeValues:
    expires_at: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def spend(self, purpose: str, value: str, expires_at: datetime) -> bool:
        fresh = (purpose, value) not in self.expires_at
        self.expires_at.setdefault((purpose, value), expires_at)
        return fresh


@dataclass(slots=True)
class FakeOutbox:
    by_id: dict[str, LogoutNotice] = field(default_factory=dict)

    def add_logout(self, session: Session, client: Client, sub: str, now: datetime) -> None:
        known = any(
            n.session_id == session.id and n.client_id == client.client_id for n in self.by_id.values()
        )
        if known or client.backchannel_logout_uri is None:
            return
        notice = LogoutNotice(
            id=new_id(),
            session_id=session.id,
            account_id=session.account_id,
            client_id=client.client_id,
            sub=sub,
            uri=client.backchannel_logout_uri,
            include_sid=client.backchannel_logout_session_required,
            attempts=0,
            created_at=now,
            next_attempt_at=now,
        )
        self.by_id[notice.id] = notice

    def _waiting(self) -> list[LogoutNotice]:
        return [n for n in self.by_id.values() if n.delivered_at is None and n.gave_up_at is None]

    def has_due(self, now: datetime, *, fresh_only: bool = False) -> bool:
        due = [notice for notice in self._waiting() if notice.next_attempt_at <= now]
        return any(not fresh_only or notice.attempts == 0 for notice in due)

    def claim_due(
        self, now: datetime, limit: int, lease_seconds: int, *, fresh_only: bool = False
    ) -> Sequence[LogoutNotice]:
        due = [notice for notice in self._waiting() if notice.next_attempt_at <= now]
        due = [notice for notice in due if not fresh_only or notice.attempts == 0]
        due = sorted(due, key=lambda notice: (notice.attempts > 0, notice.next_attempt_at))[:limit]
        end = now + timedelta(seconds=lease_seconds)
        claimed = [replace(n, attempts=n.attempts + 1, next_attempt_at=end) for n in due]
        self.by_id.update((notice.id, notice) for notice in claimed)
        return sorted(claimed, key=lambda notice: (notice.created_at, notice.id))

    def delivered(self, notice_id: str, attempts: int, now: datetime) -> bool:
        return self._settle(notice_id, delivered_at=now, attempts=attempts, last_error="")

    def failed(self, notice_id: str, next_attempt_at: datetime | None, error: str, now: datetime) -> bool:
        if next_attempt_at is None:
            return self._settle(notice_id, gave_up_at=now, last_error=error[:500])
        return self._settle(notice_id, next_attempt_at=next_attempt_at, last_error=error[:500])

    def _settle(self, notice_id: str, **changes: Any) -> bool:
        waiting = {notice.id: notice for notice in self._waiting()}
        if notice_id not in waiting:
            return False
        self.by_id[notice_id] = replace(waiting[notice_id], **changes)
        return True

    def of_session(self, session_id: str) -> Sequence[LogoutNotice]:
        of = [notice for notice in self.by_id.values() if notice.session_id == session_id]
        return sorted(of, key=lambda notice: (notice.created_at, notice.client_id))

    def pending_count(self) -> int:
        return len(self._waiting())


@dataclass(slots=True)
class FakeLogoutFrames:
    by_key: dict[tuple[str, str], LogoutFrame] = field(default_factory=dict)

    def add(self, session: Session, client: Client, now: datetime) -> None:
        if client.frontchannel_logout_uri is None:
            return
        frame = LogoutFrame(
            session_id=session.id,
            client_id=client.client_id,
            uri=client.frontchannel_logout_uri,
            include_sid=client.frontchannel_logout_session_required,
            created_at=now,
        )
        self.by_key.setdefault((session.id, client.client_id), frame)

    def of_session(self, session_id: str) -> Sequence[LogoutFrame]:
        return [frame for key, frame in sorted(self.by_key.items()) if key[0] == session_id]

    def send(self, session_id: str, now: datetime) -> Sequence[str]:
        unsent = [frame.client_id for frame in self.of_session(session_id) if frame.sent_at is None]
        return self._change(session_id, unsent, sent_at=now)

    def report(
        self, session_id: str, client_ids: Sequence[str], *, loaded: bool, now: datetime
    ) -> Sequence[str]:
        open_ = [f.client_id for f in self.of_session(session_id) if f.sent_at is not None and not f.reported]
        of = [client_id for client_id in open_ if client_id in client_ids]
        return self._change(session_id, of, **{"loaded_at" if loaded else "failed_at": now})

    def _change(self, session_id: str, client_ids: list[str], **changes: Any) -> list[str]:
        for client_id in client_ids:
            key = (session_id, client_id)
            self.by_key[key] = replace(self.by_key[key], **changes)
        return client_ids


@dataclass(slots=True)
class FakeSigningKeys:
    by_kid: dict[str, SigningKey] = field(default_factory=dict)

    def load(self) -> Sequence[SigningKey]:
        return sorted(self.by_kid.values(), key=lambda key: (key.created_at, key.kid))

    def add(self, key: SigningKey) -> bool:
        if key.retired_at is None and any(
            other.alg == key.alg and other.retired_at is None for other in self.by_kid.values()
        ):
            return False
        self.by_kid[key.kid] = key
        return True

    def retire(self, kid: str, at: datetime, published_until: datetime) -> bool:
        found = self.by_kid.get(kid)
        changes = {"retired_at": at, "published_until": published_until}
        return found is not None and found.retired_at is None and self._change(kid, **changes)

    def hasten(self, kid: str, at: datetime, published_until: datetime) -> bool:
        found = self.by_kid.get(kid)
        later = found is not None and found.retired_at is not None and found.retired_at > at
        return later and self._change(kid, retired_at=at, published_until=published_until)

    def begin(self, kid: str, at: datetime) -> bool:
        found = self.by_kid.get(kid)
        later = found is not None and found.active_from > at and found.revoked_at is None
        return later and self._change(kid, active_from=at)

    def activate(self, kid: str, now: datetime) -> bool:
        found = self.by_kid.get(kid)
        if found is None or found.active_from > now or found.activated_at or found.revoked_at:
            return False
        return self._change(kid, activated_at=now)

    def revoke(self, kid: str, now: datetime) -> bool:
        found = self.by_kid.get(kid)
        if found is None or found.revoked_at is not None:
            return False
        end = now if found.retired_at is None else min(found.retired_at, now)
        return self._change(kid, revoked_at=now, published_until=now, retired_at=end)

    def erase(self, kid: str) -> bool:
        found = self.by_kid.get(kid)
        return found is not None and self._change(
            kid, signer=MemoryKeys().open(found.alg, b"", found.public_jwk)
        )

    def _change(self, kid: str, **changes: Any) -> bool:
        self.by_kid[kid] = replace(self.by_kid[kid], **changes)
        return True


@dataclass(slots=True)
class FakeInitialAccessTokens:
    by_digest: dict[bytes, InitialAccessToken] = field(default_factory=dict)

    def add(self, token: InitialAccessToken) -> None:
        self.by_digest[token.digest] = token

    def get(self, digest: bytes) -> InitialAccessToken | None:
        return self.by_digest.get(digest)

    def use(self, digest: bytes, now: datetime) -> bool:
        token = self.by_digest.get(digest)
        if token is None or not token.works(now):
            return False
        left = None if token.uses_left is None else token.uses_left - 1
        self.by_digest[digest] = replace(token, uses_left=left)
        return True

    def list_tokens(self, *, limit: int = 1000) -> Sequence[InitialAccessToken]:
        return sorted(self.by_digest.values(), key=lambda token: (token.expires_at, token.id))[:limit]

    def revoke(self, token_id: str, now: datetime) -> bool:
        for digest, token in self.by_digest.items():
            if token.id == token_id and token.revoked_at is None:
                self.by_digest[digest] = replace(token, revoked_at=now)
                return True
        return False


@dataclass(slots=True)
class FakeRegistrationAccess:
    by_client: dict[str, tuple[bytes, bytes | None]] = field(default_factory=dict)

    def add(self, client_id: str, digest: bytes, now: datetime) -> None:
        self.by_client[client_id] = (digest, None)

    def accepts(self, client_id: str, digest: bytes) -> bool:
        return digest in self.by_client.get(client_id, ())

    def settle(self, client_id: str, digest: bytes) -> None:
        if client_id in self.by_client and self.by_client[client_id][0] == digest:
            self.by_client[client_id] = (digest, None)

    def rotate(self, client_id: str, digest: bytes, successor: bytes, now: datetime) -> bool:
        if not self.accepts(client_id, digest):
            return False
        self.by_client[client_id] = (successor, digest)
        return True

    def remove(self, client_id: str) -> bool:
        return self.by_client.pop(client_id, None) is not None

    def count(self, *, limit: int) -> int:
        return min(limit, len(self.by_client))


class FakeStores:
    """All of them, over one memory."""

    def __init__(self, origin: Origin | None = None) -> None:
        self.audit = FakeAuditLog(origin or Origin())
        self.clients = FakeClients()
        self.people = FakePeople()
        self.credentials = FakeCredentials()
        self.register = FakeRegister()
        self.throttles = FakeThrottles()
        self.subjects = FakeSubjects(self.people)
        self.pending = FakePendingAuthorizations()
        self.pushed = FakePushedAuthorizations()
        self.sessions = FakeSessions()
        self.conflicts = FakeConflicts(self.people)
        self.consents = FakeConsents()
        self.grants = FakeGrants()
        self.codes = FakeCodes(self.grants)
        self.deferred = FakeDeferredRequests(self.grants)
        self.pings = FakePings(self.deferred)
        self.refresh_tokens = FakeRefreshTokens(self.grants)
        self.access_tokens = FakeAccessTokens()
        self.denied_tokens = FakeDeniedTokens()
        self.one_time_values = FakeOneTimeValues()
        self.outbox = self.notices = FakeOutbox()
        self.initial_access_tokens = FakeInitialAccessTokens()
        self.registration_access = FakeRegistrationAccess()
        self.frames = FakeLogoutFrames()
        self.security_events = FakeSecurityEvents(self.grants, self.consents)
        self.signing_keys = FakeSigningKeys()


class FakeDatabase:
    """Transactions over one FakeStores, with the same rule: a refusal commits, another exception does not."""

    def __init__(self) -> None:
        self.stores = FakeStores()

    @contextmanager
    def begin(self, origin: Origin) -> Iterator[FakeStores]:
        before = self._snapshot()
        self.stores.audit.origin = origin
        try:
            yield self.stores
        except RequestRejected:
            raise
        except BaseException:
            self._restore(before)
            raise

    @contextmanager
    def read(self) -> Iterator[FakeStores]:
        yield self.stores

    def dispose(self) -> None:
        pass

    def _snapshot(self) -> dict[tuple[str, str], object]:
        """The containers of every fake; what is in them is frozen."""
        return {
            (noun, name): copy.copy(value)
            for noun, fake in vars(self.stores).items()
            for name in fake.__dataclass_fields__
            if isinstance(value := getattr(fake, name), dict | list | set)
        }

    def _restore(self, before: Mapping[tuple[str, str], object]) -> None:
        for (noun, name), value in before.items():
            setattr(getattr(self.stores, noun), name, value)


if TYPE_CHECKING:

    def _satisfies(stores: FakeStores) -> Stores:
        return stores
