"""The archive of the log for commands: copies of the months that a question may find something in."""

import heapq
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.archive.opening import copied, place_of
from sso.audit.event import AuditMonthArchived
from sso.audit.query import AuditQuery
from sso.audit.record import AuditRecord
from sso.cli.context import fail
from sso.hub import Hub
from sso.storage.audit_months import Month

if TYPE_CHECKING:
    from sso.archive.search import ArchiveSearch


@contextmanager
def archive_of(hub: Hub, query: AuditQuery) -> Iterator["ArchiveSearch"]:
    """Give what asks the months of a question's time that went into the archive and left the database.

    Ends the command where there is no archive, where a file is not what the log says, or where a month went
    while it was asked: it would be in neither place.
    """
    settings = hub.configuration.audit_archive
    if settings is None:
        fail("no archive is configured: [audit.archive]")
    from sso.archive.search import ArchiveSearch

    gone = gone_months(hub)
    wanted = [
        kept for month, kept in gone.items() if month.begin < query.until and month.next.begin > query.since
    ]
    place = place_of(settings)
    with tempfile.TemporaryDirectory(prefix="sso-archive-") as name:
        folder = Path(name)
        try:
            files = [copied(place, kept, folder) for kept in wanted]
        except (ArchiveBroken, ArchiveUnavailable) as error:
            fail(str(error))
        with ArchiveSearch(folder, files, hub.database.audit_keys) as search:
            yield search
    if gone_months(hub).keys() != gone.keys():
        fail("a month went into the archive meanwhile: ask again")


def gone_months(hub: Hub) -> Mapping[Month, AuditMonthArchived]:
    """Return the months that are in the archive alone, oldest first."""
    with hub.database.read() as stores:
        said = stores.audit_archive.archived()
        here = stores.audit_months.known() if hub.database.dialect == "postgresql" else ()
    months = {Month.parse(name): kept for name, kept in said.items()}
    return {month: months[month] for month in sorted(months) if month not in here}


def newest(pages: Sequence[Sequence[AuditRecord]], limit: int) -> Sequence[AuditRecord]:
    """Return one page of several, each newest first."""
    return list(heapq.merge(*pages, key=lambda record: record.id, reverse=True))[:limit]
