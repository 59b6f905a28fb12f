"""The groups of everybody at once, for a reading: those that `membership` reads of one person at a sign-in.

Only groups that an officer named are told, and only what leads to them is kept. Active Directory keeps the
way from a member to its groups (`memberOf`, a back link of [MS-ADTS] 3.1.1.1.6): there groups alone are read.
Elsewhere the members of the named groups are read and of those in them, about 100 bytes of memory each.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sso.directory.dn import comparable
from sso.directory.entry import Entry
from sso.directory.filters import Equals
from sso.directory.groups import DEPTH_MAX, Group, GroupRules, chooser
from sso.directory.ldap.membership import PAGE_SIZE, group_of, is_by_name
from sso.directory.ldap.messages import FoundEntry, Question
from sso.directory.ldap.server import Misconfigured
from sso.directory.presets import GroupStrategy, Vendor
from sso.directory.settings import DirectorySettings

Pages = Callable[[Question], Iterator[Sequence[FoundEntry]]]
"""Every page of an answer, or an exception."""
Known = Callable[[Entry], tuple[Group, ...] | None]
"""The groups of a person that an officer named; None when they cannot be told."""

GROUP_MAX_BYTES = 64 * 1024 * 1024
"""Of one answer: a million members."""
_FOREVER = 1 << 16
_DISTINCT_MAX = 1 << 16
_WITH_THE_ENTRY = frozenset({GroupStrategy.MEMBER_OF, GroupStrategy.NONE})
_Key = bytes


def are_with_the_entry(rules: GroupRules) -> bool:
    """Whether the entry of a person is all that must be read."""
    return rules.words.strategy in _WITH_THE_ENTRY


def attributes(settings: DirectorySettings) -> tuple[str, ...]:
    """What must be asked of people, beside what a sign-in asks."""
    if settings.groups is None or not _has_back_links(settings.vendor, settings.groups):
        return ()
    return (settings.groups.words.member_of_attribute,)


def groups_of_everybody(settings: DirectorySettings, rules: GroupRules, suffix: str, pages: Pages) -> Known:
    """What tells the groups of each person, once the groups are read; `suffix` holds all of the directory.

    Raises what `pages` raises, and Misconfigured when a server shows members in parts.
    """

    def scoped(question: Question) -> Iterator[Sequence[FoundEntry]]:
        return pages(replace(question, domain_scope=settings.preset.domain_scope))

    if _has_back_links(settings.vendor, rules):
        return _by_back_links(rules, suffix, scoped)
    if rules.words.strategy is GroupStrategy.IN_CHAIN:  # of another attribute: for sign-ins alone
        return lambda _: None
    return _by_members(settings.vendor, rules, scoped)


@dataclass(frozen=True, slots=True)
class Ladder:
    """From a group to the named ones that it is or is in, at most `levels` up, itself the first."""

    named: Mapping[_Key, Group]
    above: Mapping[_Key, Iterable[_Key]]
    levels: int
    _climbed: dict[_Key, frozenset[Group]] = field(default_factory=dict)

    def reached(self, direct: Iterable[_Key]) -> tuple[Group, ...]:
        """The named groups of a member of these groups."""
        return tuple({group for key in direct for group in self.top_of(key)})

    def top_of(self, key: _Key) -> frozenset[Group]:
        """The named groups of a member of this group."""
        known = self._climbed.get(key)
        if known is None:
            known = self._climbed[key] = frozenset(self._climb(key))
        return known

    def _climb(self, key: _Key) -> Iterator[Group]:
        level, seen = {key}, {key}
        for _ in range(self.levels):
            yield from (self.named[each] for each in level if each in self.named)
            level = {above for each in level for above in self.above.get(each, ())} - seen
            seen |= level
            if not level:
                return


def _by_back_links(rules: GroupRules, suffix: str, pages: Pages) -> Known:
    """The in-chain match goes through groups anywhere, a climb through those below the base."""
    words = rules.words
    back = words.member_of_attribute
    is_in_chain = words.strategy is GroupStrategy.IN_CHAIN
    is_chosen, named = chooser(rules), dict[_Key, Group]()
    above: dict[_Key, tuple[_Key, ...]] = {}
    for found in _all(pages, rules.base_dn, words.object_class, (words.name_attribute, back)):
        if is_chosen(group := group_of(found, rules)):
            named[_key_of_dn(group.dn)] = group
        above |= _groups_above(found, back)
    if is_in_chain:
        for found in _all(pages, suffix, "group", (back,)):
            above |= _groups_above(found, back)
    ladder = Ladder(named, above, _FOREVER if is_in_chain else DEPTH_MAX)

    @lru_cache(maxsize=_DISTINCT_MAX)
    def of_group(value: bytes) -> frozenset[Group]:
        return ladder.top_of(_key_of_dn(_text(value)))

    def known(entry: Entry) -> tuple[Group, ...] | None:
        if _is_in_parts(entry.attributes, back):
            return None
        values = entry.attributes.get(back.lower(), ())
        return tuple({group for value in values for group in of_group(value)})

    return known


def _by_members(vendor: Vendor, rules: GroupRules, pages: Pages) -> Known:
    """Level by level downwards from the named groups, whose members are people or groups below the base."""
    by_name, folds = is_by_name(rules), vendor.is_windows
    is_chosen, named = chooser(rules), dict[_Key, Group]()
    groups: set[_Key] = set()
    for found in _all(pages, rules.base_dn, rules.words.object_class, (rules.words.name_attribute,)):
        groups.add(key := _key_of_dn(found.dn))
        if is_chosen(group := group_of(found, rules)):
            named[key] = group
    above: dict[_Key, set[_Key]] = {}
    direct: dict[_Key, tuple[_Key, ...]] = {}
    same: dict[tuple[_Key, ...], tuple[_Key, ...]] = {}  # one tuple for all who are in the same groups
    level, levels = {key: group.dn for key, group in named.items()}, 1 if by_name else DEPTH_MAX
    seen = set(level)
    for _ in range(levels):
        below: dict[_Key, str] = {}
        for key, dn in level.items():
            for member in _members_of(dn, rules, pages):
                member_key = _key_of_name(member, folds=folds) if by_name else _key_of_dn(member)
                if member_key in groups:
                    above.setdefault(member_key, set()).add(key)
                    below[member_key] = member
                    continue
                found_in = (*direct.get(member_key, ()), key)
                direct[member_key] = same.setdefault(found_in, found_in)
        level = {key: dn for key, dn in below.items() if key not in seen}
        seen |= level.keys()
    ladder = Ladder(named, above, levels)

    def known(entry: Entry) -> tuple[Group, ...]:
        key = _key_of_name(entry.login_name, folds=folds) if by_name else _key_of_dn(entry.dn)
        return ladder.reached(direct.get(key, ()))

    return known


def _all(pages: Pages, base_dn: str, object_class: str, names: tuple[str, ...]) -> Iterator[FoundEntry]:
    question = Question(
        base_dn=base_dn,
        condition=Equals("objectClass", object_class.encode("ascii")),
        attributes=names,
        page_size=PAGE_SIZE,
        answer_max_bytes=GROUP_MAX_BYTES,
    )
    for page in pages(question):
        yield from page


def _members_of(dn: str, rules: GroupRules, pages: Pages) -> Iterator[str]:
    words = rules.words
    question = Question(
        base_dn=dn,
        condition=Equals("objectClass", words.object_class.encode("ascii")),
        attributes=(words.member_attribute,),
        base_only=True,
        answer_max_bytes=GROUP_MAX_BYTES,
    )
    for page in pages(question):
        for found in page:
            if _is_in_parts(found.attributes, words.member_attribute):
                message = f"the server shows {words.member_attribute} of {dn} in parts only"
                raise Misconfigured(message)
            for value in found.attributes.get(words.member_attribute.lower(), ()):
                yield _text(value)


def _has_back_links(vendor: Vendor, rules: GroupRules) -> bool:
    words = rules.words
    climbs = words.strategy in {GroupStrategy.IN_CHAIN, GroupStrategy.CLIMB}
    return vendor.is_windows and climbs and words.member_attribute.lower() == "member"


def _groups_above(found: FoundEntry, back: str) -> dict[_Key, tuple[_Key, ...]]:
    values = found.attributes.get(back.lower(), ())
    return {_key_of_dn(found.dn): tuple(_key_of_dn(_text(value)) for value in values)} if values else {}


def _is_in_parts(found: Mapping[str, tuple[bytes, ...]], attribute: str) -> bool:
    """[MS-ADTS] 3.1.1.3.1.3.3: more than 1500 values are shown under another name."""
    return any(name.startswith(f"{attribute.lower()};range=") for name in found)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _key_of_dn(dn: str) -> _Key:
    """Sixteen bytes in place of a hundred: nobody can make two of them equal."""
    return _digest("\0".join(comparable(dn)))


def _key_of_name(name: str, *, folds: bool) -> _Key:
    """RFC 2307 compares memberUid exactly, Active Directory without case."""
    return _digest(name.casefold() if folds else name)


def _digest(text: str) -> _Key:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
