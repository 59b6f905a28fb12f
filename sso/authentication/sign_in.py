"""One sign-in attempt in three steps, so that no transaction waits for a hash or a directory.

prepare   in a transaction: count the attempt, look the account up
prove     outside: argon2, or the department's directory
conclude  in a transaction: the session with its audit events, or the failure with its own
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sso.audit.event import SignInFailed, SignInSucceeded
from sso.authentication import clerks, sessions
from sso.authentication.conflicts import note_contested
from sso.authentication.evidence import Factor, assurance_of
from sso.authentication.kept_accounts import known_here, usable
from sso.authentication.password import PasswordHash, TooBusy
from sso.authentication.password_in_name import PasswordInName, recorded
from sso.authentication.sessions import SignedInAs
from sso.authentication.stores import Stores
from sso.authentication.throttling import ThrottleRules
from sso.directory.account_state import AS_STATE, departure_of
from sso.directory.entry import Entry
from sso.directory.person import Account
from sso.directory.routing import CitizenRoute, DirectoryRoute, Name, counted_name
from sso.directory.settings import DirectorySettings
from sso.directory.stores import PasswordCredential
from sso.directory.verification import AccountState, Authentication, Verification
from sso.oidc.session import Session
from sso.oidc.settings import Settings


class Failure(StrEnum):
    """Why a sign-in failed, in the log's words (audit.md 2c, event 4)."""

    UNKNOWN_USER = "UNKNOWN_USER"
    BAD_CREDENTIAL = "BAD_CREDENTIAL"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED"
    ACCOUNT_EXPIRED = "ACCOUNT_EXPIRED"
    PASSWORD_EXPIRED = "PASSWORD_EXPIRED"
    PASSWORD_MUST_CHANGE = "PASSWORD_MUST_CHANGE"
    POLICY_DENIED = "POLICY_DENIED"
    DIRECTORY_UNAVAILABLE = "DIRECTORY_UNAVAILABLE"
    TOO_BUSY = "TOO_BUSY"


_OF_STATE: Mapping[AccountState, Failure] = {
    AccountState.MUST_CHANGE: Failure.PASSWORD_MUST_CHANGE,
    AccountState.EXPIRED: Failure.PASSWORD_EXPIRED,
    AccountState.LOCKED: Failure.ACCOUNT_LOCKED,
    AccountState.DISABLED: Failure.ACCOUNT_DISABLED,
    AccountState.ACCOUNT_EXPIRED: Failure.ACCOUNT_EXPIRED,
    AccountState.NOT_NOW: Failure.POLICY_DENIED,
    AccountState.BAD_CREDENTIALS: Failure.BAD_CREDENTIAL,
    AccountState.POLICY: Failure.POLICY_DENIED,
    AccountState.UNAVAILABLE: Failure.DIRECTORY_UNAVAILABLE,
}
_TELLABLE_WITHOUT_PROOF = frozenset({Failure.DIRECTORY_UNAVAILABLE, Failure.TOO_BUSY})


def failure_of(state: AccountState) -> Failure:
    """The failure that a state other than OK stands for."""
    return _OF_STATE.get(state, Failure.BAD_CREDENTIAL)


