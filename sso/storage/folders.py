"""Folders: the name of a file that is new or renamed survives a loss of power once its folder is written."""

import os
from pathlib import Path


def keep_names(folder: Path) -> None:
    """Write a folder to the disk.

    Raises:
        OSError: it cannot be opened, or not written.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
