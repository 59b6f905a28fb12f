"""A clerk changes their department's password in the middle of a sign-in, in the steps of `sign_in`.

prepare   in a transaction: the attempt is counted like any other, for the old password can be guessed here,
          and what the directory is asked is on record before it is asked: it takes nothing back
change    outside: the directory verifies the old password and takes the new one by its own rules
conclude  in a transaction: what became of it, and the session

A directory that keeps its passwords alone judges the new one, and the hub keeps neither. Of a department that
brings its people over SCIM the hub keeps the passwords, and judges the new one itself (`kept_password`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sso.audit.event.people import PasswordChanged, PasswordChangeStarted, PasswordNotChanged
from sso.authentication import clerks
from sso.authentication.kept_accounts import usable
from sso.authentication.kept_password import KeptChange, KeptPasswordChanging
from sso.authentication.sessions import end_every
from sso.authentication.sign_in import (
    Attempt,
    Failure,
    NotSignedIn,
    Proof,
    SignedIn,
    SignIn,
    failure_of,
)
from sso.authentication.stores import Stores
from sso.directory.password_change import Change, ChangeOutcome, Passwords
from sso.directory.routing import CitizenRoute, DirectoryRoute, Name
from sso.directory.stores import PasswordCredential
from sso.directory.verification import AccountState, Verification
from sso.oidc.session import Session, SessionEnd

SOURCE = "directory"
_REFUSED_BY_RULE = {
    ChangeOutcome.TOO_SHORT,
    ChangeOutcome.TOO_LONG,
    ChangeOutcome.TOO_SIMPLE,
    ChangeOutcome.TOO_YOUNG,
    ChangeOutcome.USED_BEFORE,
    ChangeOutcome.REFUSED,
}


class ChangingDirectory(Protocol):
    """What a department's directory can be asked for (`sso.directory.ldap.LdapDirectory`)."""

    def change_password(self, name: Name, passwords: Passwords) -> Change:
        """Exchange a password; an outage is an outcome, never an exception."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """What the directory made of it, and, when it is changed, the sign-in with the new password."""

    change: Change
    proof: Proof | None
    new_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NotChanged:
    """A failure as the page may tell it: None for "name or password is wrong", whatever the truth."""

    outcome: ChangeOutcome | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The new password holds; whether it could be used at once."""

    result: SignedIn | NotSignedIn