class Directory(Protocol):
    """What a department's directory can be asked (`sso.directory.ldap.LdapDirectory`)."""

    def authenticate(self, name: Name, password: bytes) -> Authentication:
        """Search and bind; an outage is a state, never an exception."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that was let through: where the name leads, and who it is if the hub keeps the password.

    `password_in_name` is what its page saw of a password that was typed as a name.
    """

    route: CitizenRoute | DirectoryRoute
    client_id: str | None
    account: Account | None = None
    credential: PasswordCredential | None = None
    password_in_name: PasswordInName | None = None

    @property
    def by_directory(self) -> bool:
        """Whether a department's own directory judges the password; else the hub keeps its hash."""
        return isinstance(self.route, DirectoryRoute) and self.route.directory.keeps_passwords

    @property
    def full_name(self) -> str:
        """The name with its realm, for counting: one name in two departments is two names."""
        return counted_name(self.route)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What proving brought: a failure or none, for a clerk the entry. `tellable` if the page may say why."""

    failure: Failure | None
    tellable: bool = False
    entry: Entry | None = None
    reason: str = ""
    new_hash: str | None = field(default=None, repr=False)
    verification: Verification | None = None
    contested: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class PasswordEnds:
    """A clerk's password ends soon: seconds left, and sign-ins left when it has ended already (else None)."""

    seconds_left: int
    grace_logins: int | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A success: the session, the secret for its cookie, and what to warn of."""

    session: Session
    cookie: str = field(repr=False)
    password_ends: PasswordEnds | None = None


@dataclass(frozen=True, slots=True)
class NotSignedIn:
    """A failure as the page may tell it: None means "name or password is wrong", whatever the truth."""

    failure: Failure | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """The means of proving: password hash, throttle rules, and the departments' directories by id."""

    passwords: PasswordHash
    throttle: ThrottleRules
    directories: Mapping[str, Directory]
    settings: Settings

    def prepare(
        self,
        route: CitizenRoute | DirectoryRoute,
        client_id: str | None,
        address: str | None,
        stores: Stores,
        now: datetime,
    ) -> Attempt:
        """Count the attempt and look up whose password is kept here.

        Raises:
            Throttled: too many attempts for this name or network.
        """
        attempt = Attempt(route=route, client_id=client_id)
        self.throttle.count_attempt(attempt.full_name, address, stores, now)
        if attempt.by_directory:
            return attempt
        account = known_here(route, stores)
        credential = stores.credentials.get(account.id) if account is not None else None
        return Attempt(route=route, client_id=client_id, account=account, credential=credential)

    def prove(self, attempt: Attempt, password: str) -> Proof:
        """Try the password where the name leads, and nowhere else."""
        if isinstance(attempt.route, DirectoryRoute) and attempt.by_directory:
            return self._prove_clerk(attempt.route, password)
        return self._prove_kept(attempt, password)

    def _prove_clerk(self, route: DirectoryRoute, password: str) -> Proof:
        directory = self.directories[route.directory.id]
        answer = directory.authenticate(route.name, password.encode("utf-8", "surrogatepass"))
        state = answer.verification.state
        if state is AccountState.OK and answer.entry is not None:
            return Proof(failure=None, entry=answer.entry, verification=answer.verification)
        failure = failure_of(state)
        if failure is Failure.BAD_CREDENTIAL and answer.entry is None:
            failure = Failure.UNKNOWN_USER
        tellable = answer.verification.password_proven or failure in _TELLABLE_WITHOUT_PROOF
        reason = answer.verification.reason
        return Proof(
            failure=failure,
            tellable=tellable,
            entry=answer.entry,
            reason=reason,
            contested=answer.contested,
        )

    def _prove_kept(self, attempt: Attempt, password: str) -> Proof:
        known = attempt.credential.hash if attempt.credential is not None else None
        try:
            right = self.passwords.verify(password, known)
            outdated = right and known is not None and self.passwords.outdated(known)
            new_hash = self.passwords.make(password) if outdated else None
        except TooBusy:
            return Proof(failure=Failure.TOO_BUSY, tellable=True)
        if not right:
            return Proof(failure=Failure.UNKNOWN_USER if attempt.account is None else Failure.BAD_CREDENTIAL)
        if attempt.credential is not None and attempt.credential.must_change:
            return Proof(failure=Failure.PASSWORD_MUST_CHANGE, tellable=True)
        return Proof(failure=None, new_hash=new_hash)

    def conclude(
        self,
        attempt: Attempt,
        proof: Proof,
        previous: Session | None,
        stores: Stores,
        now: datetime,
    ) -> SignedIn | NotSignedIn:
        """Begin the session, or record the failure."""
        proof = _with_state(attempt, proof, now)
        account = self._account(attempt, proof, stores, now)
        note_contested(proof.contested, stores, now)
        failure, tellable = proof.failure, proof.tellable
        if failure is None and attempt.credential is not None and not _still_known(attempt, stores):
            failure = Failure.BAD_CREDENTIAL
        if failure is None and (account is None or not usable(account, stores)):
            failure, tellable = Failure.ACCOUNT_DISABLED, True
        if failure is not None or account is None:
            failure = failure or Failure.UNKNOWN_USER
            self._record_failure(replace(attempt, account=account), failure, proof.reason, stores, now)
            return NotSignedIn(failure if tellable else None)
        self.throttle.succeeded(attempt.full_name, stores)
        if proof.new_hash is not None:
            stores.credentials.put(PasswordCredential(account.id, proof.new_hash, now))
        assurance = assurance_of(frozenset({Factor.PASSWORD}))
        session, cookie = sessions.begin(SignedInAs(account, assurance, previous), stores, self.settings, now)
        success = SignInSucceeded(
            account_id=account.id,
            session_id=session.id,
            client_id=attempt.client_id,
            directory_id=account.directory_id,
            acr=assurance.acr,
            amr=assurance.amr,
            password_in_name=recorded(attempt.password_in_name, is_known=True),
        )
        stores.audit.append(success, now)
        return SignedIn(session, cookie, _password_ends(attempt, proof, now))

    def _account(self, attempt: Attempt, proof: Proof, stores: Stores, now: datetime) -> Account | None:
        if isinstance(attempt.route, DirectoryRoute) and attempt.by_directory:
            if proof.entry is None or proof.failure is not None:
                # Nobody's entry is looked up as well: an unknown name must not take less time.
                immutable_id = proof.entry.immutable_id if proof.entry is not None else ""
                return stores.people.staff(attempt.route.directory.id, immutable_id)
            return clerks.welcome(proof.entry, attempt.route.directory, stores, now)
        return stores.people.account(attempt.account.id) if attempt.account is not None else None

    def _record_failure(
        self, attempt: Attempt, failure: Failure, reason: str, stores: Stores, now: datetime
    ) -> None:
        directory_id = attempt.route.directory.id if isinstance(attempt.route, DirectoryRoute) else None
        sign = attempt.password_in_name
        event = SignInFailed(
            account_id=attempt.account.id if attempt.account is not None else None,
            client_id=attempt.client_id,
            directory_id=directory_id,
            status_code=failure.value,
            name_hmac=self.throttle.name_hmac(attempt.full_name),
            reason=reason,
            password_in_name=recorded(sign, is_known=failure is not Failure.UNKNOWN_USER),
        )
        stores.audit.append(event, now)


