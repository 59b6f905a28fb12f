"""Slices of the log that are fetched by their readers, page by page, and how far each reader has come.

A page begins at a place and ends where there are enough entries, where enough was looked at, or at the end of
the log. Places whose entries have gone, or cannot be read, are never passed over in silence: whoever comes to
them is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from time import monotonic

from sqlalchemy import and_, bindparam, or_, select, update

from sso.audit.slice import LogSlice
from sso.storage.audit_sinks import PlacedRecord, SqlAuditSinks, Told, following_epoch, size_of
from sso.storage.audit_tree import Head
from sso.storage.detection import Place
from sso.storage.tables import audit_event, audit_leaf, audit_sink
from sso.storage.unit_of_work import UnitOfWork

LOOK = 250
"""So many places are read by one statement."""
MOST_PLACES = 5_000
MOST_SECONDS = 2.0
"""Nothing more is looked at for a page after that."""
GAP_STEP = 50_000
"""So many places without entries are told at once."""

_S, _L, _A = audit_sink.c, audit_leaf.c, audit_event.c
_KEPT = (
    select(_L.leaf_index)
    .join(audit_event, _A.id == _L.event_id)
    .where(
        _L.epoch == bindparam("of_epoch"),
        _L.leaf_index >= bindparam("begin"),
        _L.leaf_index < bindparam("end"),
    )
    .order_by(_L.leaf_index)
    .limit(1)
)
_ACKNOWLEDGE = (
    update(audit_sink)
    .where(
        _S.name == bindparam("sink"),
        or_(
            _S.epoch < bindparam("to_epoch"),
            and_(_S.epoch == bindparam("to_epoch"), _S.next_index < bindparam("to_index")),
        ),
    )
    .values(
        epoch=bindparam("to_epoch"),
        next_index=bindparam("to_index"),
        delivered_at=bindparam("now"),
        failures=0,
        failing_since=None,
        reason="",
        missed=0,
        missed_from=None,
    )
)
_MISSED = (
    update(audit_sink)
    .where(
        _S.name == bindparam("sink"),
        or_(
            _S.epoch < bindparam("of_epoch"),
            and_(_S.epoch == bindparam("of_epoch"), _S.next_index <= bindparam("from_index")),
        ),
        or_(
            _S.missed_from.is_(None),
            _S.missed_from != bindparam("from_index"),
            _S.missed != bindparam("entries"),
        ),
    )
    .values(missed_from=bindparam("from_index"), missed=bindparam("entries"))
)


@dataclass(frozen=True, slots=True)
class SlicePage:
    """Entries of a slice in the order of their places, where to go on, and whether there is more there."""

    told: Sequence[Told]
    next: Place
    more: bool


class EntriesGone(Exception):
    """From a place on, `entries` have gone or cannot be read; `next` is where there may be some again."""

    def __init__(self, place: Place, next_place: Place, entries: int) -> None:
        super().__init__(f"{entries} entries from {place.index} of epoch {place.epoch}")
        self.place = place
        self.next = next_place
        self.entries = entries


class SqlAuditSlices:
    """What readers fetch."""

    __slots__ = ("_sinks", "_unit")

    def __init__(self, unit: UnitOfWork, sinks: SqlAuditSinks) -> None:
        self._unit = unit
        self._sinks = sinks

    def page(self, place: Place, part: LogSlice, limit: int, heads: Sequence[Head]) -> SlicePage:
        """Return up to `limit` entries of a slice from a place on.

        There are fewer, or none, and still more to come, where it is long till the next one.

        Raises:
            EntriesGone: the first place has no entry any more.
        """
        told: list[Told] = []
        at, looked, ends = place, 0, monotonic() + MOST_SECONDS
        while not _at_end(at, heads):
            if len(told) == limit or looked >= MOST_PLACES or monotonic() >= ends:
                return SlicePage(told, at, more=True)
            size = size_of(at.epoch, heads)
            if at.index >= size:
                at = Place(following_epoch(at.epoch, heads) or heads[-1].epoch, 0)
                continue
            found = self._whole(at, min(size, at.index + LOOK), part)
            there = list(takewhile(lambda one: one.record is not None, found))
            if not there and looked == 0:
                raise self._gone(at, found, size)
            if not there:
                return SlicePage(told, at, more=True)
            new, room = self._sinks.told(there, at.epoch, part), limit - len(told)
            told += new[:room]
            after = Place(at.epoch, at.index + len(there))
            at, looked = new[room].place if len(new) > room else after, looked + len(there)
        return SlicePage(told, at, more=False)

    def acknowledge(self, name: str, place: Place, now: datetime) -> bool:
        """Note that a reader has everything before a place; false if it had already."""
        given = {"sink": name, "to_epoch": place.epoch, "to_index": place.index, "now": now}
        return self._unit.change(_ACKNOWLEDGE, given) == 1

    def missed(self, name: str, gone: EntriesGone) -> bool:
        """Note what a reader was told to be gone; false if it was told that last, or has passed it."""
        place = gone.place
        given = {"sink": name, "of_epoch": place.epoch, "from_index": place.index, "entries": gone.entries}
        return self._unit.change(_MISSED, given) == 1

    def _whole(self, place: Place, end: int, part: LogSlice) -> Sequence[PlacedRecord]:
        """What stands at each place up to `end`; one whose leaf is missing counts as gone."""
        read = self._sinks.placed(place, end, bodies_only=part.bodies_only)
        found = {one.index: one for one in read}
        return [found.get(index, PlacedRecord(index, None)) for index in range(place.index, end)]

    def _gone(self, place: Place, found: Sequence[PlacedRecord], size: int) -> EntriesGone:
        """What is told of a gap that begins at a place, as far as it was looked at."""
        end = next((one.index for one in found if one.record is not None), None)
        if end is None:
            begin = place.index + len(found)
            end = min(size, begin + GAP_STEP)
            row = self._unit.row(_KEPT, {"of_epoch": place.epoch, "begin": begin, "end": end})
            end = end if row is None else int(row.leaf_index)
        return EntriesGone(place, Place(place.epoch, end), end - place.index)


def _at_end(place: Place, heads: Sequence[Head]) -> bool:
    return not heads or (place.epoch >= heads[-1].epoch and place.index >= heads[-1].frontier.size)
