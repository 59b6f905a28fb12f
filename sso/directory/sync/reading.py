"""What a reader of a directory brings, page by page, and how it says that nobody is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from sso.directory.entry import Entry
from sso.directory.sync_rules import ChangeSource


class PositionLost(Exception):
    """The directory cannot say what changed since then: it must be read whole."""


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where changes are known: the vendor's own mark, and the server that it is good for."""

    source: ChangeSource
    server: str
    mark: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, one a person. `unusable` ones show no id, so that nobody knows whose they are.

    `contested` are, two at a time, entries that show one id; neither is among `entries`, here or later.
    """

    entries: tuple[Entry, ...]
    unusable: int = 0
    contested: tuple[tuple[Entry, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """Some of what changed. `removed` are ids of which the server itself says that they are gone."""

    page: Page
    removed: tuple[str, ...] = ()


class Reader(Protocol):
    """One conversation with one server of a directory.

    Every method raises DirectoryUnavailable when the server fails or refuses. An iterator that ends without
    an exception has delivered everything, unless `referred`: that alone is the proof that nobody is missing.
    """

    def everybody(self) -> Iterator[Page]:
        """Every person below the base, to the last page; `position_reached` is that of the beginning."""
        ...

    def changes(self, since: Position) -> Iterator[Changes]:
        """What changed since a position. Raises PositionLost, first of all, when the server cannot tell."""
        ...

    @property
    def remark(self) -> str:
        """What the last reading could not show, in a sentence for its report; "" when it showed all."""
        ...

    @property
    def referred(self) -> bool:
        """Whether the server left a part of the tree to another one (RFC 4511 section 4.5.3): nobody is
        proved absent, nor removed."""
        ...

    @property
    def position_reached(self) -> Position | None:
        """Where the next reading begins, once this one is through; None when the server does not tell."""
        ...
