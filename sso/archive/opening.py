"""The place of an archive, and private copies of its files that are what the log says of them."""

import hashlib
import re
import shutil
from pathlib import Path

from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.archive.place import Folder, Place
from sso.archive.settings import ArchiveSettings, FolderSettings
from sso.audit.event import AuditMonthArchived

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_CHUNK_BYTES = 1 << 20


def place_of(settings: ArchiveSettings) -> Place:
    """Return the place that was configured; nothing is asked of it yet."""
    if isinstance(settings, FolderSettings):
        return Folder(settings.folder)
    from sso.archive.object_store import Bucket

    return Bucket(settings)


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def copied(place: Place, kept: AuditMonthArchived, folder: Path) -> Path:
    """Return a copy, in a private folder, of the file that the log tells of.

    Raises:
        ArchiveBroken: there is none, or it is another one.
        ArchiveUnavailable: the place does not answer, or there is no room for a copy.
    """
    if not _NAME.fullmatch(kept.archive_file):
        message = f"{kept.archive_file!r} is no name of an archived month"
        raise ArchiveBroken(message)
    copy = folder / kept.archive_file
    try:
        with place.get(kept.archive_file) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK_BYTES)
    except OSError as error:
        message = f"{kept.archive_file} could not be copied: {error.strerror or error}"
        raise ArchiveUnavailable(message) from error
    if digest_of(copy) != kept.sha256:
        copy.unlink()
        message = f"{kept.archive_file} is not the file that was archived: its SHA-256 is another one"
        raise ArchiveBroken(message)
    return copy
