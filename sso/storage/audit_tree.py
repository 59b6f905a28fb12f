"""The Merkle tree over the audit log: events get their places in it, off the request path.

An event waits in `audit_pending`, invisible until its transaction commits, and leaves it only in the
transaction that gives it an index: there is no cursor, so nothing can be skipped, whatever clocks and
transactions do. The row of the head is locked meanwhile: of two sequencers one works. An entry is counted
together with its place (`sso.storage.audit_hours`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, LargeBinary, bindparam, cast, delete, func, select, update
from sqlalchemy.dialects import postgresql

from sso.audit.checkpoint import Checkpoint
from sso.audit.merkle.tiles import TILE_HEIGHT, Tile, TileNodes, completed_tiles, split_hashes
from sso.audit.merkle.tree import Frontier, perfect_subtrees
from sso.audit.record import moment_of_id
from sso.audit.whole_log import StoredLeaf
from sso.storage.audit_hours import SqlAuditHours
from sso.storage.tables import audit_event, audit_head, audit_leaf, audit_pending, audit_tile
from sso.storage.unit_of_work import UnitOfWork

MAX_BATCH = 4096

_P, _H, _L, _T = audit_pending.c, audit_head.c, audit_leaf.c, audit_tile.c
_epoch: BindParameter[int] = bindparam("of_epoch")
_HEAD = select(audit_head).order_by(_H.epoch.desc()).limit(1)
_HEADS = select(audit_head).order_by(_H.epoch)
_HEAD_LOCKED = _HEAD.with_for_update()
_HEAD_IF_FREE = _HEAD.with_for_update(skip_locked=True)
_OPEN = postgresql.insert(audit_head).on_conflict_do_nothing().returning(_H.epoch)
_ADVANCE = (
    update(audit_head)
    .where(_H.epoch == _epoch)
    .values({name: bindparam(f"new_{name}") for name in ("size", "frontier", "counted")})
)
_oldest = select(_P.event_id).order_by(_P.event_id).limit(bindparam("batch"))
_TAKE = delete(audit_pending).where(_P.event_id.in_(_oldest)).returning(_P.event_id, _P.leaf_hash)
_oldest_id = func.min(_P.event_id).label("oldest")
_WAITING = select(func.count().label("events"), _oldest_id).select_from(audit_pending)
_OLDEST_WAITING = select(_oldest_id)
_ONE_WAITING = select(_P.event_id).limit(1)
_LEAVES = (
    select(_L.leaf_hash)
    .where(_L.epoch == _epoch, _L.leaf_index >= bindparam("begin"), _L.leaf_index < bindparam("end"))
    .order_by(_L.leaf_index)
)
_ROOTS = (
    select(_T.root)
    .where(_T.epoch == _epoch, _T.level == bindparam("of_level"))
    .where(_T.number >= bindparam("begin"), _T.number < bindparam("end"))
    .order_by(_T.number)
)
_FULL = select(_T.hashes).where(
    _T.epoch == _epoch, _T.level == bindparam("of_level"), _T.number == bindparam("of_number")
)
_A = audit_event.c
_BODY = cast(_A.body, LargeBinary).label("body")  # also of a row that somebody put another type into
_WITH_BODIES = (
    select(_L.leaf_index, _L.event_id, _L.leaf_hash, _BODY)
    .outerjoin(audit_event, audit_event.c.id == _L.event_id)
    .where(_L.epoch == _epoch, _L.leaf_index >= bindparam("begin"), _L.leaf_index < bindparam("end"))
    .order_by(_L.leaf_index)
)
_AS_FILED = (*(each for each in _A if each is not _A.body), _BODY)
_FILED = select(*_AS_FILED).where(_A.id > bindparam("after")).order_by(_A.id).limit(bindparam("batch"))
_FILED_AT = (
    select(*_AS_FILED)
    .join(audit_leaf, _L.event_id == _A.id)
    .where(_L.epoch == _epoch, _L.leaf_index >= bindparam("begin"), _L.leaf_index < bindparam("end"))
    .order_by(_L.leaf_index)
)
_of_ids = (_L.event_id >= bindparam("first_id"), _L.event_id < bindparam("end_id"))
_BETWEEN = select(func.min(_L.leaf_index).label("first"), func.max(_L.leaf_index).label("last")).where(
    _L.epoch == _epoch, *_of_ids
)
_bound = select(_L.leaf_index).where(_L.epoch == _epoch).limit(1)
_BEFORE = _bound.where(_L.event_id < bindparam("first_id")).order_by(_L.event_id.desc())
_AFTER = _bound.where(_L.event_id >= bindparam("end_id")).order_by(_L.event_id)
_AFTER_MORE = (
    select(_A.id).where(_A.id > bindparam("after")).order_by(_A.id).offset(bindparam("many")).limit(1)
)
_HOMELESS = (
    select(_A.id)
    .outerjoin(audit_leaf, _L.event_id == _A.id)
    .outerjoin(audit_pending, _P.event_id == _A.id)
    .where(_L.event_id.is_(None), _P.event_id.is_(None))
    .where(_A.id > bindparam("after"), _A.id <= bindparam("last"))
    .order_by(_A.id)
)
_CUT_LEAVES = (
    delete(audit_leaf)
    .where(_L.epoch == _epoch, _L.leaf_index >= bindparam("begin"))
    .returning(_L.event_id, _L.leaf_hash)
)
_CUT_TILES = delete(audit_tile).where(
    _T.epoch == _epoch, _T.level == bindparam("of_level"), _T.number >= bindparam("begin")
)
_PLACE = select(_L.epoch, _L.leaf_index).where(_L.event_id == bindparam("of_event"))


@dataclass(frozen=True, slots=True)
class Head:
    """How far the tree of an epoch has grown; `origin` names the log in its checkpoints.

    From `minimum_index` on every entry is kept; below it, those of dropped months are gone. Below `counted`
    every entry is counted by the hour.
    """

    epoch: int
    origin: str
    frontier: Frontier
    minimum_index: int
    counted: int

    @property
    def checkpoint(self) -> Checkpoint:
        """What a checkpoint of this head says."""
        return Checkpoint(self.origin, self.frontier.size, self.frontier.root)


@dataclass(frozen=True, slots=True)
class FiledEntry:
    """An entry and the columns it is found by."""

    id: str
    body: bytes
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Events that have no place in the tree yet: how many, and the id of the oldest."""

    events: int
    oldest_id: str | None


