"""The parts of a rule: what each remembers of the records before, and when it has found something.

What is remembered is bounded by groups and time spans, and holds no value of a record as it is: groups and
values are digests, so that a memory can be stored beside a log that seals whom it tells of.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Protocol, TypedDict, TypeVar, cast

from sso.audit.rules.condition import Truth
from sso.audit.rules.selection import Fields, Selection

MAX_GROUPS = 100_000
MAX_EVIDENCE = 1_000
MAX_OPEN = 8
"""With so many selections the ways in which they may hold are counted, not with more."""

Digest = Callable[[Sequence[str]], str]
"""What stands for values in a memory: the same for the same values."""

_State = TypeVar("_State")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def as_they_are(values: Sequence[str]) -> str:
    """The digest of a dry run, whose memory nobody keeps."""
    return "\0".join(values)


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as the nodes of a rule are given it."""

    id: str
    at: datetime
    fields: Fields
    digest: Digest = as_they_are

    def group(self, names: Sequence[str]) -> str | None:
        """Return what stands for the values of some fields, or None where one of them is absent."""
        values = [self.fields.get(name) for name in names]
        return None if any(value is None for value in values) else self.digest([str(v) for v in values])


class Node(Protocol):
    """A part of a rule: returns the ids of the records that together are what it looks for, or nothing."""

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Take the next record."""
        ...

    def wants(self, code: str) -> bool:
        """Whether any record of an event may be one that it takes, to remember or to find something.

        Once it was shown its first record, others need not be shown to it.
        """
        ...

    def memory(self, now: datetime) -> object:
        """Return what it remembers and may still need after `now`, for JSON."""
        ...

    def recall(self, memory: object) -> None:
        """Go on from a memory of the same node."""
        ...


@dataclass(frozen=True, slots=True)
class Matching:
    """Records that a condition over selections means."""

    selections: Mapping[str, Selection]
    truth: Truth
    _may: dict[str, bool] = field(default_factory=dict, compare=False)

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Return the record's own id if it is meant."""
        if not self.wants(str(seen.fields.get("event"))):
            return ()
        holds = {name: selection.holds(seen.fields) for name, selection in self.selections.items()}
        return (seen.id,) if self.truth(holds) else ()

    def wants(self, code: str) -> bool:
        """Whether any event of a code can be meant."""
        if code not in self._may:
            self._may[code] = self._may_mean(code)
        return self._may[code]

    def _may_mean(self, code: str) -> bool:
        """Whether any event of a code can be meant: most of them need no second look."""
        open_ones = [name for name, selection in self.selections.items() if selection.may_hold(code)]
        if len(open_ones) > MAX_OPEN:
            return True
        ways = product((False, True), repeat=len(open_ones))
        closed = dict.fromkeys(self.selections, False)
        return any(self.truth({**closed, **dict(zip(open_ones, way, strict=True))}) for way in ways)

    def memory(self, now: datetime) -> object:
        """Return nothing: each record is judged alone."""
        return None

    def recall(self, memory: object) -> None:
        """Each record is judged alone."""


class _Counted(TypedDict):
    node: object
    groups: dict[str, list[tuple[int, str, str]]]
    going_on: dict[str, int]


