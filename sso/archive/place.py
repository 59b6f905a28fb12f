"""Where files are kept: what we need of such a place, and the folder, which is one."""

import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO, Protocol

from sso.archive.errors import ArchiveBroken, ArchiveUnavailable
from sso.storage.folders import keep_names


class Place(Protocol):
    """A place that keeps files by name; a file is there whole or not at all."""

    def put(self, name: str, content: BinaryIO) -> None:
        """Keep a file, in place of one of that name.

        Raises:
            ArchiveUnavailable: it is not kept.
        """

    def probe(self) -> None:
        """Do nothing if the place is there.

        Raises:
            ArchiveUnavailable: it does not answer, or takes nothing.
        """

    def get(self, name: str) -> BinaryIO:
        """Return a file, from its begin.

        Raises:
            ArchiveBroken: it is not there.
            ArchiveUnavailable: the place does not answer.
        """


class Folder:
    """A folder; what was put there survives a loss of power."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, content: BinaryIO) -> None:
        """Write under a name of its own, then rename."""
        part = self._folder / f".{name}.{secrets.token_hex(8)}.part"
        try:
            descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as opened:
                    shutil.copyfileobj(content, opened)
                    opened.flush()
                    os.fsync(opened.fileno())
                part.replace(self._folder / name)
            finally:
                part.unlink(missing_ok=True)
            keep_names(self._folder)
        except OSError as error:
            message = f"{self._folder}: {error.strerror}"
            raise ArchiveUnavailable(message) from error

    def probe(self) -> None:
        """Look whether the folder is there and takes files."""
        if not (self._folder.is_dir() and os.access(self._folder, os.W_OK | os.X_OK)):
            message = f"{self._folder} is no folder that this user may write into"
            raise ArchiveUnavailable(message)

    def get(self, name: str) -> BinaryIO:
        """Open the file."""
        try:
            return (self._folder / name).open("rb")
        except FileNotFoundError as error:
            message = f"{self._folder / name} is not there"
            raise ArchiveBroken(message) from error
        except OSError as error:
            message = f"{self._folder / name}: {error.strerror}"
            raise ArchiveUnavailable(message) from error
