"""A department as its clerks sign in: whatever keeps its people, LDAP (`settings`) or SCIM (`scim`)."""

from collections.abc import Mapping
from typing import Protocol

from sso.directory.claim_rules import ClaimRule


class ReleasedGroups(Protocol):
    """Which groups leave the hub: from a group's name to the value of the claims `groups` and `roles`."""

    @property
    def released(self) -> Mapping[str, str]: ...  # noqa: D102 - the noun says it
    @property
    def roles(self) -> Mapping[str, str]: ...  # noqa: D102


class Department(Protocol):
    """What signing in, routing and claims need to know. The fields are those of `DirectorySettings`."""

    @property
    def id(self) -> str: ...  # noqa: D102 - the noun says it
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def realms(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def upn_suffixes(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def mail_domains(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def login_attribute(self) -> str: ...  # noqa: D102
    @property
    def warn_days(self) -> int: ...  # noqa: D102
    @property
    def rules(self) -> Mapping[str, ClaimRule]: ...  # noqa: D102
    @property
    def groups(self) -> ReleasedGroups | None: ...  # noqa: D102
    @property
    def keeps_passwords(self) -> bool:
        """Whether the department's own directory judges passwords; else the hub keeps their hashes."""
        ...

    @property
    def changes_passwords(self) -> bool:
        """Whether clerks can change their password during a sign-in."""
        ...

    def display_name(self, language_tag: str) -> str:
        """The department's name in that language, else the plain name."""
        ...
