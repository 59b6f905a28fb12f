"""The groups of a person, those that contain their groups included, by the vendor's own way."""

from collections.abc import Callable, Sequence

from sso.directory.dn import comparable
from sso.directory.entry import Entry
from sso.directory.filters import AllOf, AnyOf, Equals, Filter
from sso.directory.groups import DEPTH_MAX, GROUPS_MAX, Group, GroupRules, named
from sso.directory.ldap.messages import FoundEntry, Question
from sso.directory.presets import IN_CHAIN_RULE, GroupStrategy

PAGE_SIZE = 500
_VALUES_PER_FILTER = 200
_BY_NAME = "memberuid"  # RFC 2307: members are login names, and groups are in no groups

Ask = Callable[[Question], Sequence[FoundEntry]]
"""Every entry that a question finds, to the last page, or an exception of the connection."""


class TooManyGroups(Exception):
    """A person is in more groups than can be read: what was found is not the whole."""


def groups_of(entry: Entry, rules: GroupRules, ask: Ask) -> tuple[Group, ...]:
    """Every group of the person.

    Raises:
        TooManyGroups: more than GROUPS_MAX.
    """
    found = _ways(rules.words.strategy)(entry, rules, ask)
    if len(found) > GROUPS_MAX:
        raise TooManyGroups
    return tuple(found)


def is_by_name(rules: GroupRules) -> bool:
    """Whether members are login names in place of DNs."""
    return rules.words.member_attribute.lower() == _BY_NAME


def _ways(strategy: GroupStrategy) -> Callable[[Entry, GroupRules, Ask], list[Group]]:
    match strategy:
        case GroupStrategy.MEMBER_OF:
            return _member_of
        case GroupStrategy.IN_CHAIN:
            return _in_chain
        case GroupStrategy.CLIMB:
            return _climb
        case GroupStrategy.NONE:
            return lambda *_: []


def _member_of(entry: Entry, rules: GroupRules, _: Ask) -> list[Group]:
    """The server keeps an attribute of the person that holds them all."""
    values = entry.attributes.get(rules.words.member_of_attribute.lower(), ())
    return [named(value.decode("utf-8", "replace"), rules.words) for value in values]


def _in_chain(entry: Entry, rules: GroupRules, ask: Ask) -> list[Group]:
    """Active Directory follows the members itself ([MS-ADTS] 3.1.1.3.4.4.3)."""
    member = Equals(rules.words.member_attribute, entry.dn.encode("utf-8"), IN_CHAIN_RULE)
    return [group_of(found, rules) for found in ask(_question(rules, member))]


def _climb(entry: Entry, rules: GroupRules, ask: Ask) -> list[Group]:
    """Level by level: which groups have one of the last level as a member. A circle ends by itself."""
    by_name = is_by_name(rules)
    level = [entry.login_name if by_name else entry.dn]
    known: dict[tuple[str, ...], Group] = {}
    for _ in range(1 if by_name else DEPTH_MAX):
        found = [group_of(each, rules) for each in _with_members(level, rules, ask)]
        new = {comparable(group.dn): group for group in found if comparable(group.dn) not in known}
        known |= new
        level = [group.dn for group in new.values()]
        if not level or len(known) > GROUPS_MAX:
            break
    return list(known.values())


def _with_members(members: Sequence[str], rules: GroupRules, ask: Ask) -> list[FoundEntry]:
    found: list[FoundEntry] = []
    for start in range(0, len(members), _VALUES_PER_FILTER):
        part = members[start : start + _VALUES_PER_FILTER]
        conditions = tuple(Equals(rules.words.member_attribute, member.encode("utf-8")) for member in part)
        found += ask(_question(rules, conditions[0] if len(conditions) == 1 else AnyOf(conditions)))
    return found


def _question(rules: GroupRules, condition: Filter) -> Question:
    is_group = Equals("objectClass", rules.words.object_class.encode("ascii"))
    return Question(
        base_dn=rules.base_dn,
        condition=AllOf((is_group, condition)),
        attributes=(rules.words.name_attribute,),
        domain_scope=rules.words.strategy is GroupStrategy.IN_CHAIN,
        page_size=PAGE_SIZE,
    )


def group_of(found: FoundEntry, rules: GroupRules) -> Group:
    """The group of an entry that was asked for its name."""
    names = found.attributes.get(rules.words.name_attribute.lower(), ())
    return Group(found.dn, names[0].decode("utf-8", "replace") if names else "")
