"""A department's system writes its groups over SCIM: the claims of who is in them follow."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sso.audit.event.provisioning import (
    ProvisionedGroupChanged,
    ProvisionedGroupCreated,
    ProvisionedGroupDeleted,
)
from sso.audit.record import JsonValue
from sso.authentication.provisioning import Provisioner, new_resource_id, sync_claims
from sso.authentication.stores import Stores
from sso.directory.provisioned import IndexedValue, NameTaken, Resource, ResourceKind

MEMBERS_MAX = 10_000
"""Users in one group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenGroup:
    """A group as it shall be; `members` are the ids of users of the department."""

    attributes: Mapping[str, JsonValue] = field(repr=False)
    values: Collection[IndexedValue] = field(repr=False)
    members: frozenset[str]

    @property
    def name(self) -> str:
        """The displayName as it is compared."""
        return str(self.attributes["displayName"]).casefold()


def add_group(by: Provisioner, written: WrittenGroup, stores: Stores, now: datetime) -> Resource:
    """Add a group with its members.

    Raises:
        NameTaken: the department has a group of this displayName; nothing was added.
    """
    if stores.provisioned.named(by.directory_id, ResourceKind.GROUP, written.name) is not None:
        raise NameTaken
    resource = Resource(
        directory_id=by.directory_id,
        kind=ResourceKind.GROUP,
        id=new_resource_id(now),
        name=written.name,
        account_id=None,
        active=True,
        attributes=written.attributes,
        version=1,
        created_at=now,
        updated_at=now,
    )
    stores.provisioned.add(resource, written.values)
    stores.provisioned.add_members(resource.id, written.members)
    event = ProvisionedGroupCreated(
        client_id=by.client_id,
        directory_id=by.directory_id,
        resource_id=resource.id,
        members_added=written.members,
    )
    stores.audit.append(event, now)
    _follow(by, written.members, stores, now, names={written.name})
    return resource


def change_group(
    by: Provisioner, known: Resource, written: WrittenGroup, stores: Stores, now: datetime
) -> Resource | None:
    """Put a group in the place of what is known; None if somebody else has changed it meanwhile.

    Raises:
        NameTaken: another group of the department has the displayName; nothing was changed.
    """
    before = members_of(known, stores)
    added, removed = written.members - before, before - written.members
    names = {*known.attributes, *written.attributes}
    changed = frozenset(name for name in names if known.attributes.get(name) != written.attributes.get(name))
    if not (changed or added or removed):
        return known
    resource = replace(
        known,
        name=written.name,
        attributes=written.attributes,
        version=known.version + 1,
        updated_at=now,
    )
    if not stores.provisioned.replace(resource, written.values):
        return None
    stores.provisioned.add_members(known.id, added)
    stores.provisioned.remove_members(known.id, removed)
    event = ProvisionedGroupChanged(
        client_id=by.client_id,
        directory_id=by.directory_id,
        resource_id=known.id,
        attributes_changed=changed,
        members_added=added,
        members_removed=removed,
    )
    stores.audit.append(event, now)
    renamed = known.attributes.get("displayName") != written.attributes.get("displayName")
    affected = before | added if renamed else added | removed
    _follow(by, affected, stores, now, names={known.name, written.name})
    return resource


def remove_group(by: Provisioner, known: Resource, stores: Stores, now: datetime) -> bool:
    """Remove a group; false if somebody else has changed it meanwhile."""
    members = members_of(known, stores)
    if not stores.provisioned.remove(known):
        return False
    event = ProvisionedGroupDeleted(
        client_id=by.client_id,
        directory_id=by.directory_id,
        resource_id=known.id,
        members_removed=members,
    )
    stores.audit.append(event, now)
    _follow(by, members, stores, now, names={known.name})
    return True


def members_of(group: Resource, stores: Stores) -> frozenset[str]:
    """Return the ids of everybody in a group."""
    return frozenset(link.id for link in stores.provisioned.members(group.id, MEMBERS_MAX + 1))


def _follow(
    by: Provisioner, user_ids: Collection[str], stores: Stores, now: datetime, *, names: Collection[str]
) -> None:
    """What is said of the users has changed: their versions, and their claims if the group is released."""
    stores.provisioned.touch(user_ids, now)
    rules = by.settings.groups
    known = () if rules is None else (*rules.released, *rules.roles)
    if {name.casefold() for name in known} & set(names):
        sync_claims(by, user_ids, stores, now)