def _with_state(attempt: Attempt, proof: Proof, now: datetime) -> Proof:
    """Heed what the entry says of its account where the server lets it bind all the same (shadowExpire)."""
    if not isinstance(attempt.route, DirectoryRoute) or proof.entry is None or proof.failure is not None:
        return proof
    directory = attempt.route.directory
    if not isinstance(directory, DirectorySettings):
        return proof
    departure = departure_of(proof.entry.attributes, directory.vendor, now)
    state = AS_STATE.get(departure) if departure is not None else None
    if state is None:
        return proof
    return replace(proof, failure=failure_of(state), tellable=True, reason=f"the entry says {departure}")


def _password_ends(attempt: Attempt, proof: Proof, now: datetime) -> PasswordEnds | None:
    """What the directory said of the password's end, when that is near enough to be told."""
    if not isinstance(attempt.route, DirectoryRoute) or proof.verification is None:
        return None
    left = proof.verification.seconds_left(now)
    if left is None or left > attempt.route.directory.warn_days * 86_400:
        return None
    return PasswordEnds(left, proof.verification.grace_logins)


def _still_known(attempt: Attempt, stores: Stores) -> bool:
    """Whether the password that was tried has not been replaced while it was tried."""
    return (
        attempt.account is not None
        and stores.credentials.for_update(attempt.account.id) == attempt.credential
    )