@dataclass(frozen=True, slots=True)
class PasswordChanging:
    """The means of changing: the way of signing in, the departments' directories by id, the hub's own way."""

    sign_in: SignIn
    directories: Mapping[str, ChangingDirectory]
    kept: KeptPasswordChanging

    def prepare(
        self,
        route: CitizenRoute | DirectoryRoute,
        client_id: str | None,
        address: str | None,
        stores: Stores,
        now: datetime,
    ) -> Attempt:
        """Count the attempt as `SignIn.prepare` does, and record it if a directory is asked next.

        Raises:
            Throttled: too many attempts for this name or network.
        """
        attempt = self.sign_in.prepare(route, client_id, address, stores, now)
        if attempt.by_directory:
            event = PasswordChangeStarted(
                client_id=client_id,
                directory_id=_clerks(attempt).directory.id,
                name_hmac=self.sign_in.throttle.name_hmac(attempt.full_name),
            )
            stores.audit.append(event, now)
        return attempt

    def change(self, attempt: Attempt, old: str, new: str) -> Tried:
        """Let the directory of the attempt exchange the passwords, then sign in with the new one."""
        route = _clerks(attempt)
        if not attempt.by_directory:
            return _tried(self.kept.change(attempt, old, new))
        passwords = Passwords(old.encode("utf-8", "surrogatepass"), new.encode("utf-8", "surrogatepass"))
        change = self.directories[route.directory.id].change_password(route.name, passwords)
        if change.outcome is not ChangeOutcome.CHANGED:
            return Tried(change, None)
        return Tried(change, self.sign_in.prove(attempt, new))

    def conclude(
        self, attempt: Attempt, tried: Tried, previous: Session | None, stores: Stores, now: datetime
    ) -> Changed | NotChanged:
        """Record what became of it; a new password ends every access that the old one gave."""
        if tried.proof is None:
            return self._not_changed(attempt, tried.change, stores, now)
        if tried.new_hash is not None:
            return self._conclude_kept(attempt, tried, previous, stores, now)
        route = _clerks(attempt)
        entry = tried.proof.entry or tried.change.entry
        account = clerks.account_of(entry, route.directory, stores, now) if entry is not None else None
        if account is not None:
            end_every(account.id, SessionEnd.PASSWORD_CHANGED, stores, now)
            stores.audit.append(PasswordChanged(account_id=account.id, source=SOURCE), now)
        else:
            stores.audit.append(PasswordChanged(account_id=None, source=SOURCE), now)
        return Changed(self.sign_in.conclude(attempt, tried.proof, previous, stores, now))

    def _conclude_kept(
        self, attempt: Attempt, tried: Tried, previous: Session | None, stores: Stores, now: datetime
    ) -> Changed | NotChanged:
        account = None if attempt.account is None else stores.people.account(attempt.account.id)
        if account is None or stores.credentials.for_update(account.id) != attempt.credential:
            return self._not_changed(attempt, _refused(ChangeOutcome.BAD_CREDENTIALS), stores, now)
        if not usable(account, stores):
            disabled = Verification(AccountState.DISABLED, password_proven=True)
            return self._not_changed(attempt, Change(ChangeOutcome.STATE, disabled, None), stores, now)
        credential = PasswordCredential(account.id, tried.new_hash or "", now)
        stores.credentials.put(credential)
        end_every(account.id, SessionEnd.PASSWORD_CHANGED, stores, now)
        stores.audit.append(PasswordChanged(account_id=account.id, source="hub"), now)
        attempt = replace(attempt, credential=credential)
        return Changed(self.sign_in.conclude(attempt, Proof(failure=None), previous, stores, now))

    def _not_changed(self, attempt: Attempt, change: Change, stores: Stores, now: datetime) -> NotChanged:
        route = _clerks(attempt)
        verification = change.verification
        immutable_id = change.entry.immutable_id if change.entry is not None else ""
        account = attempt.account or stores.people.staff(route.directory.id, immutable_id)
        event = PasswordNotChanged(
            account_id=account.id if account is not None else None,
            client_id=attempt.client_id,
            directory_id=route.directory.id,
            status_code=change.outcome.value.upper(),
            name_hmac=self.sign_in.throttle.name_hmac(attempt.full_name),
            reason=verification.reason,
        )
        stores.audit.append(event, now)
        if verification.password_proven:  # nobody was guessing
            self.sign_in.throttle.succeeded(attempt.full_name, stores)
        return _as_told(change.outcome, verification)


def _tried(kept: KeptChange) -> Tried:
    if kept.new_hash is None:
        return Tried(_refused(kept.outcome, proven=kept.proven), None)
    change = Change(kept.outcome, Verification(AccountState.OK, password_proven=True), None)
    return Tried(change, Proof(failure=None), kept.new_hash)


def _refused(outcome: ChangeOutcome, *, proven: bool = False) -> Change:
    state = AccountState.OK if proven else AccountState.BAD_CREDENTIALS
    return Change(outcome, Verification(state, password_proven=proven), None)


def _as_told(outcome: ChangeOutcome, verification: Verification) -> NotChanged:
    if outcome is ChangeOutcome.UNAVAILABLE:
        return NotChanged(outcome)
    if not verification.password_proven:
        return NotChanged(ChangeOutcome.REFUSED if outcome in _REFUSED_BY_RULE else None)
    return NotChanged(outcome, failure_of(verification.state) if outcome is ChangeOutcome.STATE else None)


def _clerks(attempt: Attempt) -> DirectoryRoute:
    """Where a clerk's attempt leads. Raises TypeError for a citizen's, whom no page brings here."""
    if not isinstance(attempt.route, DirectoryRoute):
        message = "a citizen's password is not changed in a directory"
        raise TypeError(message)
    return attempt.route
