"""Events: a department's own system manages its people and groups over SCIM.

`directory_id` names the department, `client_id` the application that acted for it.
"""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class UserProvisioned:
    """A department brought a person; the account's own event stands beside this one."""

    code: ClassVar[str] = "provisioning.user.created"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    directory_id: str
    account_id: str
    resource_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedUserChanged:
    """A department changed what it says of a person: names of attributes, never values."""

    code: ClassVar[str] = "provisioning.user.changed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    directory_id: str
    account_id: str
    resource_id: str
    attributes_changed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedUserDeleted:
    """A department removed a person; every access ended with it."""

    code: ClassVar[str] = "provisioning.user.deleted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    client_id: str
    directory_id: str
    account_id: str
    resource_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedGroupCreated:
    """A department brought a group; its members by their resource ids."""

    code: ClassVar[str] = "provisioning.group.created"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    directory_id: str
    resource_id: str
    members_added: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedGroupChanged:
    """A department changed a group: names of attributes, and who came and went by their resource ids."""

    code: ClassVar[str] = "provisioning.group.changed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    directory_id: str
    resource_id: str
    attributes_changed: frozenset[str]
    members_added: frozenset[str]
    members_removed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedGroupDeleted:
    """A department removed a group; whoever was in it is in it no more."""

    code: ClassVar[str] = "provisioning.group.deleted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    client_id: str
    directory_id: str
    resource_id: str
    members_removed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedRead:
    """A department's system read its people or groups: one by its id, or what a filter found.

    `filtered_by` are the attributes that the filter names, never the values; `results` counts what was shown.
    """

    code: ClassVar[str] = "provisioning.read"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    directory_id: str
    kind: str
    resource_id: str | None = None
    filtered_by: frozenset[str] = frozenset()
    results: int = 1
