"""A department's system writes its people over SCIM: accounts, passwords and access follow at once.

What is written was read and checked before (`sso.scim`); a password comes as its hash. Somebody else than its
owner chose it, so it must be changed at the first sign-in.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sso.audit.event.provisioning import (
    ProvisionedUserChanged,
    ProvisionedUserDeleted,
    UserProvisioned,
)
from sso.audit.record import JsonValue, new_event_id
from sso.authentication import clerks, people
from sso.authentication.leaver import Leave, end_access, restore_access
from sso.authentication.stores import Stores
from sso.directory.person import Account, Departure
from sso.directory.provisioned import IndexedValue, NameTaken, Resource, ResourceKind
from sso.directory.scim import ScimSettings, entry_of
from sso.directory.stores import PasswordCredential

SOURCE = "scim"
_INACTIVE = Leave(departure=Departure.DISABLED, source=SOURCE)
_REMOVED = Leave(departure=Departure.PURGED, source=SOURCE)


@dataclass(frozen=True, slots=True)
class Provisioner:
    """Who writes: an application, for the one department whose people it manages."""

    client_id: str
    settings: ScimSettings

    @property
    def directory_id(self) -> str:
        """The department's id."""
        return self.settings.id


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenUser:
    """A user as it shall be. `password_hash` is None where no password was written."""

    attributes: Mapping[str, JsonValue] = field(repr=False)
    active: bool
    values: Collection[IndexedValue] = field(repr=False)
    password_hash: str | None = field(default=None, repr=False)

    @property
    def user_name(self) -> str:
        """The userName, which every user has."""
        return str(self.attributes["userName"])


class OfficersPassword(Exception):
    """Whoever holds an officer's role has no password that a department's system knows."""


def new_resource_id(now: datetime) -> str:
    """Return an id that sorts by time (RFC 9562 5.7): pages stay as they are while others are added."""
    return new_event_id(now)


def add_user(by: Provisioner, written: WrittenUser, stores: Stores, now: datetime) -> Resource:
    """Add a person with a staff account.

    Raises:
        NameTaken: the department has this userName; nothing was added.
    """
    name, resource_id = by.settings.login_name(written.user_name), new_resource_id(now)
    if stores.provisioned.named(by.directory_id, ResourceKind.USER, name) is not None:
        raise NameTaken
    account = _account(by, resource_id, written.attributes, stores, now)
    resource = Resource(
        directory_id=by.directory_id,
        kind=ResourceKind.USER,
        id=resource_id,
        name=name,
        account_id=account.id,
        active=written.active,
        attributes=written.attributes,
        version=1,
        created_at=now,
        updated_at=now,
    )
    stores.provisioned.add(resource, written.values)
    event = UserProvisioned(
        client_id=by.client_id,
        directory_id=by.directory_id,
        account_id=account.id,
        resource_id=resource_id,
    )
    stores.audit.append(event, now)
    if written.password_hash is not None:
        people.put_first_password(_credential(account, written.password_hash, stores, now), SOURCE, stores)
    if not written.active:
        end_access(account, _INACTIVE, stores, now)
    return resource


def change_user(
    by: Provisioner, known: Resource, written: WrittenUser, stores: Stores, now: datetime
) -> Resource | None:
    """Put a user in the place of what is known; None if somebody else has changed it meanwhile.

    Raises:
        NameTaken: another user of the department has the userName; nothing was changed.
        OfficersPassword: a password was written for an officer; nothing may be kept.
    """
    changed = _changed(known, written)
    if not changed:
        return known
    resource = replace(
        known,
        name=by.settings.login_name(written.user_name),
        active=written.active,
        attributes=written.attributes,
        version=known.version + 1,
        updated_at=now,
    )
    if not stores.provisioned.replace(resource, written.values):
        return None
    account = _account(by, known.id, written.attributes, stores, now)
    event = ProvisionedUserChanged(
        client_id=by.client_id,
        directory_id=by.directory_id,
        account_id=account.id,
        resource_id=known.id,
        attributes_changed=changed,
    )
    stores.audit.append(event, now)
    if written.password_hash is not None:
        people.put_password(_credential(account, written.password_hash, stores, now), SOURCE, stores)
    if known.active and not written.active:
        end_access(account, _INACTIVE, stores, now)
    elif written.active and not known.active:
        restore_access(account, SOURCE, stores, now)
    return resource


def remove_user(by: Provisioner, known: Resource, stores: Stores, now: datetime) -> bool:
    """Remove a user, and with the user every access; false if somebody else has changed it meanwhile.

    After false nothing may be kept: the caller rolls back.
    The account stays, disabled: the log and the services still speak of it. Whoever comes under the same
    userName later is somebody else.
    """
    groups = stores.provisioned.groups_of([known.id]).get(known.id, ())
    stores.provisioned.touch([group.id for group in groups], now)  # groups first, as whoever changes a group
    if not stores.provisioned.remove(known):
        return False
    account = None if known.account_id is None else stores.people.account(known.account_id)
    if account is not None:
        stores.credentials.forget(account.id)
        end_access(account, _REMOVED, stores, now)
    event = ProvisionedUserDeleted(
        client_id=by.client_id,
        directory_id=by.directory_id,
        account_id=known.account_id or "",
        resource_id=known.id,
    )
    stores.audit.append(event, now)
    return True


def sync_claims(by: Provisioner, user_ids: Collection[str], stores: Stores, now: datetime) -> None:
    """Bring the accounts of users in step with the groups that they are in now."""
    for user_id in sorted(user_ids):
        user = stores.provisioned.get(by.directory_id, ResourceKind.USER, user_id)
        if user is not None:
            _account(by, user.id, user.attributes, stores, now)


def _account(
    by: Provisioner, resource_id: str, attributes: Mapping[str, JsonValue], stores: Stores, now: datetime
) -> Account:
    groups = stores.provisioned.groups_of([resource_id]).get(resource_id, ())
    entry = entry_of(by.settings, resource_id, attributes, [group.display for group in groups])
    account = clerks.account_of(entry, by.settings, stores, now, source=SOURCE)
    if account is None:
        message = "an id that the hub made itself was purged"
        raise RuntimeError(message)
    return account


def _credential(account: Account, password_hash: str, stores: Stores, now: datetime) -> PasswordCredential:
    person = stores.people.person(account.person_id)
    if person is not None and person.roles:
        raise OfficersPassword
    return PasswordCredential(account.id, password_hash, now, must_change=True)


def _changed(known: Resource, written: WrittenUser) -> frozenset[str]:
    before, after = known.attributes, written.attributes
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if known.active != written.active:
        names.add("active")
    if written.password_hash is not None:
        names.add("password")
    return frozenset(names)
