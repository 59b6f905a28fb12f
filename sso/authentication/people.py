"""What operators and officers do with people: add, disable, reset, grant a role.

Every function works inside the caller's transaction and records what it did; `source` says through which
door it came (command, console, demo).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sso.audit.event import (
    AccountCreated,
    PasswordChanged,
    PasswordReset,
    RoleGranted,
    RoleRevoked,
)
from sso.authentication.leaver import Leave, end_access, end_person, restore_access
from sso.authentication.sessions import end_every
from sso.authentication.stores import Stores
from sso.directory.person import Account, AccountKind, Departure, Person, Role
from sso.directory.stores import PasswordCredential
from sso.oidc.digest import new_id
from sso.oidc.session import SessionEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCitizen:
    """Someone to be added: a normalised login name, claims by their OpenID names, a password hash or none."""

    login_name: str
    name: str
    claims: Mapping[str, str] = field(repr=False)
    password_hash: str | None = field(default=None, repr=False)


def add_citizen(citizen: NewCitizen, source: str, stores: Stores, now: datetime) -> Account:
    """Add a person with a citizen account.

    Raises:
        LoginNameTaken: the login name belongs to somebody.
    """
    person = Person(id=new_id(), name=citizen.name, disabled_at=None, roles=frozenset())
    account = Account(
        id=new_id(),
        person_id=person.id,
        kind=AccountKind.CITIZEN,
        login_name=citizen.login_name,
        directory_id=None,
        immutable_id=None,
        claims={"name": citizen.name, "preferred_username": citizen.login_name, **citizen.claims},
        disabled_at=None,
    )
    stores.people.add_person(person)
    stores.people.add_account(account, now)
    stores.audit.append(
        AccountCreated(account_id=account.id, person_id=person.id, kind=account.kind.value, source=source),
        now,
    )
    if citizen.password_hash is not None:
        put_first_password(PasswordCredential(account.id, citizen.password_hash, now), source, stores)
    return account


def set_password(account: Account, password_hash: str, source: str, stores: Stores, now: datetime) -> None:
    """Replace a citizen's password and end every access that the old one gave."""
    put_password(PasswordCredential(account.id, password_hash, now), source, stores)


def put_first_password(credential: PasswordCredential, source: str, stores: Stores) -> None:
    """Give an account that was just made its password: there was none that it replaces."""
    stores.credentials.put(credential)
    event = PasswordChanged(account_id=credential.account_id, source=source)
    stores.audit.append(event, credential.changed_at)


def put_password(credential: PasswordCredential, source: str, stores: Stores) -> None:
    """Replace a password that the hub keeps and end every access that the old one gave."""
    account_id, now = credential.account_id, credential.changed_at
    stores.credentials.put(credential)
    stores.audit.append(PasswordReset(account_id=account_id, source=source), now)
    end_every(account_id, SessionEnd.PASSWORD_RESET, stores, now)


def disable(account: Account, source: str, reason: str, stores: Stores, now: datetime) -> bool:
    """Disable an account by an officer's decision and end every access of it; false if one had before."""
    leave = Leave(departure=Departure.OFFICER, source=source, words=reason)
    return end_access(account, leave, stores, now)


def enable(account: Account, source: str, stores: Stores, now: datetime) -> bool:
    """Enable an account again, whatever it was disabled for; false if it was enabled."""
    return restore_access(account, source, stores, now, overrule=True)


def disable_person(person_id: str, source: str, reason: str, stores: Stores, now: datetime) -> bool:
    """Disable a person by an officer's decision: every account of theirs; false if they were disabled."""
    leave = Leave(departure=Departure.OFFICER, source=source, words=reason)
    return end_person(person_id, leave, stores, now)


def grant_role(person_id: str, role: Role, source: str, stores: Stores, now: datetime) -> bool:
    """Grant an officer's role; false if it was held.

    Raises:
        RolesConflict: no two roles are ever held together.
    """
    if not stores.people.grant_role(person_id, role, now):
        return False
    stores.audit.append(RoleGranted(person_id=person_id, role=role.value, source=source), now)
    return True


def revoke_role(person_id: str, role: Role, source: str, stores: Stores, now: datetime) -> bool:
    """Take an officer's role; false if it was not held."""
    if not stores.people.revoke_role(person_id, role):
        return False
    stores.audit.append(RoleRevoked(person_id=person_id, role=role.value, source=source), now)
    return True
