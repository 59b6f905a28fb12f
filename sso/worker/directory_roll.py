"""Whom the register of a directory holds, page by page, while the directory is read.

A dry run writes nothing: those whom a real one would register first are held beside it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sso.directory.sync.presence import Presence
from sso.directory.sync.stages import Registered
from sso.storage.database import Database

BATCH = 500


@dataclass(slots=True)
class Roll:
    """The register of one directory, read in transactions of its own; `beside` is in order of the numbers."""

    database: Database
    directory_id: str
    beside: Sequence[Registered] = ()
    _beside_by_id: Mapping[str, Registered] = field(default_factory=dict)

    def hold_beside(self, people: Sequence[Registered]) -> None:
        """Count people in who are not registered; their numbers follow those of the register."""
        self.beside = people
        self._beside_by_id = {person.immutable_id: person for person in people}

    def held_among(self, ids: Collection[str]) -> Mapping[str, Registered]:
        """Those of the ids whose people are held beside the register."""
        return {each: self._beside_by_id[each] for each in ids if each in self._beside_by_id}

    def known_among(self, ids: Collection[str]) -> Collection[Registered]:
        """Those of the ids whom the register knows or who are held beside it."""
        with self.database.read() as stores:
            known = stores.register.of_ids(self.directory_id, ids)
        return {**known, **self.held_among(ids)}.values()

    def everybody(self) -> Iterator[Registered]:
        """Everybody, in order of their numbers."""
        last = -1
        while page := self._after(last):
            yield from page
            last = page[-1].number

    def among(self, numbers: Presence) -> Iterator[Registered]:
        """Those with one of the numbers, in their order."""
        last = -1
        for number in numbers:
            if number > last:
                page = self._after(number - 1)
                yield from (person for person in page if person.number in numbers)
                last = page[-1].number if page else number

    def _after(self, number: int) -> Sequence[Registered]:
        with self.database.read() as stores:
            page = stores.register.after(self.directory_id, number, BATCH)
        return page or [person for person in self.beside if person.number > number][:BATCH]


def batched(persons: Iterable[Registered]) -> Iterator[Sequence[Registered]]:
    """The people in lists of BATCH."""
    source = iter(persons)
    while batch := list(islice(source, BATCH)):
        yield batch
