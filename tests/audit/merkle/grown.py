"""A log grown in memory: its nodes by brute force, and the tiles that a database would hold."""

from collections.abc import Sequence

from sso.audit.merkle.tiles import Tile, TileNodes, completed_tiles
from sso.audit.merkle.tree import Frontier, leaf_hash


class Grown:
    """A tree of `size` leaves "0", "1", ..."""

    def __init__(self, size: int) -> None:
        self.leaves: list[bytes] = []
        self.tiles: dict[tuple[int, int], Tile] = {}
        self.frontier = Frontier()
        self._nodes: dict[tuple[int, int], bytes] = {}
        self.append([leaf_hash(b"%d" % number) for number in range(size)])

    @property
    def size(self) -> int:
        return len(self.leaves)

    @property
    def root(self) -> bytes:
        return self.frontier.root

    def append(self, leaves: Sequence[bytes]) -> None:
        for tile in completed_tiles(self.size, leaves, self.stored):
            self.tiles[tile.level, tile.number] = tile
        self.leaves += leaves
        self.frontier = self.frontier.extended(leaves, self._note)

    def stored(self, level: int, begin: int, end: int) -> list[bytes]:
        """What a database answers: leaves, and above them the roots of full tiles."""
        if level == 0:
            return self.leaves[begin:end]
        known = (self.tiles.get((level - 1, number)) for number in range(begin, end))
        return [tile.root for tile in known if tile is not None]

    @property
    def from_tiles(self) -> TileNodes:
        return TileNodes(self.stored)

    def node(self, level: int, index: int) -> bytes:
        return self._nodes[level, index]

    def _note(self, level: int, index: int, hash: bytes) -> None:
        self._nodes[level, index] = hash
