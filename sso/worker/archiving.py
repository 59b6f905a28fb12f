"""A month of the log is written to the archive before it may be dropped, and read back."""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.archive.opening import copied, digest_of, place_of
from sso.archive.place import Place
from sso.audit.event import AuditMonthArchived, AuditMonthNotArchived
from sso.audit.record import AuditEvent, Origin
from sso.hub import Hub
from sso.storage.audit_months import Month

log = logging.getLogger("sso.worker")

PAGE = 10_000
_ORIGIN = Origin(actor="worker")


def archived(hub: Hub, month: Month, now: datetime) -> AuditMonthArchived | None:
    """Return what a month is in the archive, written there unless it is; None if it could not be.

    Raises:
        StorageUnavailable: the database does not answer.
    """
    settings = hub.configuration.audit_archive
    if settings is None:
        return None
    try:
        with tempfile.TemporaryDirectory(prefix="sso-archive-") as folder:
            return _archived(hub, month, place_of(settings), Path(folder), now)
    except (ArchiveUnavailable, ArchiveBroken, OSError) as error:
        reason = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
        log.error("a month of the audit log was not archived", extra={"month": str(month), "reason": reason})  # noqa: TRY400
        _record_failure(hub, AuditMonthNotArchived(month=str(month), reason=reason), now)
        return None


def _archived(hub: Hub, month: Month, place: Place, folder: Path, now: datetime) -> AuditMonthArchived:
    from sso.archive.parquet import content_of, write

    file = folder / "month.parquet"
    written = write(file, _pages(hub, month))
    sha256 = digest_of(file)
    name = f"audit-{month}-{sha256[:16]}.parquet"
    kept = AuditMonthArchived(month=str(month), archive_file=name, entries=written.entries, sha256=sha256)
    with hub.database.read() as stores:
        known = stores.audit_archive.archived().get(kept.month) == kept
    if not known:
        with file.open("rb") as content:
            place.put(name, content)
    file.unlink()
    if content_of(copied(place, kept, folder)) != written:
        message = f"{name} does not read back as what was written"
        raise ArchiveBroken(message)
    if not known:
        _record(hub, kept, now)
    return kept


def _pages(hub: Hub, month: Month) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Every entry of a month, each page in a transaction of its own."""
    after = ""
    while True:
        with hub.database.read() as stores:
            page = stores.audit_archive.page(month, after, PAGE)
        if not page:
            return
        yield page
        after = str(page[-1]["id"])


def _record(hub: Hub, event: AuditEvent, now: datetime) -> None:
    with hub.database.begin(_ORIGIN) as stores:
        stores.audit.append(event, now)


def _record_failure(hub: Hub, event: AuditMonthNotArchived, now: datetime) -> None:
    """Put on record why a month is not archived, once as long as it stays so."""
    with hub.database.begin(_ORIGIN) as stores:
        last = stores.audit_archive.last_said()
        said = {"month": event.month, "reason": event.reason}
        if last is None or last.event != event.code or last.detail != said:
            stores.audit.append(event, now)
