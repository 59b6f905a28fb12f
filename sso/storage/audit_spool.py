"""The spool: where the events of a containment wait while the audit log cannot be written.

Signing out, revoking and disabling must not wait for the log. Their events are then written to a local file,
sealed and durable, before the state commits; the worker takes them into the log later, marked late.
"""

import base64
import fcntl
import json
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sso.audit.entry import Entry, EntryInvalid, Group, entry_of, record_from
from sso.audit.record import AuditEvent, AuditRecord, record_of
from sso.storage.counts import count
from sso.storage.errors import SealBroken, StorageUnavailable
from sso.storage.sealing import Sealer
from sso.storage.unit_of_work import UnitOfWork

MAX_BYTES = 64 * 1024 * 1024
"""A spool that is full refuses: whoever floods us must not fill the disk."""

_CONTEXT = b"audit spool"


@dataclass(frozen=True, slots=True)
class Spooled:
    """What a spool holds: records in the order in which they were written, and lines that cannot be read."""

    records: Sequence[AuditRecord]
    broken: int


class AuditSpool:
    """A file of one node, shared by its processes: one at a time writes or takes."""

    def __init__(self, file: Path, sealer: Sealer) -> None:
        self._file = file
        self._sealer = sealer

    @contextmanager
    def holding(self, records: Sequence[AuditRecord]) -> Generator[None]:
        """Append records, durable before the block begins; a block that fails takes them back.

        Raises:
            StorageUnavailable: they are not durable, and the block did not begin.
        """
        with self._locked() as file:
            self._append(file, [_plain(record) for record in records])
            try:
                yield
            except BaseException:
                self._append(file, [json.dumps({"withdrawn": [record.id for record in records]}).encode()])
                raise

    def take(self, take_in: Callable[[Spooled], None]) -> int:
        """Hand everything over, and forget it when that has succeeded; return how many records there were.

        What is handed over stands aside meanwhile: nobody who writes waits for the log.

        Raises:
            StorageUnavailable: nothing was forgotten.
        """
        taken = 0
        while self._set_aside():
            spooled = self._read(self._aside.read_bytes())
            if spooled.records or spooled.broken:
                take_in(spooled)
            self._aside.unlink()
            taken += len(spooled.records)
        return taken

    @property
    def _aside(self) -> Path:
        return self._file.with_name(f"{self._file.name}.taking")

    def _set_aside(self) -> bool:
        """Whether there is something to take; what a crash left aside comes first."""
        if self._aside.exists():
            return True
        if not self._file.exists():
            return False
        with self._locked():
            self._file.rename(self._aside)
            _keep_name(self._file.parent)
        return True

    def _append(self, file: BinaryIO, plain: Sequence[bytes]) -> None:
        lines = b"".join(base64.b64encode(self._sealer.seal(each, _CONTEXT)) + b"\n" for each in plain)
        if file.seek(0, os.SEEK_END) + len(lines) > MAX_BYTES:
            msg = "the spool of audit events is full"
            raise StorageUnavailable(msg)
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Generator[BinaryIO]:
        """The file, for this one alone: the one that has its name at this moment."""
        try:
            file = self._opened()
        except OSError as error:
            msg = f"the spool of audit events cannot be used: {error.strerror}"
            raise StorageUnavailable(msg) from error
        with file:
            yield file

    def _opened(self) -> BinaryIO:
        while True:
            descriptor = os.open(self._file, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
            file = os.fdopen(descriptor, "r+b")
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._file.exists() and self._file.stat().st_ino == os.fstat(descriptor).st_ino:
                _keep_name(self._file.parent)
                return file
            file.close()  # somebody set it aside while we waited

    def _read(self, content: bytes) -> Spooled:
        found: dict[str, AuditRecord] = {}
        broken = 0
        for line in content.splitlines():
            try:
                whole = json.loads(self._sealer.open(base64.b64decode(line, validate=True), _CONTEXT))
                for event_id in whole.get("withdrawn", ()):
                    found.pop(event_id, None)
                if "body" in whole:
                    record = _record(whole)
                    found[record.id] = record
            except (SealBroken, EntryInvalid, ValueError, KeyError, TypeError, AttributeError):
                broken += 1  # the write that a crash cut off: nothing was done in its name
        return Spooled(list(found.values()), broken)


class SpooledAuditLog:
    """`sso.oidc.stores.AuditLog` of a transaction whose events go to the spool."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self.records: list[AuditRecord] = []

    def append(self, event: AuditEvent, now: datetime) -> str:
        """Record an event and return its id."""
        record = record_of(event, self._unit.origin, now, len(self.records))
        self.records.append(record)
        self._unit.after_commit(lambda: count(record))
        return record.id

    def prepare(self, account_ids: Iterable[str], now: datetime) -> None:
        """Make no keys: the log is not there."""


def _keep_name(folder: Path) -> None:
    """A new file's name is durable when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain(record: AuditRecord) -> bytes:
    entry = entry_of(record)
    groups = {n: [base64.b64encode(g.salt).decode(), g.content.decode()] for n, g in entry.groups.items()}
    return json.dumps({"body": entry.body.decode(), "groups": groups}).encode()


def _record(whole: dict[str, dict[str, list[str]]]) -> AuditRecord:
    groups = {
        name: Group(content.encode(), base64.b64decode(salt))
        for name, (salt, content) in whole["groups"].items()
    }
    return record_from(Entry("", str(whole["body"]).encode(), groups))
