"""The groups of a clerk, and which of them leave the hub as what.

Only groups that an officer named are released, under the name that the services know: what a department
calls its groups, and which it has, is its own affair.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sso.directory.dn import comparable, first_value
from sso.directory.presets import GroupWords

DEPTH_MAX = 8
"""Levels of groups in groups that are followed; more is a mistake of somebody."""
GROUPS_MAX = 1000
"""Groups of one person that are read; the token of more would be refused by every web server."""
VALUE_MAX_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class Group:
    """One group that a person is in, directly or through others."""

    dn: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRules:
    """Where groups are and what becomes of them.

    `released` and `roles` lead from a group, by its name or its DN, to the value that the claims `groups`
    and `roles` then hold. `words` are the vendor's unless changed.
    """

    base_dn: str
    words: GroupWords
    released: Mapping[str, str] = field(default_factory=dict, hash=False)
    roles: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "released", MappingProxyType(dict(self.released)))
        object.__setattr__(self, "roles", MappingProxyType(dict(self.roles)))
        check_released(self.released, self.roles)


def check_released(*tables: Mapping[str, str]) -> None:
    """Check what groups are released as.

    Raises:
        ValueError: nothing is released, or a value is no name of a group or role.
    """
    if not any(tables):
        msg = "groups are read for nothing: name some in released or in roles"
        raise ValueError(msg)
    for value in (value for table in tables for value in table.values()):
        if not value.strip() or len(value) > VALUE_MAX_CHARACTERS or not value.isprintable():
            msg = f"{value!r} is not the name of a group or role: printable, at most 128 characters"
            raise ValueError(msg)


def released(groups: Iterable[Group], table: Mapping[str, str]) -> list[str]:
    """What a table makes of a person's groups, sorted, each once."""
    groups = tuple(groups)
    names = {group.name.casefold() for group in groups}
    dns = {comparable(group.dn) for group in groups} if any("=" in key for key in table) else set()
    return sorted({value for key, value in table.items() if _is_in(key, names, dns)})


def chooser(rules: GroupRules) -> Callable[[Group], bool]:
    """Whether anything is released for a group; for asking it of many."""
    keys = {*rules.released, *rules.roles}
    dns = {comparable(key) for key in keys if "=" in key}
    names = {key.casefold() for key in keys if "=" not in key}
    return lambda group: group.name.casefold() in names or (bool(dns) and comparable(group.dn) in dns)


def named(dn: str, words: GroupWords) -> Group:
    """A group of which only the DN is known."""
    return Group(dn, first_value(dn, words.name_attribute) or "")


def _is_in(key: str, names: set[str], dns: set[tuple[str, ...]]) -> bool:
    return comparable(key) in dns if "=" in key else key.casefold() in names