class SqlAuditTree:
    """The tree of the log."""

    __slots__ = ("_hours", "_unit")

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._hours = SqlAuditHours(unit)

    def nothing_waits(self) -> bool:
        """Whether every event has its place: one look that takes no lock, however many wait."""
        return self._unit.row(_ONE_WAITING) is None

    def waits_since(self) -> datetime | None:
        """Return when the oldest event happened that has no place yet, in one look; None where none waits."""
        row = self._unit.row(_OLDEST_WAITING)
        return None if row is None or row.oldest is None else moment_of_id(row.oldest)

    def head(self, *, lock: bool = False) -> Head | None:
        """Return the head of the newest epoch; locked, nobody else extends or signs it until the end."""
        row = self._unit.row(_HEAD_LOCKED if lock else _HEAD)
        return None if row is None else _head(row)

    def heads(self) -> Sequence[Head]:
        """Return the head of every epoch, oldest first."""
        return [_head(row) for row in self._unit.rows(_HEADS)]

    def open_epoch(self, epoch: int, origin: str, now: datetime) -> bool:
        """Begin a tree; false if somebody else has just begun it."""
        row = {"epoch": epoch, "origin": origin, "frontier": b"", "opened_at": now}
        return self._unit.row(_OPEN, {**row, "size": 0, "counted": 0}) is not None

    def sequence(self, batch: int = MAX_BATCH) -> int:
        """Give waiting events their places, oldest id first; return how many got one.

        None where no epoch is open, or where another sequencer is at work.
        """
        self._unit.flush()
        locked = self._unit.row(_HEAD_IF_FREE)
        if locked is None:
            return 0
        head = _head(locked)
        waiting = sorted(self._unit.rows(_TAKE, {"batch": batch}), key=lambda row: row.event_id)
        begin, leaves = head.frontier.size, [row.leaf_hash for row in waiting]
        for index, row in enumerate(waiting, begin):
            leaf = {"event_id": row.event_id, "leaf_hash": row.leaf_hash}
            self._unit.collect(audit_leaf, {"epoch": head.epoch, "leaf_index": index, **leaf})
        for tile in completed_tiles(
            begin, leaves, lambda level, low, high: self._stored(head.epoch, level, low, high)
        ):
            self._unit.collect(audit_tile, _tile_row(head.epoch, tile))
        frontier = head.frontier.extended(leaves)
        self._advance(head.epoch, frontier, self._hours.count(head.epoch, head.counted, frontier.size))
        return len(waiting)

    def leaves(self, epoch: int, begin: int, end: int) -> Sequence[StoredLeaf]:
        """Return the places from one index up to another, with the bodies of entries that still exist."""
        rows = self._unit.rows(_WITH_BODIES, {"of_epoch": epoch, "begin": begin, "end": end})
        return [StoredLeaf(row.leaf_index, row.event_id, row.leaf_hash, row.body) for row in rows]

    def filed(self, after: str, limit: int) -> Sequence[FiledEntry]:
        """Return entries by ascending id as they are filed, those after an id."""
        rows = self._unit.rows(_FILED, {"after": after, "batch": limit})
        return [FiledEntry(row.id, row.body, row._asdict()) for row in rows]

    def filed_at(self, epoch: int, begin: int, end: int) -> Sequence[FiledEntry]:
        """Return the entries of the places from one index up to another, as they are filed."""
        rows = self._unit.rows(_FILED_AT, {"of_epoch": epoch, "begin": begin, "end": end})
        return [FiledEntry(row.id, row.body, row._asdict()) for row in rows]

    def places_between(self, head: Head, first_id: str, end_id: str) -> tuple[int, int]:
        """Return from which index up to which the places of ids stand, from one id up to another.

        They reach to the places of the next ids before and after: what is missing between is among them.
        """
        asked = {"of_epoch": head.epoch, "first_id": first_id, "end_id": end_id}
        between, before = self._unit.row(_BETWEEN, asked), self._unit.row(_BEFORE, asked)
        after = self._unit.row(_AFTER, asked)
        begin = 0 if before is None else before.leaf_index + 1
        end = head.frontier.size if after is None else after.leaf_index
        if between is not None and between.first is not None:
            begin, end = min(begin, between.first), max(end, between.last + 1)
        return begin, max(begin, end)

    def further(self, after: str, many: int) -> str | None:
        """Return the id of the entry that so many others lie before, counted from an id; None at the end."""
        row = self._unit.row(_AFTER_MORE, {"after": after, "many": many})
        return None if row is None else row.id

    def homeless(self, after: str, last: str) -> Sequence[str]:
        """Return which entries, after one id up to another, have no place and wait for none: not logged."""
        return [row.id for row in self._unit.rows(_HOMELESS, {"after": after, "last": last})]

    def cut(self, epoch: int, size: int) -> int:
        """Take the places from `size` on back to wait again; return how many: they were never signed."""
        head = next(head for head in self.heads() if head.epoch == epoch)
        self._hours.count_up_to(epoch, size, head.counted)
        taken = self._unit.rows(_CUT_LEAVES, {"of_epoch": epoch, "begin": size})
        for row in taken:
            self._unit.collect(audit_pending, {"event_id": row.event_id, "leaf_hash": row.leaf_hash})
        level = 0
        while head.frontier.size >> (TILE_HEIGHT * (level + 1)):
            full = size >> (TILE_HEIGHT * (level + 1))
            self._unit.change(_CUT_TILES, {"of_epoch": epoch, "of_level": level, "begin": full})
            level += 1
        left = Frontier(size, perfect_subtrees(self.nodes(epoch).node, size))
        self._advance(epoch, left, size)
        return len(taken)

    def waiting(self) -> Waiting:
        """Return how many events wait for their places, and since when."""
        row = self._unit.row(_WAITING)
        return Waiting(0, None) if row is None else Waiting(int(row.events), row.oldest)

    def place_of(self, event_id: str) -> tuple[int, int] | None:
        """Return the epoch and index of an event; None if it is unknown or still waits."""
        row = self._unit.row(_PLACE, {"of_event": event_id})
        return None if row is None else (row.epoch, row.leaf_index)

    def leaf_hashes(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return by id what stands in the tree for events, also when their entries are gone."""
        wanted = select(_L.event_id, _L.leaf_hash).where(_L.event_id.in_(ids))
        return {row.event_id: row.leaf_hash for row in self._unit.rows(wanted)}

    def nodes(self, epoch: int) -> TileNodes:
        """Return the nodes of a tree, read as they are asked for."""
        return TileNodes(lambda level, begin, end: self._stored(epoch, level, begin, end))

    def _advance(self, epoch: int, to: Frontier, counted: int) -> None:
        frontier = b"".join(to.hashes)
        values = {"new_size": to.size, "new_frontier": frontier, "new_counted": counted}
        self._unit.change(_ADVANCE, {"of_epoch": epoch, **values})

    def _stored(self, epoch: int, level: int, begin: int, end: int) -> Sequence[bytes]:
        """The hashes of a level: leaves, and above them the roots of the full tiles below."""
        if level == 0:
            if end - begin == 256 and begin % 256 == 0:
                full = self._unit.row(_FULL, {"of_epoch": epoch, "of_level": 0, "of_number": begin // 256})
                if full is not None:
                    return split_hashes(full.hashes)
            rows = self._unit.rows(_LEAVES, {"of_epoch": epoch, "begin": begin, "end": end})
            return [row.leaf_hash for row in rows]
        asked = {"of_epoch": epoch, "of_level": level - 1, "begin": begin, "end": end}
        return [row.root for row in self._unit.rows(_ROOTS, asked)]


def _head(row: Any) -> Head:
    frontier = Frontier(row.size, split_hashes(row.frontier))
    return Head(row.epoch, row.origin, frontier, row.minimum_index or 0, row.counted or 0)


def _tile_row(epoch: int, tile: Tile) -> Mapping[str, Any]:
    return {
        "epoch": epoch,
        "level": tile.level,
        "number": tile.number,
        "root": tile.root,
        "hashes": b"".join(tile.hashes),
    }
