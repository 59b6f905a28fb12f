"""The roles of a person in one application: what an officer mapped, under names that the application chose.

    case-worker=civil/roles/registrar    who has the role `registrar` as the directory `civil` releases it
    reader=civil/groups/staff            who is in the group `staff` that it releases

What is not mapped is no role, whatever a directory says: a client learns nothing of roles elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sso.audit.record import JsonValue
from sso.oidc.account import Subject
from sso.oidc.client import Client

CLAIM = "roles"
FROM = ("groups", "roles")
"""Claims of an account that roles are made of."""

_RULE = re.compile(
    r"(?P<name>[^\s=/]{1,64})=(?P<directory_id>[a-z0-9-]{1,64})/(?P<claim>groups|roles)/(?P<value>.{1,128})"
)


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Who has a value among a claim of a directory has the role `name` in the application."""

    name: str
    directory_id: str
    claim: str
    value: str


def role_rule(text: str) -> RoleRule | None:
    """Return the rule that a text is, or None."""
    found = _RULE.fullmatch(text)
    return RoleRule(**found.groupdict()) if found is not None and text.isprintable() else None


def claims_for(client: Client, subject: Subject) -> Mapping[str, JsonValue]:
    """Return what is known of a person as this client may know it: of roles only its own.

    A clerk of a directory that releases groups has a list of them, maybe an empty one; others have none.
    """
    known = {name: value for name, value in subject.claims.items() if name != CLAIM}
    if subject.directory_id is None or not subject.claims.keys() & set(FROM):
        return known
    return {**known, CLAIM: _roles(client.role_mapping, subject)}


def _roles(mapping: Sequence[str], subject: Subject) -> list[JsonValue]:
    rules = (rule for text in mapping if (rule := role_rule(text)) is not None)
    return [*sorted({rule.name for rule in rules if _holds(rule, subject)})]


def _holds(rule: RoleRule, subject: Subject) -> bool:
    values = subject.claims.get(rule.claim)
    return rule.directory_id == subject.directory_id and isinstance(values, list) and rule.value in values
