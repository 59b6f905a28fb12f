"""Read a part of a log back and recompute it: an entry, places of a tree, or what was logged in a time.

The entries before the part and after it are not read: the hashes of the tree stand for them, and by those the
part is proven to stand in the newest tree that was signed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from sso.audit.checkpoint import Checkpoint, verified_checkpoint
from sso.audit.merkle.proofs import consistency_proof
from sso.audit.merkle.tree import Frontier, Node, perfect_subtrees
from sso.audit.merkle.verification import consistent
from sso.audit.signed_note import NoteInvalid
from sso.audit.whole_log import DroppedMonths, Finding, LogIdentity, StoredLeaf, WholeLog
from sso.storage.audit_check import PAGE, misfiled, unopened
from sso.storage.audit_selection import id_from
from sso.storage.audit_tree import Head
from sso.storage.database import Database

_UNUSABLE = (KeyError, ValueError, TypeError)
"""Stored hashes that are missing, or are none."""


class NoSuchPart(ValueError):
    """The log has no such entry, or no such places."""


@dataclass(frozen=True, slots=True)
class Places:
    """Places of a tree, from an index up to another."""

    epoch: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class LogPart:
    """What is checked, by its name for the record: places of trees.

    Among `ids`, after one id up to another, no entry may lack a place; None: those of what is read.
    """

    name: str
    places: Sequence[Places]
    ids: tuple[str, str] | None = None


def part_of_event(database: Database, event_id: str) -> LogPart:
    """Return the part that is one entry.

    Raises:
        NoSuchPart: nothing of this id has a place in the log, or it waits for one.
        StorageUnavailable: the database does not answer.
    """
    with database.read() as stores:
        place = stores.audit_tree.place_of(event_id)
        homeless = place is None and event_id in stores.audit_tree.homeless(event_id[:-1], event_id)
    if homeless:
        return LogPart(event_id, (), (event_id[:-1], event_id))
    if place is None:
        message = f"{event_id} has no place in the log: there is no such entry, or it was written just now"
        raise NoSuchPart(message)
    epoch, index = place
    return LogPart(event_id, [Places(epoch, index, index + 1)])


def part_of_time(database: Database, since: datetime, until: datetime) -> LogPart:
    """Return the part that was logged from one time up to another, in every tree.

    Raises:
        StorageUnavailable: the database does not answer.
    """
    first_id, end_id = id_from(since), id_from(until)
    with database.read() as stores:
        places = [
            Places(head.epoch, *stores.audit_tree.places_between(head, first_id, end_id))
            for head in stores.audit_tree.heads()
        ]
    name = "/".join(moment.astimezone(UTC).isoformat(timespec="seconds") for moment in (since, until))
    return LogPart(name, [each for each in places if each.begin < each.end], (first_id, end_id))


def part_of_places(database: Database, first: int, last: int | None, epoch: int | None) -> LogPart:
    """Return the part from one index to another, both included, of a tree or of the newest one.

    Raises:
        NoSuchPart: there is no such tree, or its entries do not reach that far.
        StorageUnavailable: the database does not answer.
    """
    with database.read() as stores:
        head = next((each for each in stores.audit_tree.heads()[::-1] if epoch in (None, each.epoch)), None)
        note = None if head is None else stores.audit_checkpoints.last_note(head.epoch)
    if head is None:
        message = "the log has not begun" if epoch is None else f"the log has no tree {epoch}"
        raise NoSuchPart(message)
    size = max(head.frontier.size, 0 if note is None else note[1])
    end = size if last is None else last + 1
    if not first < end <= size:
        message = f"there are no entries from {first} to {end - 1}: the log has {size}, the first one is 0"
        raise NoSuchPart(message)
    return LogPart(f"{head.origin} {first}-{end - 1}", [Places(head.epoch, first, end)])


@dataclass(slots=True)
class PartCheck:
    """A check of a part; how much there was is known when every finding was taken.

    `unsigned` of the entries are younger than the newest signed checkpoint.
    """

    database: Database
    part: LogPart
    entries: int = 0
    checkpoints: int = 0
    unsigned: int = 0
    _ids: list[str] = field(default_factory=list)

    def findings(self) -> Iterator[Finding]:
        """Yield everything that is wrong with the part.

        Raises:
            StorageUnavailable: the database does not answer.
        """
        with self.database.read() as stores:
            drops = self.database.dialect == "postgresql"
            dropped = DroppedMonths(stores.audit_months.dropped() if drops else ())
        for places in self.part.places:
            yield from self._places(places, dropped)
        yield from dropped.findings()
        ids = self.part.ids or ((min(self._ids), max(self._ids)) if self._ids else None)
        if ids is not None:
            yield from self._homeless(*ids)

    def _places(self, places: Places, dropped: DroppedMonths) -> Iterator[Finding]:
        with self.database.read() as stores:
            newest = stores.audit_checkpoints.last_note(places.epoch)
        with self.database.read() as stores:
            # later than the checkpoint: every signed tree is within its head
            head = next(each for each in stores.audit_tree.heads() if each.epoch == places.epoch)
            own = [key for key in stores.audit_checkpoints.public_keys() if key.name == head.origin]
            begun = self._begun(stores.audit_tree.nodes(places.epoch).node, places.begin)
        if begun is None:
            yield Finding("gap", f"the hashes of the tree below entry {places.begin} are not all there")
            return
        identity, signed = LogIdentity(head.origin, own), 0 if newest is None else newest[1]
        log = WholeLog(identity, self._notes(places, signed), places.epoch, dropped, begun)
        yield from log.findings(self._leaves(places))
        read = log.frontier.size - places.begin
        self.entries += read
        self.checkpoints += log.checkpoints
        self.unsigned += max(0, places.end - max(places.begin, signed))
        yield from self._filed(places)
        if log.frontier.size < min(places.end, head.frontier.size):
            yield Finding("gap", f"of the entries from {places.begin} to {places.end - 1} {read} are there")
            return
        read_up_to = Checkpoint(head.origin, log.frontier.size, log.frontier.root)
        yield from self._in_signed_tree(read_up_to, newest, head, identity, places.begin)

    def _begun(self, node: Node, begin: int) -> Frontier | None:
        """The tree before the part, out of stored hashes; None where they are not all there."""
        try:
            return Frontier(begin, perfect_subtrees(node, begin))
        except _UNUSABLE:
            return None

    def _notes(self, places: Places, signed: int) -> Iterator[str]:
        """The notes whose trees end within the places."""
        after, last = places.begin - 1, min(places.end, signed)
        while after < last:
            with self.database.read() as stores:
                page = stores.audit_checkpoints.notes(places.epoch, after, PAGE)
            yield from (note for note, size in page if size <= last)
            after = page[-1][1] if page else last

    def _leaves(self, places: Places) -> Iterator[StoredLeaf]:
        for begin, end in _pages(places):
            with self.database.read() as stores:
                page = stores.audit_tree.leaves(places.epoch, begin, end)
            if page and self.part.ids is None:
                own = [leaf.event_id for leaf in page]
                self._ids = [min(own + self._ids), max(own + self._ids)]
            yield from page

    def _filed(self, places: Places) -> Iterator[Finding]:
        for begin, end in _pages(places):
            with self.database.read() as stores:
                page = stores.audit_tree.filed_at(places.epoch, begin, end)
            for filed in page:
                yield from misfiled(filed)
            yield from unopened(page, self.database.audit_keys)

    def _homeless(self, after: str, last: str) -> Iterator[Finding]:
        """Which entries, after one id up to another, have no place; page by page: a part may be large."""
        while after < last:
            with self.database.read() as stores:
                end = min(last, stores.audit_tree.further(after, PAGE) or last)
                homeless = stores.audit_tree.homeless(after, end)
            for event_id in homeless:
                yield Finding("inserted", f"entry {event_id} has no place in the log")
            after = end

    def _in_signed_tree(
        self, read: Checkpoint, newest: tuple[str, int] | None, head: Head, log: LogIdentity, begin: int
    ) -> Iterator[Finding]:
        """What was read must be the beginning of the newest signed tree, and that of the head.

        A checkpoint whose tree ends within the part was verified with the entries already.
        """
        trees = [read]
        if newest is not None and not begin <= newest[1] <= read.size:
            self.checkpoints += 1
            try:
                trees.append(_of_size(verified_checkpoint(newest[0], log.origin, log.keys), newest[1]))
            except NoteInvalid as error:
                yield Finding("signature", f"the checkpoint of size {newest[1]} is not signed: {error}")
        if trees[-1].size > head.frontier.size:
            entries, signed = head.frontier.size, trees.pop().size
            yield Finding("truncated", f"the log has {entries} entries, and one of {signed} was signed")
        steps = [*sorted(trees, key=lambda tree: tree.size), head.checkpoint]
        for place, (old, new) in enumerate(pairwise(steps), 2):
            if self._grew(head.epoch, old, new):
                continue
            if place == len(steps):
                yield Finding("head", f"the head of {head.origin} is not the one that its entries have")
            else:
                sentence = f"the log up to entry {new.size} is not the one that was signed"
                yield Finding("rewritten", sentence)

    def _grew(self, epoch: int, old: Checkpoint, new: Checkpoint) -> bool:
        with self.database.read() as stores:
            try:
                proof = consistency_proof(stores.audit_tree.nodes(epoch).node, old.size, new.size)
            except _UNUSABLE:
                return False
        return consistent((old.size, old.root), (new.size, new.root), proof)


def _of_size(checkpoint: Checkpoint, size: int) -> Checkpoint:
    """A checkpoint that is filed under its own size; an older one in the place of the newest proves less."""
    if checkpoint.size != size:
        message = f"it is one of {checkpoint.size}"
        raise NoteInvalid(message)
    return checkpoint


def _pages(places: Places) -> Iterator[tuple[int, int]]:
    for begin in range(places.begin, places.end, PAGE):
        yield begin, min(begin + PAGE, places.end)
