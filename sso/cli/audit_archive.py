"""The archive of the log for commands: copies of the months that a question may find something in."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.archive.months import gone_months
from sso.archive.opening import copied, place_of
from sso.archive.place import Place
from sso.audit.event import AuditMonthArchived
from sso.audit.merkle.tree import leaf_hash
from sso.audit.query import AuditQuery
from sso.audit.record import JsonValue
from sso.audit.whole_log import Finding
from sso.cli.context import fail
from sso.hub import Hub
from sso.storage.audit import SqlAuditSearch
from sso.storage.audit_check import misfiled, unopened
from sso.storage.audit_months import Month
from sso.storage.audit_tree import FiledEntry
from sso.storage.stores import SqlStores

if TYPE_CHECKING:
    from sso.archive.search import ArchiveSearch
    from sso.archive.whole import WholeSearch

archive_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--archive", is_flag=True, help="In months that went into the archive, too."
)


def archive_place(hub: Hub) -> Place:
    """Return the place of the archive; ends the command where none is configured."""
    settings = hub.configuration.audit_archive
    if settings is None:
        fail("no archive is configured: [audit.archive]")
    return place_of(settings)


def archive_of(
    hub: Hub, query: AuditQuery, begin: datetime | None = None
) -> AbstractContextManager["ArchiveSearch"]:
    """Give what asks the archived months of a question's time, or of all since `begin`."""
    first = begin or query.since
    return _months(hub, lambda month: month.begin < query.until and month.next.begin > first)


def archive_holding(hub: Hub, event_id: str) -> AbstractContextManager["ArchiveSearch"]:
    """Give what asks the archived month of one entry."""
    return _months(hub, lambda month: month.holds(event_id))


@contextmanager
def _months(hub: Hub, are_wanted: Callable[[Month], bool]) -> Iterator["ArchiveSearch"]:
    """Give what asks those of the months that went into the archive and left the database.

    Ends the command where there is no archive, where a file is not what the log says or cannot be asked, or
    where a month went while it was asked: it would be in neither place.
    """
    place = archive_place(hub)
    from sso.archive.search import ArchiveSearch

    there = gone(hub)
    wanted = [kept for month, kept in there.items() if are_wanted(month)]
    with tempfile.TemporaryDirectory(prefix="sso-archive-") as name:
        folder = Path(name)
        try:
            files = [copied(place, kept, folder) for kept in wanted]
            with ArchiveSearch(folder, files, hub.database.audit_keys) as search:
                yield search
        except (ArchiveBroken, ArchiveUnavailable) as error:
            fail(str(error))
    if gone(hub).keys() != there.keys():
        fail("a month went into the archive meanwhile: ask again")


def log_of(stores: SqlStores, archive: "ArchiveSearch | None") -> "SqlAuditSearch | WholeSearch":
    """Return what searches the log, with the archive where that is asked, too."""
    if archive is None:
        return stores.audit_search
    from sso.archive.whole import WholeSearch

    return WholeSearch(stores.audit_search, archive)


def asked_of(query: AuditQuery, archive: "ArchiveSearch | None") -> dict[str, JsonValue]:
    """Return what was asked, as the log records it: whether of the archive, too."""
    return query.asked() | ({} if archive is None else {"archive": True})


def gone(hub: Hub) -> Mapping[Month, AuditMonthArchived]:
    """Return the months that are in the archive alone, oldest first."""
    with hub.database.read() as stores:
        return gone_months(stores, hub.database)


@dataclass(slots=True)
class ArchiveCheck:
    """A check of every archived month against the tree; how many there were is known at the end."""

    hub: Hub
    place: Place
    months: int = 0

    def findings(self) -> Iterator[Finding]:
        """Yield everything that is wrong: another file, other entries than those of the tree, or too few."""
        for month, kept in gone(self.hub).items():
            self.months += 1
            with tempfile.TemporaryDirectory(prefix="sso-archive-") as folder:
                try:
                    file = copied(self.place, kept, Path(folder))
                    yield from self._of_month(month, kept.archive_file, file)
                except (ArchiveBroken, ArchiveUnavailable) as error:
                    yield Finding("archive", str(error))

    def _of_month(self, month: Month, name: str, file: Path) -> Iterator[Finding]:
        from sso.archive.parquet import read

        found = 0
        for page in read(file):
            with self.hub.database.read() as stores:
                leaves = stores.audit_tree.leaf_hashes([row["id"] for row in page])
            for row in page:
                yield from _of_entry(row, leaves.get(row["id"]), name)
            there = [_filed(row) for row in page if row["id"] in leaves]
            yield from unopened(there, self.hub.database.audit_keys)
            found += len(page)
        with self.hub.database.read() as stores:
            missing = stores.audit_archive.leaves(month) - found
        if missing > 0:
            yield Finding("deleted", f"{missing} entries of {month} are not in {name}")


def _of_entry(row: Mapping[str, Any], in_tree: bytes | None, name: str) -> Iterator[Finding]:
    if in_tree is None:
        yield Finding("inserted", f"entry {row['id']} of {name} has no place in the log")
    elif leaf_hash(row["body"]) != in_tree:
        yield Finding("changed", f"entry {row['id']} of {name} is not what was logged")
    else:
        yield from misfiled(_filed(row))


def _filed(row: Mapping[str, Any]) -> FiledEntry:
    return FiledEntry(row["id"], row["body"], row)
