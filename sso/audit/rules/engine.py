"""Evaluate rules over records in the order of the log: one pass, memory bounded by groups and time spans."""

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from sso.audit.record import AuditRecord
from sso.audit.rules.condition import Truth
from sso.audit.rules.selection import Fields, Selection, fields_of

MAX_GROUPS = 100_000
MAX_EVIDENCE = 1_000
Key = tuple[str, ...]
_State = TypeVar("_State")


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as the nodes of a rule are given it."""

    id: str
    at: datetime
    fields: Fields


class Node(Protocol):
    """A part of a rule: returns the ids of the records that together are what it looks for, or nothing."""

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Take the next record."""
        ...


@dataclass(frozen=True, slots=True)
class Matching:
    """Records that a condition over selections means."""

    selections: Mapping[str, Selection]
    truth: Truth

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Return the record's own id if it is meant."""
        holds = {name: selection.holds(seen.fields) for name, selection in self.selections.items()}
        return (seen.id,) if self.truth(holds) else ()


@dataclass(slots=True)
class Counting:
    """At least `least` matches of a group within a time span; of `distinct` values where a field is named."""

    node: Node
    group_by: tuple[str, ...]
    span: timedelta
    least: int
    distinct: str | None = None
    _groups: OrderedDict[Key, deque[tuple[datetime, str, str]]] = field(default_factory=OrderedDict)

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Return the ids of a group that has enough; its count then begins anew."""
        found = self.node.feed(seen)
        key = _key(seen.fields, self.group_by)
        value = seen.id if self.distinct is None else seen.fields.get(self.distinct)
        if not found or key is None or value is None:
            return ()
        group = _group(self._groups, key, deque(maxlen=MAX_EVIDENCE))
        group.append((seen.at, found[-1], str(value)))
        while group and seen.at - group[0][0] > self.span:
            group.popleft()
        if len({each[2] for each in group}) < self.least:
            return ()
        del self._groups[key]
        return tuple(each[1] for each in group)


@dataclass(slots=True)
class Ordered:
    """Matches of several nodes, one after the other, of one group within a time span."""

    nodes: Sequence[Node]
    group_by: tuple[str, ...]
    span: timedelta
    _groups: OrderedDict[Key, tuple[datetime, tuple[str, ...], int]] = field(default_factory=OrderedDict)

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Return the ids of the whole sequence when its last step has come."""
        steps = [node.feed(seen) for node in self.nodes]
        key = _key(seen.fields, self.group_by)
        if key is None or not any(steps):
            return ()
        begun, ids, reached = self._groups.get(key, (seen.at, (), 0))
        if reached and seen.at - begun > self.span:
            begun, ids, reached = seen.at, (), 0
        if not steps[reached]:
            return ()
        ids = (*ids, *steps[reached])[-MAX_EVIDENCE:]
        begun = seen.at if reached == 0 else begun
        self._groups.pop(key, None)
        if reached + 1 == len(self.nodes):
            return ids
        _group(self._groups, key, (begun, ids, reached + 1))
        return ()


@dataclass(slots=True)
class NewTerm:
    """Values that were not seen together for as long as `baseline`, after as long of learning."""

    node: Node
    fields: tuple[str, ...]
    baseline: timedelta
    _last: OrderedDict[Key, datetime] = field(default_factory=OrderedDict)
    _first: datetime | None = None

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Return the record's id if one of its terms is new."""
        self._first = self._first or seen.at
        if not self.node.feed(seen):
            return ()
        new = False
        for key in _terms(seen.fields, self.fields):
            last = self._last.get(key)
            new |= last is None or seen.at - last > self.baseline
            self._last.pop(key, None)
            _group(self._last, key, seen.at)
        return (seen.id,) if new and seen.at - self._first >= self.baseline else ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is shown, and the node that decides."""

    name: str
    id: str
    title: str
    description: str
    level: str
    node: Node = field(repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """Records that together are what a rule looks for: their ids, the last one's time and group."""

    rule: Rule
    ids: tuple[str, ...]
    at: datetime


def matches(rules: Sequence[Rule], records: Iterator[AuditRecord]) -> Iterator[Match]:
    """Yield what rules find in records, which come in the order of the log, oldest first."""
    for record in records:
        seen = Seen(record.id, record.occurred_at, fields_of(record))
        for rule in rules:
            ids = rule.node.feed(seen)
            if ids:
                yield Match(rule, ids, record.occurred_at)


def _key(fields: Fields, names: Sequence[str]) -> Key | None:
    values = [fields.get(name) for name in names]
    return None if any(value is None for value in values) else tuple(map(str, values))


def _terms(fields: Fields, names: Sequence[str]) -> list[Key]:
    """Every combination of values; a field that is a list has several, an absent one none."""
    keys: list[Key] = [()]
    for name in names:
        value = fields.get(name)
        members = [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
        keys = [(*key, str(member)) for key in keys for member in members][:MAX_EVIDENCE]
    return keys


def _group(groups: OrderedDict[Key, _State], key: Key, new: _State) -> _State:
    """The state of a group, `new` if it has none; the longest known groups go when there are too many."""
    if key not in groups and len(groups) >= MAX_GROUPS:
        groups.popitem(last=False)
    return groups.setdefault(key, new)
