"""What a question to the log finds: records, and by their names the entries that cannot be read any more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sso.audit.record import AuditRecord, JsonValue


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """An entry of which somebody has changed what is kept; `sso audit verify` says what is wrong with it.

    It is found by what it is filed under, which may be as wrong.
    """

    id: str

    def as_json(self) -> dict[str, JsonValue]:
        """Return what is known of it, in the place of a record."""
        return {"id": self.id, "broken": True}


Found: TypeAlias = AuditRecord | BrokenEntry


def readable(found: Iterable[Found]) -> list[AuditRecord]:
    """Return the records among what was found."""
    return [each for each in found if not isinstance(each, BrokenEntry)]


def broken(found: Iterable[object]) -> list[str]:
    """Return the ids of the entries among what was found that are broken."""
    return [each.id for each in found if isinstance(each, BrokenEntry)]


def how_many(ids: Sequence[str]) -> int | None:
    """Return how many entries were broken, as the log records it: nothing where none was."""
    return len(ids) or None
