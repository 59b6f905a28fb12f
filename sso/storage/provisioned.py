"""What departments brought over SCIM, in SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql

from sso.directory.provisioned import IndexedValue, Link, NameTaken, Resource, ResourceKind
from sso.directory.provisioned_query import Question
from sso.storage.columns import Text
from sso.storage.provisioned_search import counted, found
from sso.storage.tables import provisioned_member, provisioned_resource, provisioned_value
from sso.storage.unit_of_work import UnitOfWork

_R, _V, _M = provisioned_resource.c, provisioned_value.c, provisioned_member.c
_id: BindParameter[str] = bindparam("key", type_=Text)
_ids: BindParameter[Any] = bindparam("keys", type_=Text, expanding=True)
AT_ONCE = 200
"""Ids in one statement."""

_GET = select(provisioned_resource).where(
    _R.id == _id, _R.directory_id == bindparam("directory"), _R.kind == bindparam("of_kind")
)
_NAMED = select(provisioned_resource).where(
    _R.directory_id == bindparam("directory"),
    _R.kind == bindparam("of_kind"),
    _R.name == bindparam("called"),
)
_ADD = postgresql.insert(provisioned_resource).on_conflict_do_nothing().returning(_R.id)
_REPLACE = (
    update(provisioned_resource)
    .where(_R.id == _id, _R.version == bindparam("before"))
    .values(
        name=bindparam("new_name"),
        active=bindparam("new_active"),
        attributes=bindparam("new_attributes"),
        version=bindparam("new_version"),
        updated_at=bindparam("now"),
    )
)
_REMOVE = delete(provisioned_resource).where(_R.id == _id, _R.version == bindparam("before"))
_FORGET_VALUES = delete(provisioned_value).where(_V.resource_id == _id)
_MEMBERS = (
    select(_M.user_id, _R.name)
    .join(provisioned_resource, _R.id == _M.user_id)
    .where(_M.group_id == _id)
    .order_by(_M.user_id)
    .limit(bindparam("size"))
)
_TOUCH = (
    update(provisioned_resource)
    .where(_R.id == _id)
    .values(version=_R.version + 1, updated_at=bindparam("now"))
)
_ADD_MEMBER = postgresql.insert(provisioned_member).on_conflict_do_nothing()
_REMOVE_MEMBER = delete(provisioned_member).where(_M.group_id == _id, _M.user_id == bindparam("member"))


class SqlProvisioned:
    """`sso.directory.provisioned.Provisioned` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, directory_id: str, kind: ResourceKind, resource_id: str) -> Resource | None:
        """Return a resource of this department, or None."""
        key = {"key": resource_id, "directory": directory_id, "of_kind": kind.value}
        return _resource_or_none(self._unit.row(_GET, key))

    def named(self, directory_id: str, kind: ResourceKind, name: str) -> Resource | None:
        """Return the resource of this name, or None."""
        key = {"directory": directory_id, "of_kind": kind.value, "called": name}
        return _resource_or_none(self._unit.row(_NAMED, key))

    def add(self, resource: Resource, values: Collection[IndexedValue]) -> None:
        """Remember a resource.

        Raises:
            NameTaken: nothing was added.
        """
        row = {
            "id": resource.id,
            "directory_id": resource.directory_id,
            "kind": resource.kind.value,
            "name": resource.name,
            "account_id": resource.account_id,
            "active": resource.active,
            "attributes": dict(resource.attributes),
            "version": resource.version,
            "created_at": resource.created_at,
            "updated_at": resource.updated_at,
        }
        if self._unit.row(_ADD, row) is None:
            raise NameTaken
        self._index(resource, values)

    def replace(self, resource: Resource, values: Collection[IndexedValue]) -> bool:
        """Put a resource in the place of its version before; false if that is not the present one.

        Raises:
            NameTaken: nothing was changed.
        """
        other = self.named(resource.directory_id, resource.kind, resource.name)
        if other is not None and other.id != resource.id:
            raise NameTaken
        changes = {
            "key": resource.id,
            "before": resource.version - 1,
            "new_name": resource.name,
            "new_active": resource.active,
            "new_attributes": dict(resource.attributes),
            "new_version": resource.version,
            "now": resource.updated_at,
        }
        if self._unit.change(_REPLACE, changes) == 0:
            return False
        self._unit.change(_FORGET_VALUES, {"key": resource.id})
        self._index(resource, values)
        return True

    def remove(self, resource: Resource) -> bool:
        """Forget a resource with its values and memberships; false if this version is not the present one."""
        return self._unit.change(_REMOVE, {"key": resource.id, "before": resource.version}) == 1

    def search(self, question: Question) -> Sequence[Resource]:
        """Return a page of what a question finds."""
        return [_resource(row) for row in self._unit.rows(found(question))]

    def count(self, question: Question) -> int:
        """Return how much a question finds, whatever its page."""
        row = self._unit.row(counted(question))
        return 0 if row is None else int(row.number)

    def known_users(self, directory_id: str, ids: Collection[str]) -> frozenset[str]:
        """Return those ids that are users of this department."""
        known: set[str] = set()
        for part in _parts(ids):
            statement = select(_R.id).where(
                _R.id.in_(part), _R.directory_id == directory_id, _R.kind == ResourceKind.USER.value
            )
            known |= {row.id for row in self._unit.rows(statement)}
        return frozenset(known)

    def members(self, group_id: str, limit: int) -> Sequence[Link]:
        """Return the users of a group by ascending id, at most so many."""
        rows = self._unit.rows(_MEMBERS, {"key": group_id, "size": limit})
        return [Link(row.user_id, row.name) for row in rows]

    def groups_of(self, user_ids: Collection[str]) -> Mapping[str, Sequence[Link]]:
        """Return the groups of users, by user id; who is in none is left out."""
        found_groups: dict[str, list[Link]] = {}
        for part in _parts(user_ids):
            statement = (
                select(_M.user_id, _R.id, _R.attributes)
                .join(provisioned_resource, _R.id == _M.group_id)
                .where(_M.user_id.in_(part))
                .order_by(_M.user_id, _R.id)
            )
            for row in self._unit.rows(statement):
                link = Link(row.id, str(row.attributes.get("displayName", "")))
                found_groups.setdefault(row.user_id, []).append(link)
        return found_groups

    def add_members(self, group_id: str, user_ids: Collection[str]) -> None:
        """Put users into a group; those who are in it already stay."""
        for user_id in sorted(user_ids):
            self._unit.change(_ADD_MEMBER, {"group_id": group_id, "user_id": user_id})

    def remove_members(self, group_id: str, user_ids: Collection[str]) -> None:
        """Take users out of a group."""
        for user_id in sorted(user_ids):
            self._unit.change(_REMOVE_MEMBER, {"key": group_id, "member": user_id})

    def touch(self, ids: Collection[str], now: datetime) -> None:
        """Give resources a new version, as what is said of their memberships has changed."""
        for resource_id in sorted(ids):  # in one order, or two writers of the same ones wait for each other
            self._unit.change(_TOUCH, {"key": resource_id, "now": now})

    def _index(self, resource: Resource, values: Collection[IndexedValue]) -> None:
        for value in values:
            row = {
                "resource_id": resource.id,
                "attribute": value.attribute,
                "place": value.place,
                "directory_id": resource.directory_id,
                "kind": resource.kind.value,
                "key": value.key,
            }
            self._unit.collect(provisioned_value, row)
        self._unit.flush()


def _parts(ids: Collection[str]) -> Sequence[list[str]]:
    every = sorted(ids)
    return [every[start : start + AT_ONCE] for start in range(0, len(every), AT_ONCE)]


def _resource_or_none(row: Row[Any] | None) -> Resource | None:
    return None if row is None else _resource(row)


def _resource(row: Row[Any]) -> Resource:
    return Resource(
        directory_id=row.directory_id,
        kind=ResourceKind(row.kind),
        id=row.id,
        name=row.name,
        account_id=row.account_id,
        active=row.active,
        attributes=row.attributes,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
