"""Tiles of 256 hashes (C2SP tlog-tiles): a log is stored as its leaves and, in time, as full tiles only.

A tile of level L holds the hashes of 256 adjacent subtrees of 256**L leaves each: 8,192 bytes, written
once. Nodes inside it are computed from those hashes; 65,536 leaves need 257 tiles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sso.audit.merkle.tree import HASH_BYTES, node_hash

TILE_WIDTH = 256
TILE_HEIGHT = 8
TILE_BYTES = TILE_WIDTH * HASH_BYTES

StoredHashes = Callable[[int, int, int], Sequence[bytes]]
"""The hashes of a tile level from one index up to another, as far as they are stored."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: 256 hashes, and the root above them, which is its hash in the level above."""

    level: int
    number: int
    hashes: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The hash of the subtree that the tile covers."""
        return _rows(self.hashes)[-1][0]


class TileNodes:
    """Nodes of a log read out of its tiles; what has been read once is kept for the next proof."""

    def __init__(self, stored: StoredHashes) -> None:
        self._stored = stored
        self._tiles: dict[tuple[int, int], Sequence[Sequence[bytes]]] = {}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree.

        Raises:
            KeyError: what is stored does not reach that far.
        """
        tile_level, within = divmod(level, TILE_HEIGHT)
        number, place = divmod(index << within, TILE_WIDTH)
        if (tile_level, number) not in self._tiles:
            begin = number * TILE_WIDTH
            self._tiles[tile_level, number] = _rows(self._stored(tile_level, begin, begin + TILE_WIDTH))
        try:
            return self._tiles[tile_level, number][within][place >> within]
        except IndexError:
            raise KeyError((level, index)) from None


def completed_tiles(old_size: int, leaves: Sequence[bytes], stored: StoredHashes) -> list[Tile]:
    """Return the tiles that these new leaves fill, lower levels first.

    Of what is stored, only the begun tile of each level that gets filled is asked for.
    """
    tiles: list[Tile] = []
    level, count, fresh = 0, old_size, list(leaves)
    while (full := (count + len(fresh)) // TILE_WIDTH) > (begun := count // TILE_WIDTH):
        row = [*stored(level, begun * TILE_WIDTH, count), *fresh]
        made = [
            Tile(level, begun + i, tuple(row[i * TILE_WIDTH : (i + 1) * TILE_WIDTH]))
            for i in range(full - begun)
        ]
        tiles += made
        level, count, fresh = level + 1, begun, [tile.root for tile in made]
    return tiles


def split_hashes(together: bytes) -> tuple[bytes, ...]:
    """Return the hashes of a stored tile one by one.

    Raises:
        ValueError: not a whole number of hashes, or more than a tile holds.
    """
    if len(together) % HASH_BYTES or len(together) > TILE_BYTES:
        msg = f"a tile holds up to {TILE_WIDTH} hashes of {HASH_BYTES} bytes"
        raise ValueError(msg)
    return tuple(together[i : i + HASH_BYTES] for i in range(0, len(together), HASH_BYTES))


def _rows(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return every complete row of a tile: its hashes, their parents, and so on."""
    rows = [hashes]
    while len(row := rows[-1]) > 1:
        rows.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])
    return rows
