"""Verify proofs, step by step as RFC 9162 2.1.3.2 and 2.1.4.2 write them, apart from what makes them."""

from collections.abc import Sequence

from sso.audit.merkle.tree import EMPTY_ROOT, node_hash


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a leaf hash stands at `index` in the tree of `size` with this root."""
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = node_hash(beside, found)
            position, last = _up_to_right_child(position, last)
        else:
            found = node_hash(found, beside)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def consistent(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Whether the tree `old` (its size and root) is the beginning of the tree `new`."""
    (old_size, old_root), (new_size, new_root) = old, new
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    return _climb(path, position, last) == (old_root, new_root)


def _climb(path: Sequence[bytes], position: int, last: int) -> tuple[bytes, bytes] | None:
    """Return the roots of both trees that a path leads to; None if it does not fit the sizes."""
    old_found = new_found = path[0]
    for beside in path[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            old_found, new_found = node_hash(beside, old_found), node_hash(beside, new_found)
            position, last = _up_to_right_child(position, last)
        else:
            new_found = node_hash(new_found, beside)
        position, last = position >> 1, last >> 1
    return (old_found, new_found) if last == 0 else None


def _up_to_right_child(position: int, last: int) -> tuple[int, int]:
    """Skip the levels at which a left child on the right border has no sibling."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last
