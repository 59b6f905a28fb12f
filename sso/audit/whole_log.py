"""Recompute a log from its first entry, or from a tree that it had on, and name what is not as it was signed.

Fed with the leaves in the order of their indices and with the checkpoints in the order of their sizes; memory
does not grow with the log.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sso.audit.checkpoint import verified_checkpoint
from sso.audit.merkle.tree import Frontier, leaf_hash
from sso.audit.signed_note import NoteInvalid, NoteKey

NOTHING = Frontier()


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """A place of the tree: `body` is None where the entry is not there any more."""

    index: int
    event_id: str
    leaf_hash: bytes
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: `what` in a word, `sentence` for the officer."""

    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """The origin of a log, and the keys that may sign for it."""

    origin: str
    keys: Sequence[NoteKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedMonth:
    """A month that went at the end of its retention, as an entry of the log says.

    Its ids are from `first_id` up to `end_id`, there were `entries` of them, and by epoch (as text) their
    places are below `minimum_indices`.
    """

    month: str
    first_id: str
    end_id: str
    entries: int
    minimum_indices: Mapping[str, int]


@dataclass(slots=True)
class DroppedMonths:
    """What may be missing. A place proves its entry but not the id beside it, so entries are counted too."""

    months: Sequence[DroppedMonth] = ()
    _missing: Counter[str] = field(default_factory=Counter)

    def excuse(self, epoch: int, leaf: StoredLeaf) -> bool:
        """Whether a leaf without an entry may be one of a month that was dropped."""
        for each in self.months:
            below = each.minimum_indices.get(str(epoch), 0)
            if each.first_id <= leaf.event_id < each.end_id and leaf.index < below:
                self._missing[each.month] += 1
                return True
        return False

    def findings(self) -> Iterator[Finding]:
        """Yield, after every leaf, the months of which more is missing than was dropped."""
        for each in self.months:
            missing = self._missing[each.month]
            if missing > each.entries:
                yield Finding(
                    "deleted",
                    f"{missing} entries of {each.month} are missing, and {each.entries} were dropped",
                )


class WholeLog:
    """One pass over the log of an epoch; `dropped` is shared by the passes over all epochs.

    It begins after the entries of `begun`, and then `notes` are those of that size and larger ones.
    """

    def __init__(
        self,
        identity: LogIdentity,
        notes: Iterable[str],
        epoch: int,
        dropped: DroppedMonths,
        begun: Frontier = NOTHING,
    ) -> None:
        self._identity = identity
        self._notes = iter(notes)
        self._epoch = epoch
        self._dropped = dropped
        self._next_note = next(self._notes, None)
        self.frontier = begun
        self.checkpoints = 0

    def findings(self, leaves: Iterable[StoredLeaf]) -> Iterator[Finding]:
        """Yield what is wrong with the leaves and with every checkpoint, as far as the leaves go."""
        yield from self._due_checkpoints()
        for leaf in leaves:
            yield from self._of_leaf(leaf)
            self.frontier = self.frontier.extended([leaf.leaf_hash])
            yield from self._due_checkpoints()
        while self._next_note is not None:
            yield from self._check(self._next_note)

    def _of_leaf(self, leaf: StoredLeaf) -> Iterator[Finding]:
        if leaf.index != self.frontier.size:
            yield Finding("gap", f"entry {self.frontier.size} is missing: after it comes {leaf.index}")
        if leaf.body is None:
            if not self._dropped.excuse(self._epoch, leaf):
                yield Finding("deleted", f"entry {leaf.index} ({leaf.event_id}) was deleted")
        elif leaf_hash(leaf.body) != leaf.leaf_hash:
            yield Finding("changed", f"entry {leaf.index} ({leaf.event_id}) is not what was logged")

    def _due_checkpoints(self) -> Iterator[Finding]:
        while self._next_note is not None and _claimed_size(self._next_note) == self.frontier.size:
            yield from self._check(self._next_note)

    def _check(self, note: str) -> Iterator[Finding]:
        self._next_note = next(self._notes, None)
        self.checkpoints += 1
        try:
            checkpoint = verified_checkpoint(note, self._identity.origin, self._identity.keys)
        except NoteInvalid as error:
            yield Finding("signature", f"a checkpoint of size {_claimed_size(note)} is not signed: {error}")
            return
        if checkpoint.size > self.frontier.size:
            yield Finding(
                "truncated",
                f"the log has {self.frontier.size} entries, and one of {checkpoint.size} was signed",
            )
        elif (checkpoint.size, checkpoint.root) != (self.frontier.size, self.frontier.root):
            yield Finding(
                "rewritten", f"the log up to entry {checkpoint.size} is not the one that was signed"
            )


def _claimed_size(note: str) -> int:
    lines = note.split("\n", 2)
    return int(lines[1]) if len(lines) > 1 and lines[1].isascii() and lines[1].isdigit() else -1
