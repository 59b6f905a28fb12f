"""What must be remembered of people: persons, their accounts, passwords and roles.

All methods work inside the one transaction that the caller opened. Times are aware and UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sso.directory.person import Account, ClaimValue, Departure, Person, Role


class LoginNameTaken(Exception):
    """Another citizen account has this login name."""


class RolesConflict(Exception):
    """The role may not be held together with one that the person already has."""


@dataclass(frozen=True, slots=True)
class PasswordCredential:
    """A password that the hub keeps, as an argon2id string over the peppered password.

    `must_change`: somebody else than its owner chose it.
    """

    account_id: str
    hash: str = field(repr=False)
    changed_at: datetime
    must_change: bool = False


class People(Protocol):
    """Persons and accounts."""

    def add_person(self, person: Person) -> None:
        """Remember a person (roles are granted apart)."""
        ...

    def add_account(self, account: Account, now: datetime) -> None:
        """Remember an account.

        Raises:
            LoginNameTaken: a citizen account of this name, or this directory's person, exists already.
        """
        ...

    def person(self, person_id: str) -> Person | None:
        """Return a person with their roles, or None."""
        ...

    def account(self, account_id: str) -> Account | None:
        """Return an account, or None."""
        ...

    def citizen(self, login_name: str) -> Account | None:
        """Return the citizen account of a normalised login name, or None."""
        ...

    def staff(self, directory_id: str, immutable_id: str) -> Account | None:
        """Return the staff account of a directory's person, or None."""
        ...

    def staff_named(self, directory_id: str, login_name: str) -> Sequence[Account]:
        """Return the staff accounts last seen under a name in any spelling, the latest first, a few at most.

        There is more than one when a department gave a leaver's name to a newcomer.
        """
        ...

    def accounts_of(self, person_id: str) -> Sequence[Account]:
        """Return every account of a person, oldest first."""
        ...

    def list_accounts(self, *, after: str, limit: int) -> Sequence[Account]:
        """Return accounts by ascending id, those after an id ("" from the start)."""
        ...

    def lock_account(self, account_id: str) -> None:
        """Let no other transaction that locks this account go on before this one ends."""
        ...

    def update_account(
        self, account_id: str, login_name: str, claims: Mapping[str, ClaimValue], now: datetime
    ) -> None:
        """Replace what a directory says about an account."""
        ...

    def disable_account(self, account_id: str, departure: Departure, now: datetime) -> bool:
        """Disable an account, or note another reason; true if anything changed.

        A final reason stands until the account is enabled; it was disabled when it was first.
        """
        ...

    def enable_account(self, account_id: str) -> bool:
        """Enable an account again; true if it was disabled."""
        ...

    def disable_person(self, person_id: str, now: datetime) -> bool:
        """Disable a person and so every account of theirs; true if they were enabled."""
        ...

    def enable_person(self, person_id: str) -> bool:
        """Enable a person again; true if they were disabled."""
        ...

    def note_state(self, account_id: str, checked_at: datetime) -> None:
        """Note when the directory said that an account may be used; an earlier time changes nothing."""
        ...

    def move_account(self, account_id: str, person_id: str) -> None:
        """Give an account to another person; a person left without accounts and roles is removed."""
        ...

    def grant_role(self, person_id: str, role: Role, now: datetime) -> bool:
        """Grant a role; false if it is held already.

        Raises:
            RolesConflict: no two roles are ever held together.
        """
        ...

    def revoke_role(self, person_id: str, role: Role) -> bool:
        """Take a role; false if it was not held."""
        ...


class Credentials(Protocol):
    """Passwords of citizens, and of clerks whose department has no directory of its own."""

    def get(self, account_id: str) -> PasswordCredential | None:
        """Return the credential of an account, or None."""
        ...

    def for_update(self, account_id: str) -> PasswordCredential | None:
        """Return the credential as it is now, and let nobody replace it before the end."""
        ...

    def put(self, credential: PasswordCredential) -> None:
        """Set or replace the credential of an account."""
        ...

    def forget(self, account_id: str) -> None:
        """Remove the credential of an account, if it has one."""
        ...


@dataclass(frozen=True, slots=True)
class Attempts:
    """Attempts under one key since `window_started_at`, the last one included."""

    count: int
    window_started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Attempts of one window that were refused: how many, the first and the last of them, when it ends."""

    key: bytes
    key_class: str
    refused: int
    window_started_at: datetime
    first_at: datetime
    last_at: datetime
    ends_at: datetime


class Throttles(Protocol):
    """Counters of attempts, by the keyed digest of what is counted."""

    def attempt(self, key: bytes, *, window_seconds: int, now: datetime) -> Attempts:
        """Count an attempt and return the new state, atomically: concurrent callers see other counts."""
        ...

    def forget(self, key: bytes) -> None:
        """Reset a counter, after a success."""
        ...

    def refuse(self, refusals: Refusals) -> None:
        """Add refusals to those of the same key and window, atomically."""
        ...

    def take_refusals(self, ended_before: datetime, limit: int) -> Sequence[Refusals]:
        """Remove and return refusals of windows that ended before a time; each to one caller only."""
        ...