@dataclass(slots=True)
class Counting:
    """At least `least` matches of a group within a time span; of `distinct` values where a field is named.

    Once a group has had enough each further match is one more, until none comes for as long as the span.
    """

    node: Node
    group_by: tuple[str, ...]
    span: timedelta
    least: int
    distinct: str | None = None
    _groups: OrderedDict[str, deque[tuple[datetime, str, str]]] = field(default_factory=OrderedDict)
    _going_on: OrderedDict[str, datetime] = field(default_factory=OrderedDict)

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Return the ids of a group that has just had enough, or of the one more."""
        found = self.node.feed(seen)
        key = seen.group(self.group_by) if found else None
        if key is None:
            return ()
        if key in self._going_on and seen.at - self._going_on[key] <= self.span:
            self._going_on[key] = seen.at
            return (found[-1],)
        self._going_on.pop(key, None)
        value = seen.id if self.distinct is None else seen.group((self.distinct,))
        if value is None:
            return ()
        group = group_of(self._groups, key, deque(maxlen=MAX_EVIDENCE))
        group.append((seen.at, found[-1], value))
        while group and seen.at - group[0][0] > self.span:
            group.popleft()
        if len({each[2] for each in group}) < self.least:
            return ()
        del self._groups[key]
        group_of(self._going_on, key, seen.at)
        return tuple(each[1] for each in group)

    def wants(self, code: str) -> bool:
        """Whether its matches may be of this event."""
        return self.node.wants(code)

    def memory(self, now: datetime) -> object:
        """Return the groups that had a match within the span."""
        groups = {
            key: [(number_of(at), record_id, value) for at, record_id, value in group]
            for key, group in self._groups.items()
            if group and now - group[-1][0] <= self.span
        }
        going_on = {key: number_of(at) for key, at in self._going_on.items() if now - at <= self.span}
        return _Counted(node=self.node.memory(now), groups=groups, going_on=going_on)

    def recall(self, memory: object) -> None:
        """Go on from a memory."""
        kept = cast(_Counted, memory)
        self.node.recall(kept["node"])
        self._going_on = OrderedDict((key, moment_of(at)) for key, at in kept["going_on"].items())
        self._groups = OrderedDict(
            (key, deque(((moment_of(at), each, value) for at, each, value in group), maxlen=MAX_EVIDENCE))
            for key, group in kept["groups"].items()
        )


class _Begun(TypedDict):
    nodes: list[object]
    groups: dict[str, tuple[int, Sequence[str], int]]


@dataclass(slots=True)
class Ordered:
    """Matches of several nodes, one after the other, of one group within a time span."""

    nodes: Sequence[Node]
    group_by: tuple[str, ...]
    span: timedelta
    _groups: OrderedDict[str, tuple[datetime, tuple[str, ...], int]] = field(default_factory=OrderedDict)

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Return the ids of the whole sequence when its last step has come."""
        steps = [node.feed(seen) for node in self.nodes]
        key = seen.group(self.group_by) if any(steps) else None
        if key is None:
            return ()
        begun, ids, reached = self._groups.get(key, (seen.at, (), 0))
        if reached and seen.at - begun > self.span:
            begun, ids, reached = seen.at, (), 0
        if not steps[reached]:
            return ()
        ids = tuple(dict.fromkeys((*ids, *steps[reached])))[-MAX_EVIDENCE:]
        begun = seen.at if reached == 0 else begun
        self._groups.pop(key, None)
        if reached + 1 == len(self.nodes):
            return ids
        group_of(self._groups, key, (begun, ids, reached + 1))
        return ()

    def wants(self, code: str) -> bool:
        """Whether any step's matches may be of this event."""
        return any(node.wants(code) for node in self.nodes)

    def memory(self, now: datetime) -> object:
        """Return the sequences that may still be completed."""
        groups: dict[str, tuple[int, Sequence[str], int]] = {
            key: (number_of(begun), ids, reached)
            for key, (begun, ids, reached) in self._groups.items()
            if now - begun <= self.span
        }
        return _Begun(nodes=[node.memory(now) for node in self.nodes], groups=groups)

    def recall(self, memory: object) -> None:
        """Go on from a memory."""
        kept = cast(_Begun, memory)
        for node, own in zip(self.nodes, kept["nodes"], strict=True):
            node.recall(own)
        self._groups = OrderedDict(
            (key, (moment_of(begun), tuple(ids), reached))
            for key, (begun, ids, reached) in kept["groups"].items()
        )


def group_of(groups: OrderedDict[str, _State], key: str, new: _State) -> _State:
    """The state of a group, `new` if it has none; the longest known groups go when there are too many."""
    if key not in groups and len(groups) >= MAX_GROUPS:
        groups.popitem(last=False)
    return groups.setdefault(key, new)


def number_of(moment: datetime) -> int:
    """Return the milliseconds since 1970, as memories hold a time."""
    return (moment - _EPOCH) // _MILLISECOND


def moment_of(number: int) -> datetime:
    """Return the moment that a number of `number_of` stands for."""
    return _EPOCH + number * _MILLISECOND
