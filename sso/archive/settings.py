"""Where an archive is, and whether what it needs is here."""

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """A folder, of this machine or mounted."""

    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSettings:
    """A bucket of a store that speaks S3, and what names of files in it begin with.

    `endpoint` is None for Amazon's own; `region` None where the store knows none; `ca_file` vouches for the
    store, the system's authorities where it is None.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None
    ca_file: Path | None
    key_id: str
    secret: str = field(repr=False)


ArchiveSettings = FolderSettings | BucketSettings

LIBRARIES = ("duckdb", "pyarrow")


def installed() -> bool:
    """Whether the libraries of the extra `archive` are installed."""
    return all(importlib.util.find_spec(library) is not None for library in LIBRARIES)
