"""Hashes, growth, tiles: against the vectors of RFC 6962's reference code, a naive oracle, and pymerkle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from sso.audit.merkle.tiles import TILE_WIDTH, Tile, TileNodes, completed_tiles, split_hashes
from sso.audit.merkle.tree import EMPTY_ROOT, Frontier, leaf_hash, range_root
from tests.audit.merkle import oracle
from tests.audit.merkle.grown import Grown

# The entries and roots that Certificate Transparency's reference implementations share.
TEXTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ENTRIES = [bytes.fromhex(text) for text in TEXTS]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_vectors(size: int) -> None:
    """RFC 9162 2.1.1, with the vectors of RFC 6962's implementations."""
    grown = Frontier().extended(leaf_hash(entry) for entry in ENTRIES[:size])

    assert grown.root.hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    """RFC 9162 2.1.1."""
    assert Frontier().root == EMPTY_ROOT == oracle.root([])


def test_every_size_has_the_root_of_the_oracle_and_of_pymerkle() -> None:
    theirs, ours, entries = InmemoryTree(algorithm="sha256"), Frontier(), []

    for number in range(1, 300):
        entries.append(b"entry %d" % number)
        theirs.append_entry(entries[-1])
        ours = ours.extended([leaf_hash(entries[-1])])

        assert ours.root == oracle.root(entries) == theirs.get_root(number)


@given(st.lists(st.binary(max_size=8), max_size=80), st.data())
def test_any_split_into_batches_grows_the_same_tree(entries: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    cut = data.draw(st.integers(0, len(leaves)))

    batches = Frontier().extended(leaves[:cut]).extended(leaves[cut:])

    assert batches == Frontier().extended(leaves)
    assert batches.root == oracle.root(entries)


@pytest.mark.parametrize(("size", "hashes"), [(1, ()), (2, (b"x" * 32,) * 2), (-1, ()), (0, (b"x" * 32,))])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, hashes: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="perfect subtrees"):
        Frontier(size, hashes)


def test_nodes_from_tiles_are_the_nodes_of_the_tree() -> None:
    """C2SP tlog-tiles: level 1 begins at 65,536 leaves, so this tree has a begun tile on three levels."""
    grown = Grown(66_000)

    for level, index in [(0, 0), (0, 65_999), (1, 32_999), (7, 514), (8, 256), (9, 127), (15, 1), (16, 0)]:
        assert grown.from_tiles.node(level, index) == grown.node(level, index)


def test_a_node_beyond_the_tiles_is_missing() -> None:
    grown = Grown(300)

    for level, index in [(0, 300), (2, 75), (8, 1), (9, 0)]:
        with pytest.raises(KeyError):
            grown.from_tiles.node(level, index)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_tiles_come_out_the_same_however_the_leaves_arrive(batches: list[int]) -> None:
    whole = Grown(sum(batches))
    leaves, stored = whole.leaves, Grown(0)

    for batch in batches:
        stored.append(leaves[stored.size : stored.size + batch])

    assert stored.tiles == whole.tiles
    assert len(whole.tiles) == sum(batches) // TILE_WIDTH


def test_a_full_tile_has_the_root_of_its_subtree() -> None:
    grown = Grown(512)

    assert [tile.root for tile in grown.tiles.values()] == [
        range_root(grown.node, 0, 256),
        range_root(grown.node, 256, 512),
    ]


@pytest.mark.parametrize("together", [b"x" * 31, b"x" * (32 * 257)])
def test_hashes_that_no_tile_holds_are_refused(together: bytes) -> None:
    with pytest.raises(ValueError, match="a tile holds"):
        split_hashes(together)


def test_completing_asks_only_for_the_begun_tile() -> None:
    asked: list[tuple[int, int, int]] = []

    def stored(level: int, begin: int, end: int) -> list[bytes]:
        asked.append((level, begin, end))
        return [b"s" * 32] * (end - begin)

    tiles = completed_tiles(700, [b"l" * 32] * 400, stored)

    assert asked == [(0, 512, 700)]
    assert [(tile.level, tile.number) for tile in tiles] == [(0, 2), (0, 3)]
    assert isinstance(tiles[0], Tile)
    assert TileNodes(stored).node(0, 3) == b"s" * 32
