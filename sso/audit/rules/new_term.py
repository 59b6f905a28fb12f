"""The part of a rule that knows what was there before: terms that are new after a time of learning."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict, cast

from sso.audit.rules.nodes import MAX_EVIDENCE, Node, Seen, group_of, moment_of, number_of
from sso.audit.rules.selection import Fields


class _Terms(TypedDict):
    node: object
    last: dict[str, int]
    first: int | None


@dataclass(slots=True)
class NewTerm:
    """Values that were not seen together for as long as `baseline`, after as long of learning."""

    node: Node
    fields: tuple[str, ...]
    baseline: timedelta
    _last: OrderedDict[str, datetime] = field(default_factory=OrderedDict)
    _first: datetime | None = None

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Return the record's id if one of its terms is new."""
        self._first = self._first or seen.at
        if not self.node.feed(seen):
            return ()
        new = False
        for values in _terms(seen.fields, self.fields):
            key = seen.digest(values)
            last = self._last.get(key)
            new |= last is None or seen.at - last > self.baseline
            self._last.pop(key, None)
            group_of(self._last, key, seen.at)
        return (seen.id,) if new and seen.at - self._first >= self.baseline else ()

    def wants(self, code: str) -> bool:
        """Whether its matches may be of this event."""
        return self.node.wants(code)

    def memory(self, now: datetime) -> object:
        """Return the terms of the baseline, and when learning began."""
        last = {key: number_of(at) for key, at in self._last.items() if now - at <= self.baseline}
        first = None if self._first is None else number_of(self._first)
        return _Terms(node=self.node.memory(now), last=last, first=first)

    def recall(self, memory: object) -> None:
        """Go on from a memory."""
        kept = cast(_Terms, memory)
        self.node.recall(kept["node"])
        self._last = OrderedDict((key, moment_of(at)) for key, at in kept["last"].items())
        self._first = None if kept["first"] is None else moment_of(kept["first"])


def _terms(fields: Fields, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Every combination of values; a field that is a list has several, an absent one none."""
    keys: list[tuple[str, ...]] = [()]
    for name in names:
        value = fields.get(name)
        members = [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
        keys = [(*key, str(member)) for key in keys for member in members][:MAX_EVIDENCE]
    return keys
