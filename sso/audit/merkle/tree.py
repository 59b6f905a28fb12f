"""Hashing and growth of the tree (RFC 9162 2.1.1).

A tree of n leaves is remembered by its frontier: the roots of the perfect subtrees that n's binary digits
name, largest first. That is all an append needs, at most 64 hashes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
HASH_BYTES = 32

Node = Callable[[int, int], bytes]
"""The hash of a complete subtree by its level (0 is a leaf) and its index within the level."""
NodeSink = Callable[[int, int, bytes], None]
"""Told of every subtree that an append completes: level, index, hash."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of 0x00 and the entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree as far as it has grown: its size and the roots of its perfect subtrees, left to right."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            msg = f"a tree of {self.size} leaves has {max(self.size, 0).bit_count()} perfect subtrees"
            raise ValueError(msg)

    def extended(self, leaves: Iterable[bytes], sink: NodeSink | None = None) -> "Frontier":
        """Return the tree with more leaf hashes; `sink` sees every completed node, leaves included."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            level, index, whole = 0, size, leaf
            if sink is not None:
                sink(0, index, whole)
            while index & 1:
                whole = node_hash(hashes.pop(), whole)
                level, index = level + 1, index >> 1
                if sink is not None:
                    sink(level, index, whole)
            hashes.append(whole)
            size += 1
        return Frontier(size, tuple(hashes))

    @property
    def root(self) -> bytes:
        """The root hash; of an empty tree the SHA-256 of nothing."""
        return joined(self.hashes)


def joined(subtrees: Sequence[bytes]) -> bytes:
    """Return the root above adjacent perfect subtrees, largest first."""
    if not subtrees:
        return EMPTY_ROOT
    *lefts, root = subtrees
    for left in reversed(lefts):
        root = node_hash(left, root)
    return root


def range_root(node: Node, begin: int, end: int) -> bytes:
    """Return the root of the leaves from `begin` up to `end`, aligned as RFC 9162 splits a tree."""
    return joined(perfect_subtrees(node, end, begin))


def perfect_subtrees(node: Node, end: int, begin: int = 0) -> tuple[bytes, ...]:
    """Return the perfect subtrees that the leaves from `begin` up to `end` consist of, left to right."""
    subtrees = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        subtrees.append(node(level, begin >> level))
        begin += 1 << level
    return tuple(subtrees)


def split_of(size: int) -> int:
    """Return the largest power of two below a size of at least 2 (RFC 9162 2.1.1)."""
    return 1 << ((size - 1).bit_length() - 1)
