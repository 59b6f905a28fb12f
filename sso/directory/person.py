"""One human and the accounts under which that human signs in.

A person may hold one citizen account and several staff accounts; a token speaks of one account only.
The key of a staff account is (directory_id, immutable_id), never a DN, a login name or a mail address:
those three are changed and re-used by departments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

ClaimValue: TypeAlias = str | list[str]
"""What an account says under one claim's name: a text, or for groups and roles a list."""


class Role(StrEnum):
    """What an officer may do: read the log, register applications, or decide whose accounts are whose.

    No two are ever held together.
    """

    AUDITOR = "auditor"
    CLIENT_MANAGER = "client_manager"
    PEOPLE_MANAGER = "people_manager"


class AccountKind(StrEnum):
    """Whether an account is a citizen's own or lent by a department to its clerk."""

    CITIZEN = "citizen"
    STAFF = "staff"


class Departure(StrEnum):
    """Why an account may not be used: what its directory says of the person, or what an officer decided.

    `DISABLED`, `LOCKED` and `EXPIRED` are states of an entry, `MOVED` is an entry outside of the search base
    or filter, `GONE` is one that a complete search did not find, `PURGED` is an account that never returns.
    """

    DISABLED = "disabled"
    LOCKED = "locked"
    EXPIRED = "expired"
    MOVED = "moved"
    GONE = "gone"
    PURGED = "purged"
    OFFICER = "officer"

    @property
    def is_final(self) -> bool:
        """Whether only an officer may let the account in again, whatever a directory says."""
        return self in {Departure.PURGED, Departure.OFFICER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human. `disabled_at` (UTC) is None while the person may sign in."""

    id: str
    name: str
    disabled_at: datetime | None
    roles: frozenset[str]

    def __post_init__(self) -> None:
        """Raise ValueError when two roles are held: nobody audits their own changes."""
        if len(self.roles) > 1:
            msg = "a person has one officer's role, never two"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One persona of a person.

    `directory_id` and `immutable_id` are None for a citizen and text for staff.
    `claims` are the last known claim values, for staff those mapped from the directory entry.
    `disabled_at` (UTC) is None while the account may be used, and `disabled_for` says why it may not.
    `state_checked_at` (UTC) is when its directory last said that it may; None for a citizen.
    """

    id: str
    person_id: str
    kind: AccountKind
    login_name: str
    directory_id: str | None
    immutable_id: str | None
    claims: Mapping[str, ClaimValue] = field(repr=False)
    disabled_at: datetime | None
    disabled_for: Departure | None = None
    state_checked_at: datetime | None = None

    def text_claim(self, name: str) -> str | None:
        """A claim that is a text; None when the account has none of that name."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else None

    def __post_init__(self) -> None:
        """Raise ValueError when the kind and the directory key disagree."""
        keyed = self.directory_id is not None and self.immutable_id is not None
        unkeyed = self.directory_id is None and self.immutable_id is None
        if not (keyed if self.kind is AccountKind.STAFF else unkeyed):
            msg = "a staff account has a directory id and an immutable id, a citizen has neither"
            raise ValueError(msg)


def meant(accounts: Sequence[Account]) -> Account | None:
    """The account that a name means, of all that bear it: the only one in use, else the only one.

    Departments give a leaver's name to a newcomer: of several nobody is picked.
    """
    candidates = [account for account in accounts if account.disabled_at is None] or accounts
    return candidates[0] if len(candidates) == 1 else None
