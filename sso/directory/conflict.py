"""What a directory says twice: one name or one id that is two entries', or two accounts'.

The hub never guesses. Whoever is known by their immutable id goes on; what only a name would settle waits in
a queue for an officer.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sso.directory.person import Account


class ConflictKind(StrEnum):
    """What is shared.

    `NAME_REUSED`: two accounts in use bear one login name: a leaver's name was given to a newcomer, or the
    entry of one human was made anew. `NAME_AMBIGUOUS`: a search for one name finds two entries, so nobody
    signs in under it. `ID_SHARED`: two entries show one immutable id.
    """

    NAME_REUSED = "name_reused"
    NAME_AMBIGUOUS = "name_ambiguous"
    ID_SHARED = "id_shared"


class Resolution(StrEnum):
    """What an officer found out.

    `DIFFERENT`: two humans; the earlier account's has left. `SAME`: one human, whose entry was made anew;
    the earlier account goes on with the new entry. `MENDED`: the directory was put right.
    """

    DIFFERENT = "different"
    SAME = "same"
    MENDED = "mended"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: an entry as the directory shows it, or an account and its entry's id."""

    immutable_id: str
    login_name: str
    dn: str = ""
    account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A conflict with both its sides, the earlier account first. `resolved_at` is None while it is open.

    Times are UTC; `seen_at` is when it was met last.
    """

    id: str
    directory_id: str
    kind: ConflictKind
    sides: tuple[Side, ...] = field(repr=False)
    found_at: datetime
    seen_at: datetime
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    reason: str = ""

    @property
    def fingerprint(self) -> str:
        """What is the same each time this conflict is met: its kind and whose it is."""
        whose = sorted(f"{side.account_id or side.dn.casefold()}\0{side.immutable_id}" for side in self.sides)
        return hashlib.sha256("\0\0".join((self.kind.value, *whose)).encode("utf-8", "replace")).hexdigest()

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        """What may be decided: what only the directory can put right is never decided here."""
        if self.kind is ConflictKind.NAME_REUSED:
            return (Resolution.DIFFERENT, Resolution.SAME)
        return (Resolution.MENDED,)


class Conflicts(Protocol):
    """The queue. All methods work inside the one transaction that the caller opened."""

    def note(self, conflict: Conflict) -> bool:
        """Remember a conflict; false if it is open already, and then only when it was met last."""
        ...

    def get(self, conflict_id: str) -> Conflict | None:
        """Return a conflict, open or resolved, or None."""
        ...

    def of_directory(self, directory_id: str, *, resolved: bool = False) -> Sequence[Conflict]:
        """Return the open conflicts of a directory, with `resolved` all of them, the oldest first."""
        ...

    def reused_names(self, directory_id: str) -> Sequence[str]:
        """Return login names that more than one account in use of a directory bears, a few at most."""
        ...

    def exchange_ids(self, one: Account, other: Account) -> None:
        """Let each of two accounts of a directory go on with the other's immutable id."""
        ...

    def resolve(self, conflict_id: str, resolution: Resolution, reason: str, now: datetime) -> bool:
        """Note what an officer decided; true for one caller only."""
        ...
