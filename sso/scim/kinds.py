"""What users and groups do differently: reading, keeping and showing them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from scim2_models import (
    Group,
    InvalidValueException,
    ListResponse,
    PatchOp,
    ResponseParameters,
    SearchRequest,
    TooManyException,
)

from sso.authentication import provisioned_groups, provisioning
from sso.authentication.password_rules import PasswordRefused
from sso.authentication.provisioned_groups import MEMBERS_MAX, WrittenGroup
from sso.authentication.provisioning import OfficersPassword, WrittenUser
from sso.authentication.stores import Stores
from sso.directory.provisioned import Link, Resource, ResourceKind
from sso.directory.routing import DirectoryRoute, route
from sso.scim import documents
from sso.scim.call import Call
from sso.scim.resource_types import AnyResource, HubUser

Written = TypeVar("Written")
LINKS_MAX = 20_000
"""Members shown in one answer."""


class Kind(Protocol, Generic[Written]):
    """One kind of resource."""

    @property
    def kind(self) -> ResourceKind: ...  # noqa: D102 - the noun says it
    @property
    def model(self) -> Any: ...  # noqa: D102
    @property
    def patches(self) -> Any: ...  # noqa: D102
    @property
    def searches(self) -> Any: ...  # noqa: D102
    @property
    def lists(self) -> Any: ...  # noqa: D102
    @property
    def projections(self) -> Any: ...  # noqa: D102

    def written(self, call: Call, model: Any, known: Resource | None) -> Written:
        """Return what shall be kept. Call it in no transaction: a password is hashed.

        Raises:
            SCIMException: invalidValue.
        """
        ...

    def add(self, call: Call, written: Written, stores: Stores) -> Resource:
        """Keep a new one. Raises NameTaken."""
        ...

    def change(self, call: Call, known: Resource, written: Written, stores: Stores) -> Resource | None:
        """Keep it in the place of what is known; None if that was changed meanwhile. Raises NameTaken."""
        ...

    def ends(self, known: Resource, written: Written) -> bool:
        """Whether that change ends somebody's access."""
        ...

    def remove(self, call: Call, known: Resource, stores: Stores) -> bool:
        """Forget it; false if it was changed meanwhile."""
        ...

    def shown(
        self, call: Call, found: Sequence[Resource], stores: Stores, wanted: ResponseParameters[Any]
    ) -> list[AnyResource]:
        """Return resources as documents, with what of other resources belongs to them."""
        ...


