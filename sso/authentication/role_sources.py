"""Whether the directories release what an application's roles are to be made of: an officer's typing error is
refused, where it would give nobody a role and say nothing."""

from collections.abc import Mapping, Sequence

from sso.audit.record import JsonValue
from sso.directory.department import Department
from sso.oidc.client import Client
from sso.oidc.registration import InvalidClientMetadata
from sso.oidc.roles import RoleRule, role_rule


def check_role_sources(
    metadata: Mapping[str, JsonValue], client: Client | None, directories: Sequence[Department]
) -> None:
    """Accept metadata whose new role rules name what a directory releases; those before stay as they are.

    Raises:
        InvalidClientMetadata: a rule names another directory or value.
    """
    given = metadata.get("role_mapping")
    before = () if client is None else client.role_mapping
    for text in given if isinstance(given, list) else ():
        rule = role_rule(text) if isinstance(text, str) and text not in before else None
        if rule is not None:
            _check(rule, directories)


def _check(rule: RoleRule, directories: Sequence[Department]) -> None:
    named = next((each for each in directories if each.id == rule.directory_id), None)
    if named is None:
        raise InvalidClientMetadata(f"role_mapping: there is no directory {rule.directory_id}")
    tables = named.groups
    table = {} if tables is None else tables.released if rule.claim == "groups" else tables.roles
    if rule.value not in table.values():
        released = ", ".join(sorted(set(table.values()))) or "none at all"
        raise InvalidClientMetadata(
            f"role_mapping: {rule.directory_id} releases no {rule.claim} of that name, but {released}"
        )
