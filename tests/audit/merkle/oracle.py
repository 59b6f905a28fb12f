"""RFC 9162 2.1 written as its definitions stand: recursive, slow, and without any of our code."""

from collections.abc import Sequence
from hashlib import sha256


def root(entries: Sequence[bytes]) -> bytes:
    """MTH (2.1.1)."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\x01" + root(entries[:k]) + root(entries[k:])).digest()


def path(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH (2.1.3.1)."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if index < k:
        return [*path(index, entries[:k]), root(entries[k:])]
    return [*path(index - k, entries[k:]), root(entries[:k])]


def beside(begin: int, end: int, entries: Sequence[bytes]) -> list[bytes]:
    """What MTH (2.1.1) needs besides the entries from `begin` up to `end`, in the order of a descent."""
    if begin <= 0 and end >= len(entries):
        return []
    k = split(len(entries))
    left, right = entries[:k], entries[k:]
    if end <= k:
        return [*beside(begin, end, left), root(right)]
    if begin >= k:
        return [*beside(begin - k, end - k, right), root(left)]
    return [*beside(begin, end, left), *beside(begin - k, end - k, right)]


def proof(old_size: int, entries: Sequence[bytes]) -> list[bytes]:
    """PROOF (2.1.4.1)."""
    return _subproof(old_size, entries, True)


def _subproof(m: int, entries: Sequence[bytes], complete: bool) -> list[bytes]:
    if m == len(entries):
        return [] if complete else [root(entries)]
    k = split(len(entries))
    if m <= k:
        return [*_subproof(m, entries[:k], complete), root(entries[k:])]
    return [*_subproof(m - k, entries[k:], False), root(entries[:k])]


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k
