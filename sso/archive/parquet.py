"""Parquet: months of the log, with the columns of its table and of the tree; and exports. A door to Arrow."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow
from pyarrow import parquet

from sso.archive.errors import ArchiveBroken
from sso.audit.record import AuditRecord

ArchivedRow = Mapping[str, Any]
"""A stored entry by column, with `epoch`, `leaf_index` and `leaf_hash`, None where it has no place."""

READ_ROWS = 2_000
_TEXT, _BYTES, _NUMBER = pyarrow.string(), pyarrow.binary(), pyarrow.int32()
SCHEMA = pyarrow.schema(
    [
        pyarrow.field("id", _TEXT, nullable=False),
        pyarrow.field("event", _TEXT, nullable=False),
        pyarrow.field("occurred_at", pyarrow.timestamp("us", "UTC"), nullable=False),
        pyarrow.field("outcome", _TEXT, nullable=False),
        pyarrow.field("severity", _NUMBER, nullable=False),
        *((name, _TEXT) for name in ("client_id", "session_id", "grant_id", "request_id")),
        *((f"{name}_ref", _BYTES) for name in ("account", "address", "network", "actor", "about")),
        pyarrow.field("body", _BYTES, nullable=False),
        ("sealed", _BYTES),
        ("key_id", _TEXT),
        ("others", _BYTES),
        ("epoch", _NUMBER),
        ("leaf_index", pyarrow.int64()),
        ("leaf_hash", _BYTES),
    ]
)
RECORDS = pyarrow.schema(
    [
        pyarrow.field("id", _TEXT, nullable=False),
        pyarrow.field("occurred_at", pyarrow.timestamp("us", "UTC"), nullable=False),
        pyarrow.field("event", _TEXT, nullable=False),
        pyarrow.field("outcome", _TEXT, nullable=False),
        pyarrow.field("severity", _NUMBER, nullable=False),
        *((name, _TEXT) for name in ("client_id", "account_id", "session_id", "grant_id")),
        *((name, _TEXT) for name in ("address", "user_agent", "request_id", "trace_id", "actor")),
        ("detail", _TEXT),
    ]
)
"""An exported record: members as in its JSON, `detail` as a text of JSON."""


@dataclass(frozen=True, slots=True)
class Content:
    """What rows come to: how many, and the SHA-256 of all that they hold, in their order."""

    entries: int
    digest: bytes


def write(file: Path, pages: Iterable[Sequence[ArchivedRow]]) -> Content:
    """Write rows, in the order of their ids, a page a row group; return what they come to."""
    entries, digest = 0, hashlib.sha256()
    with parquet.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for page in pages:
            writer.write_table(pyarrow.Table.from_pylist([dict(row) for row in page], schema=SCHEMA))
            entries += len(page)
            _add(digest, page)
    return Content(entries, digest.digest())


def write_records(target: BinaryIO, pages: Iterable[Sequence[AuditRecord]]) -> int:
    """Write records in the open, a page a row group; return how many."""
    records = 0
    with parquet.ParquetWriter(target, RECORDS, compression="zstd") as writer:
        for page in pages:
            writer.write_table(pyarrow.Table.from_pylist([_told(record) for record in page], schema=RECORDS))
            records += len(page)
    return records


def read(file: Path) -> Iterator[Sequence[ArchivedRow]]:
    """Yield the rows of a file, READ_ROWS at once.

    Raises:
        ArchiveBroken: it is no Parquet, or has not the columns of a month.
    """
    try:
        with parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=READ_ROWS, columns=SCHEMA.names):
                if batch.schema.names != SCHEMA.names:
                    message = f"{file.name} is no month of the log: it has other columns"
                    raise ArchiveBroken(message)
                rows: list[ArchivedRow] = batch.to_pylist()
                yield rows
    except (pyarrow.ArrowException, OSError) as error:
        message = f"{file.name} is no month of the log: {type(error).__name__}"
        raise ArchiveBroken(message) from error


def content_of(file: Path) -> Content:
    """Return what the rows of a file come to."""
    entries, digest = 0, hashlib.sha256()
    for page in read(file):
        entries += len(page)
        _add(digest, page)
    return Content(entries, digest.digest())


def _told(record: AuditRecord) -> dict[str, Any]:
    told = record.as_json() | {"occurred_at": record.occurred_at}
    detail = told.get("detail")
    return told | {
        "detail": None if detail is None else json.dumps(detail, ensure_ascii=False, sort_keys=True)
    }


def _add(digest: "hashlib._Hash", page: Sequence[ArchivedRow]) -> None:
    for row in page:
        digest.update(repr([_plain(row[name]) for name in SCHEMA.names]).encode("utf-8", "surrogatepass"))


def _plain(value: object) -> object:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
