"""A set of small numbers, one bit each: a million people take 125 kilobytes."""

from collections.abc import Iterator


class Presence:
    """Numbers from 0 up. It only grows; used by one thread."""

    __slots__ = ("_bits", "count")

    def __init__(self) -> None:
        self._bits = bytearray()
        self.count = 0
        """How many numbers are in it."""

    def add(self, number: int) -> None:
        """Put a number in; again changes nothing."""
        place, bit = number >> 3, 1 << (number & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1024 - len(self._bits)))
        if not self._bits[place] & bit:
            self._bits[place] |= bit
            self.count += 1

    def __contains__(self, number: int) -> bool:
        place = number >> 3
        return place < len(self._bits) and bool(self._bits[place] & (1 << (number & 7)))

    def __iter__(self) -> Iterator[int]:
        """The numbers in order."""
        for place, octet in enumerate(self._bits):
            if octet:
                yield from (place * 8 + bit for bit in range(8) if octet & (1 << bit))
