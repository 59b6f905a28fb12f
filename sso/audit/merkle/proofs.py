"""Proofs: that entries are in a tree (RFC 9162 2.1.3.1), that a tree has only grown (2.1.4.1)."""

from sso.audit.merkle.tree import Node, range_root, split_of


def inclusion_proof(node: Node, index: int, size: int) -> list[bytes]:
    """Return the hashes beside the path from a leaf to the root of the tree of `size`, leaf's side first.

    Raises:
        ValueError: the index is not in the tree.
    """
    if not 0 <= index < size:
        msg = f"there is no leaf {index} in a tree of {size}"
        raise ValueError(msg)
    begin, end, beside = 0, size, []
    while end - begin > 1:
        middle = begin + split_of(end - begin)
        if index < middle:
            beside.append(range_root(node, middle, end))
            end = middle
        else:
            beside.append(range_root(node, begin, middle))
            begin = middle
    return beside[::-1]


def range_proof(node: Node, begin: int, end: int, size: int) -> list[bytes]:
    """Return the hashes beside adjacent leaves, from `begin` up to `end`, that lead to the root of a tree.

    They come as a verifier needs them that goes down to the leaves and up again, left before right (RFC 9162
    2.1.1). Of one leaf that is its inclusion proof; there are never more than two a level.

    Raises:
        ValueError: there is no such range in the tree.
    """
    if not 0 <= begin < end <= size:
        msg = f"there are no leaves from {begin} to {end} in a tree of {size}"
        raise ValueError(msg)
    return _beside(node, (begin, end), 0, size)


def _beside(node: Node, asked: tuple[int, int], low: int, high: int) -> list[bytes]:
    begin, end = asked
    if begin <= low and high <= end:
        return []
    middle = low + split_of(high - low)
    if end <= middle:
        return [*_beside(node, asked, low, middle), range_root(node, middle, high)]
    if begin >= middle:
        return [*_beside(node, asked, middle, high), range_root(node, low, middle)]
    return [*_beside(node, asked, low, middle), *_beside(node, asked, middle, high)]


def consistency_proof(node: Node, old_size: int, new_size: int) -> list[bytes]:
    """Return the hashes that show the tree of `old_size` to be the beginning of that of `new_size`.

    From an empty tree, and from a tree to itself, nothing needs to be shown.

    Raises:
        ValueError: the old tree is larger than the new one.
    """
    if not 0 <= old_size <= new_size:
        msg = f"a tree of {new_size} cannot have grown out of one of {old_size}"
        raise ValueError(msg)
    if old_size in (0, new_size):
        return []
    begin, end, hashes, old_root_is_known = 0, new_size, [], True
    while old_size != end:
        middle = begin + split_of(end - begin)
        if old_size <= middle:
            hashes.append(range_root(node, middle, end))
            end = middle
        else:
            hashes.append(range_root(node, begin, middle))
            begin, old_root_is_known = middle, False
    if not old_root_is_known:
        hashes.append(range_root(node, begin, end))
    return hashes[::-1]
