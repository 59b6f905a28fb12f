"""People and groups that departments bring over SCIM, as they are remembered.

A resource is found by its own id, never by a name: names are changed and re-used. All methods work inside the
one transaction that the caller opened. Times are aware and UTC.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sso.audit.record import JsonValue
from sso.directory.provisioned_query import Question


class ResourceKind(StrEnum):
    """What a resource is (RFC 7643 4)."""

    USER = "User"
    GROUP = "Group"


class NameTaken(Exception):
    """Another resource of this department has the name (RFC 7644 3.12, uniqueness)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A user or a group of one department.

    `name` is what must be unique there: a user's sign-in name, a group's displayName in small letters.
    `account_id` is a user's, None for a group. `active` is the department's word, True for a group.
    `attributes` are the SCIM attributes under their names of RFC 7643, without `id`, `meta`, `schemas`,
    `groups`, `members` and `password`. `version` grows with every change.
    """

    directory_id: str
    kind: ResourceKind
    id: str
    name: str
    account_id: str | None
    active: bool
    attributes: Mapping[str, JsonValue] = field(repr=False)
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class IndexedValue:
    """One value of an attribute as filters compare it: `place` 0 is the primary value, else the first."""

    attribute: str
    place: int
    key: str


@dataclass(frozen=True, slots=True)
class Link:
    """The other end of a membership: a resource's id and the name to show."""

    id: str
    display: str


class Provisioned(Protocol):
    """Resources, their searchable values and memberships."""

    def get(self, directory_id: str, kind: ResourceKind, resource_id: str) -> Resource | None:
        """Return a resource of this department, or None."""
        ...

    def named(self, directory_id: str, kind: ResourceKind, name: str) -> Resource | None:
        """Return the resource of this name, or None."""
        ...

    def add(self, resource: Resource, values: Collection[IndexedValue]) -> None:
        """Remember a resource.

        Raises:
            NameTaken: nothing was added.
        """
        ...

    def replace(self, resource: Resource, values: Collection[IndexedValue]) -> bool:
        """Put a resource in the place of its version before; false if that is not the present one.

        Raises:
            NameTaken: nothing was changed.
        """
        ...

    def remove(self, resource: Resource) -> bool:
        """Forget a resource with its values and memberships; false if this version is not the present one."""
        ...

    def search(self, question: Question) -> Sequence[Resource]:
        """Return a page of what a question finds."""
        ...

    def count(self, question: Question) -> int:
        """Return how much a question finds, whatever its page."""
        ...

    def known_users(self, directory_id: str, ids: Collection[str]) -> frozenset[str]:
        """Return those ids that are users of this department."""
        ...

    def members(self, group_id: str, limit: int) -> Sequence[Link]:
        """Return the users of a group by ascending id, at most so many."""
        ...

    def groups_of(self, user_ids: Collection[str]) -> Mapping[str, Sequence[Link]]:
        """Return the groups of users, by user id; who is in none is left out."""
        ...

    def add_members(self, group_id: str, user_ids: Collection[str]) -> None:
        """Put users into a group; those who are in it already stay."""
        ...

    def remove_members(self, group_id: str, user_ids: Collection[str]) -> None:
        """Take users out of a group."""
        ...

    def touch(self, ids: Collection[str], now: datetime) -> None:
        """Give resources a new version, as what is said of their memberships has changed."""
        ...
