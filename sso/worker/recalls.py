"""Entries of archived months that applications asked the receipts of: read in one pass over each month."""

import logging
import tempfile
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.archive.months import gone_months
from sso.archive.opening import copied, place_of
from sso.archive.settings import ArchiveSettings
from sso.audit.entry import EntryInvalid, public_record
from sso.audit.event import AuditMonthArchived
from sso.audit.merkle.tree import leaf_hash
from sso.audit.record import Origin
from sso.hub import Hub
from sso.storage.audit_months import Month

log = logging.getLogger("sso.worker")

_ORIGIN = Origin(actor="worker")


def recall(hub: Hub, now: datetime | None = None) -> bool:
    """Read entries that were asked for; true if there may be more.

    One that is not what stands in the tree is not kept: no receipt is given of it.

    Raises:
        StorageUnavailable: the database does not answer.
    """
    settings, now = hub.configuration.audit_archive, now or datetime.now(UTC)
    if settings is None:
        return False
    with hub.database.begin(_ORIGIN) as stores:
        asked = stores.audit_recalls.take(now)
    if not asked:
        return False
    with hub.database.read() as stores:
        months = gone_months(stores, hub.database)
        leaves = stores.audit_tree.leaf_hashes(asked)
    found: dict[str, bytes] = {}
    for month, kept in months.items():
        wanted = [event_id for event_id in asked if month.holds(event_id)]
        if wanted:
            found |= _read(hub, settings, month, kept, wanted)
    logged = {key: body for key, body in found.items() if _was_logged(key, body, leaves.get(key))}
    _keep(hub, asked, logged, now)
    return True


def _read(
    hub: Hub, settings: ArchiveSettings, month: Month, kept: AuditMonthArchived, wanted: Sequence[str]
) -> Mapping[str, bytes]:
    """The bodies of a month's entries; none where its file cannot be read."""
    from sso.archive.search import ArchiveSearch

    try:
        with tempfile.TemporaryDirectory(prefix="sso-archive-") as name:
            file = copied(place_of(settings), kept, Path(name))
            with ArchiveSearch(Path(name), [file], hub.database.audit_keys) as search:
                return search.bodies(wanted)
    except (ArchiveUnavailable, ArchiveBroken, OSError) as error:
        reason = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
        log.error("receipts of an archived month wait", extra={"month": str(month), "reason": reason})  # noqa: TRY400
        return {}


def _was_logged(event_id: str, body: bytes, in_tree: bytes | None) -> bool:
    """Whether a body is the one in the tree; a leaf does not hash the id beside it, the body bears it."""
    try:
        return leaf_hash(body) == in_tree and public_record(body).id == event_id
    except EntryInvalid:
        return False


def _keep(hub: Hub, asked: Collection[str], read: Mapping[str, bytes], now: datetime) -> None:
    with hub.database.begin(_ORIGIN) as stores:
        for event_id in asked:
            if event_id in read:
                stores.audit_recalls.keep(event_id, read[event_id], now)
            else:
                stores.audit_recalls.failed(event_id, now)
