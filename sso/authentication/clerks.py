"""A clerk's account: made at the first sign-in, kept in step with the directory at every later one.

Where a department brings its people over SCIM, made and kept in step whenever it writes.
"""

from dataclasses import dataclass
from datetime import datetime

from sso.audit.event import AccountCreated, AccountUpdated
from sso.authentication.conflicts import note_namesakes
from sso.authentication.leaver import restore_access
from sso.authentication.stores import Stores
from sso.directory.department import Department
from sso.directory.entry import Entry
from sso.directory.mapping import FROM_GROUPS, account_claims
from sso.directory.person import Account, AccountKind, ClaimValue, Person
from sso.oidc.digest import new_id


def account_of(
    entry: Entry, settings: Department, stores: Stores, now: datetime, source: str = "directory"
) -> Account | None:
    """Return the account of a directory's entry, found by its immutable id alone.

    A rename, a move or a new mail address changes the account's claims, never which account it is. Groups
    that were not read this time stay as they were known; the claims say when there are none. None for
    somebody who was purged: an older copy of the directory gives nobody their access back.
    """
    claims = account_claims(entry, settings)
    known = stores.people.staff(settings.id, entry.immutable_id)
    if known is None and stores.register.is_purged(settings.id, entry.immutable_id):
        return None
    if known is None:
        return _create(_New(entry, settings, claims, source), stores, now)
    if settings.groups is not None and entry.groups is None:
        claims = {**{name: known.claims[name] for name in FROM_GROUPS if name in known.claims}, **claims}
    if dict(known.claims) == claims and known.login_name == entry.login_name:
        return known
    stores.people.update_account(known.id, entry.login_name, claims, now)
    stores.register.outdate(settings.id, entry.immutable_id)
    changed = {
        name for name in claims.keys() | known.claims.keys() if claims.get(name) != known.claims.get(name)
    }
    if known.login_name != entry.login_name:
        changed.add("login_name")
    stores.audit.append(
        AccountUpdated(account_id=known.id, claims_changed=frozenset(changed), source=source), now
    )
    updated = stores.people.account(known.id) or known
    if known.login_name != entry.login_name:
        note_namesakes(updated, stores, now)
    return updated


def welcome(entry: Entry, settings: Department, stores: Stores, now: datetime) -> Account | None:
    """Return the account of a clerk whom the directory has just let in: whatever it said before is over.

    What an officer decided is not. None for somebody who was purged.
    """
    account = account_of(entry, settings, stores, now)
    if account is None:
        return None
    stores.people.note_state(account.id, now)
    if restore_access(account, "directory", stores, now):
        note_namesakes(account, stores, now)
    return stores.people.account(account.id) or account


@dataclass(frozen=True, slots=True)
class _New:
    entry: Entry
    settings: Department
    claims: dict[str, ClaimValue]
    source: str


def _create(new: _New, stores: Stores, now: datetime) -> Account:
    entry, claims = new.entry, new.claims
    person = Person(
        id=new_id(), name=str(claims.get("name", entry.login_name)), disabled_at=None, roles=frozenset()
    )
    account = Account(
        id=new_id(),
        person_id=person.id,
        kind=AccountKind.STAFF,
        login_name=entry.login_name,
        directory_id=new.settings.id,
        immutable_id=entry.immutable_id,
        claims=claims,
        disabled_at=None,
    )
    stores.people.add_person(person)
    stores.people.add_account(account, now)
    event = AccountCreated(
        account_id=account.id,
        person_id=person.id,
        kind=account.kind.value,
        source=new.source,
        directory_id=new.settings.id,
    )
    stores.audit.append(event, now)
    note_namesakes(account, stores, now)
    return account
