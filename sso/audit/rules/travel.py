"""A part of a rule: one group seen at two places, sooner than anybody travels between them.

What is remembered of a group are the last few places, to a tenth of a degree, with the newest record of each,
for as long as the rule's time span and no longer.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict, cast

from sso.audit.rules.location import kilometres
from sso.audit.rules.nodes import MAX_GROUPS, Node, Seen, moment_of, number_of
from sso.audit.rules.selection import Fields

MAX_PLACES = 8
"""So many places of a group are remembered; the one longest unseen goes first."""

_Point = tuple[float, float]
_Places = OrderedDict[_Point, tuple[datetime, str]]


class _Kept(TypedDict):
    node: object
    groups: dict[str, list[tuple[float, float, int, str]]]


@dataclass(slots=True)
class Travel:
    """Matches of a group within `span` at places `least_km` apart or more, at `least_kmh` or faster.

    A record of which no place is known is passed over.
    """

    node: Node
    group_by: tuple[str, ...]
    span: timedelta
    least_km: int
    least_kmh: int
    _groups: OrderedDict[str, _Places] = field(default_factory=OrderedDict)

    def feed(self, seen: Seen) -> tuple[str, ...]:
        """Return the ids of a group's records elsewhere from where nobody can have come, and of this one."""
        found = self.node.feed(seen)
        key, point = (seen.group(self.group_by), _point(seen.fields)) if found else (None, None)
        if key is None or point is None:
            return ()
        self._forget(seen.at)
        places = self._groups.pop(key, OrderedDict())
        for there in [there for there, (at, _) in places.items() if seen.at - at > self.span]:
            del places[there]
        elsewhere = tuple(self._impossible(places, point, seen.at))
        places.pop(point, None)
        places[point] = seen.at, seen.id
        if len(places) > MAX_PLACES:
            places.popitem(last=False)
        if len(self._groups) >= MAX_GROUPS:
            self._groups.popitem(last=False)
        self._groups[key] = places
        return (*elsewhere, seen.id) if elsewhere else ()

    def wants(self, code: str) -> bool:
        """Whether its matches may be of this event."""
        return self.node.wants(code)

    def memory(self, now: datetime) -> object:
        """Return the places of the span, and forget the others."""
        self._forget(now)
        groups = {
            key: [
                (*point, number_of(at), each) for point, (at, each) in places.items() if now - at <= self.span
            ]
            for key, places in self._groups.items()
        }
        return _Kept(node=self.node.memory(now), groups={key: kept for key, kept in groups.items() if kept})

    def recall(self, memory: object) -> None:
        """Go on from a memory."""
        kept = cast(_Kept, memory)
        self.node.recall(kept["node"])
        self._groups = OrderedDict(
            (key, OrderedDict(((north, east), (moment_of(at), each)) for north, east, at, each in places))
            for key, places in kept["groups"].items()
        )

    def _impossible(self, places: _Places, point: _Point, now: datetime) -> Iterator[str]:
        """The records at other places, from where nobody can have come here by now."""
        for there, (at, record_id) in places.items():
            passed, distance = abs(now - at), kilometres(there, point)
            if passed <= self.span and distance >= self.least_km:
                if distance >= self.least_kmh * (passed / timedelta(hours=1)):
                    yield record_id

    def _forget(self, now: datetime) -> None:
        """Forget the groups not seen for longer than the span; the first were not seen for longest."""
        while self._groups:
            key, places = next(iter(self._groups.items()))
            if now - next(reversed(places.values()))[0] <= self.span:
                return
            del self._groups[key]


def _point(fields: Fields) -> _Point | None:
    north, east = fields.get("latitude"), fields.get("longitude")
    if not isinstance(north, int | float) or not isinstance(east, int | float):
        return None
    return float(north), float(east)