@dataclass(frozen=True, slots=True)
class Users:
    """People."""

    kind: ResourceKind = ResourceKind.USER
    model: Any = HubUser
    patches: Any = PatchOp[HubUser]
    searches: Any = SearchRequest[HubUser]
    lists: Any = ListResponse[HubUser]
    projections: Any = ResponseParameters[HubUser]

    def written(self, call: Call, model: Any, known: Resource | None) -> WrittenUser:
        """Return the user to be kept; a password is checked by the rules and hashed."""
        attributes = documents.kept(model)
        self._check_name(call, str(attributes["userName"]))
        active = model.active if model.active is not None else known is None or known.active
        return WrittenUser(
            attributes=attributes,
            active=active,
            values=documents.indexed(self.kind, attributes),
            password_hash=None if model.password is None else _hashed(call, model),
        )

    def _check_name(self, call: Call, user_name: str) -> None:
        try:
            call.by.settings.login_name(user_name)
            found = route(user_name, call.hub.directories)
        except ValueError as error:
            raise InvalidValueException(detail=f"userName: {error}") from error
        if isinstance(found, DirectoryRoute) and found.directory.id != call.by.directory_id:
            raise InvalidValueException(detail="userName: that realm is another department's")

    def add(self, call: Call, written: WrittenUser, stores: Stores) -> Resource:
        """Keep a new user."""
        return provisioning.add_user(call.by, written, stores, call.now)

    def change(self, call: Call, known: Resource, written: WrittenUser, stores: Stores) -> Resource | None:
        """Keep it in the place of what is known."""
        try:
            return provisioning.change_user(call.by, known, written, stores, call.now)
        except OfficersPassword as refused:
            detail = "password: this person is an officer of the hub, who alone may choose it"
            raise InvalidValueException(detail=detail) from refused

    def ends(self, known: Resource, written: WrittenUser) -> bool:
        """Whether the user is switched off: what else is written is of somebody who cannot use it."""
        return known.active and not written.active

    def remove(self, call: Call, known: Resource, stores: Stores) -> bool:
        """Forget a user."""
        return provisioning.remove_user(call.by, known, stores, call.now)

    def shown(
        self, call: Call, found: Sequence[Resource], stores: Stores, wanted: ResponseParameters[Any]
    ) -> list[AnyResource]:
        """Return users with their groups."""
        groups: Mapping[str, Sequence[Link]] = {}
        if found and _wants("groups", wanted):
            groups = stores.provisioned.groups_of([user.id for user in found])
        return [documents.user_document(call, user, groups.get(user.id, ())) for user in found]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of people."""

    kind: ResourceKind = ResourceKind.GROUP
    model: Any = Group
    patches: Any = PatchOp[Group]
    searches: Any = SearchRequest[Group]
    lists: Any = ListResponse[Group]
    projections: Any = ResponseParameters[Group]

    def written(self, call: Call, model: Any, known: Resource | None) -> WrittenGroup:
        """Return the group to be kept."""
        attributes = documents.kept(model)
        name = str(attributes["displayName"])
        if not name.strip():
            raise InvalidValueException(detail="displayName is empty")
        members = frozenset(member.value for member in model.members or () if member.value is not None)
        if len(members) != len(model.members or ()):
            raise InvalidValueException(detail="members: each needs its own value")
        if len(members) > MEMBERS_MAX:
            raise InvalidValueException(detail=f"members: at most {MEMBERS_MAX}")
        values = documents.indexed(self.kind, attributes)
        return WrittenGroup(attributes=attributes, values=values, members=members)

    def add(self, call: Call, written: WrittenGroup, stores: Stores) -> Resource:
        """Keep a new group."""
        _check_members(call, written.members, stores)
        return provisioned_groups.add_group(call.by, written, stores, call.now)

    def change(self, call: Call, known: Resource, written: WrittenGroup, stores: Stores) -> Resource | None:
        """Keep it in the place of what is known."""
        added = written.members - provisioned_groups.members_of(known, stores)
        try:
            _check_members(call, added, stores)
        except InvalidValueException:
            if _is_present(known, stores):
                raise
            return None  # whoever is missing was a member when it was read
        return provisioned_groups.change_group(call.by, known, written, stores, call.now)

    def ends(self, known: Resource, written: WrittenGroup) -> bool:
        """Never: a group gives claims, and no access."""
        return False

    def remove(self, call: Call, known: Resource, stores: Stores) -> bool:
        """Forget a group."""
        return provisioned_groups.remove_group(call.by, known, stores, call.now)

    def shown(
        self, call: Call, found: Sequence[Resource], stores: Stores, wanted: ResponseParameters[Any]
    ) -> list[AnyResource]:
        """Return groups with their members, unless those are not asked for."""
        if not _wants("members", wanted):
            return [documents.group_document(call, group, None) for group in found]
        shown, left = [], LINKS_MAX
        for group in found:
            members = stores.provisioned.members(group.id, min(MEMBERS_MAX, left) + 1)
            left -= len(members)
            if left < 0:
                raise TooManyException(detail="too many members at once: use excludedAttributes=members")
            shown.append(documents.group_document(call, group, members))
        return shown


def _hashed(call: Call, user: Any) -> str:
    try:
        call.hub.password_rules.check(user.password, names=(user.user_name, user.display_name or ""))
        return call.hub.passwords.make(user.password)
    except PasswordRefused as refused:
        raise InvalidValueException(detail=f"password: {refused}") from refused


def _check_members(call: Call, members: frozenset[str], stores: Stores) -> None:
    unknown = members - stores.provisioned.known_users(call.by.directory_id, members)
    if unknown:
        raise InvalidValueException(
            detail=f"members: {min(unknown)[:64]!r} is no user of this department; groups are no members"
        )


def _is_present(known: Resource, stores: Stores) -> bool:
    """Whether a resource is still as it is known."""
    now = stores.provisioned.get(known.directory_id, known.kind, known.id)
    return now is not None and now.version == known.version


def _wants(name: str, wanted: ResponseParameters[Any]) -> bool:
    """Whether an answer will hold an attribute or one of its parts."""
    if wanted.attributes:
        return any(_names(path, name) for path in wanted.attributes)
    return not any(str(path).rpartition(":")[2].lower() == name for path in wanted.excluded_attributes or ())


def _names(path: object, name: str) -> bool:
    return str(path).rpartition(":")[2].partition(".")[0].lower() == name
