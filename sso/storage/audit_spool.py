"""The spool: where the events of a containment wait while the audit log cannot be written.

Signing out, revoking and disabling must not wait for the log. Their events are then written to a local file,
sealed and durable, before the state commits; the worker takes them into the log later, marked late.
"""

import base64
import fcntl
import json
import logging
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sso.audit.entry import Entry, EntryInvalid, Group, entry_of, record_from
from sso.audit.record import AuditEvent, AuditRecord, record_of
from sso.storage.counts import count
from sso.storage.errors import SealBroken, StorageUnavailable
from sso.storage.folders import keep_names
from sso.storage.sealing import Sealer
from sso.storage.unit_of_work import UnitOfWork

log = logging.getLogger("sso.storage")

MAX_BYTES = 64 * 1024 * 1024
"""A spool that is full refuses: whoever floods us must not fill the disk."""

BATCH = 200
"""So many records are taken in by one transaction."""

_CONTEXT = b"audit spool"


@dataclass(frozen=True, slots=True)
class Spooled:
    """What a spool holds: records in the order in which they were written, and lines that cannot be read.

    `uncertain` are the ids of records after whose commit nobody wrote that it had succeeded.
    """

    records: Sequence[AuditRecord]
    broken: int
    uncertain: frozenset[str] = frozenset()


class AuditSpool:
    """A file of one node, shared by its processes: one at a time writes, and one at a time takes.

    Beside it: `.taking`, what is being taken in; `.broken`, lines that could not be read, kept for whoever
    looks into it; `.lock`, held by the one who takes.
    """

    def __init__(self, file: Path, sealer: Sealer) -> None:
        self._file = file
        self._sealer = sealer

    @contextmanager
    def holding(self, records: Sequence[AuditRecord]) -> Generator[None]:
        """Append records, durable before the block (the commit) begins, and after it that it succeeded.

        A commit that failed may have come about all the same: its records stay, as uncertain ones. So do
        those of one that succeeded where the disk has no room to say so.

        Raises:
            StorageUnavailable: they are not durable, and the block did not begin.
        """
        with self._locked() as file:
            self._append(file, [_plain(record) for record in records], MAX_BYTES)
            yield
            try:
                self._append(file, [json.dumps({"done": [record.id for record in records]}).encode()])
            except StorageUnavailable:
                log.exception("the spool of audit events has no room to say that a change was committed")

    def take(self, take_in: Callable[[Spooled], None]) -> int:
        """Hand everything over in batches, and forget it when all are in; return how many records there were.

        What is handed over stands aside meanwhile: nobody who writes waits for the log. After a crash all of
        it is handed over again. Does nothing while another process takes.

        Raises:
            StorageUnavailable: nothing was forgotten.
        """
        taken = 0
        try:
            with self._taking() as mine:
                while mine and self._set_aside():
                    taken += self._hand_over(take_in)
        except OSError as error:
            msg = f"the spool of audit events cannot be taken in: {error.strerror}"
            raise StorageUnavailable(msg) from error
        return taken

    def _hand_over(self, take_in: Callable[[Spooled], None]) -> int:
        spooled, broken = self._read(self._aside.read_bytes())
        if broken:
            self._keep_broken(broken)
        for start in range(0, len(spooled.records) or min(spooled.broken, 1), BATCH):
            batch, last = spooled.records[start : start + BATCH], start + BATCH >= len(spooled.records)
            take_in(Spooled(batch, spooled.broken if last else 0, spooled.uncertain))
        self._aside.unlink()
        keep_names(self._file.parent)
        return len(spooled.records)

    @property
    def _aside(self) -> Path:
        return self._beside("taking")

    def _beside(self, what: str) -> Path:
        return self._file.with_name(f"{self._file.name}.{what}")

    @contextmanager
    def _taking(self) -> Generator[bool]:
        """Be the one who takes; false if somebody else is, or if there is nothing to take."""
        if not (self._aside.exists() or self._file.exists()):
            yield False
            return
        descriptor = os.open(self._beside("lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    def _set_aside(self) -> bool:
        """Whether there is something to take; what a crash left aside comes first."""
        if self._aside.exists():
            return True
        if not self._file.exists():
            return False
        with self._locked():
            self._file.rename(self._aside)  # over nothing: nobody else takes
            keep_names(self._file.parent)
        return True

    def _keep_broken(self, lines: Sequence[bytes]) -> None:
        """Put lines that cannot be read where they stay, once each, durable."""
        file = self._beside("broken")
        descriptor = os.open(file, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        try:
            known = set(file.read_bytes().splitlines())
            new = dict.fromkeys(line for line in lines if line not in known)
            _write_whole_lines(descriptor, b"".join(line + b"\n" for line in new))
        finally:
            os.close(descriptor)
        keep_names(file.parent)

    def _append(self, file: BinaryIO, plain: Sequence[bytes], max_bytes: int | None = None) -> None:
        lines = b"".join(base64.b64encode(self._sealer.seal(each, _CONTEXT)) + b"\n" for each in plain)
        if max_bytes is not None and os.fstat(file.fileno()).st_size + len(lines) > max_bytes:
            msg = "the spool of audit events is full"
            raise StorageUnavailable(msg)
        try:
            _write_whole_lines(file.fileno(), lines)
        except OSError as error:
            msg = f"the spool of audit events cannot be written: {error.strerror}"
            raise StorageUnavailable(msg) from error

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
            file = os.fdopen(descriptor, "r+b", buffering=0)
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._has_the_name(descriptor):
                keep_names(self._file.parent)
                return file
            file.close()  # somebody set it aside while we waited

    def _has_the_name(self, descriptor: int) -> bool:
        try:
            return self._file.stat().st_ino == os.fstat(descriptor).st_ino
        except FileNotFoundError:
            return False

    def _read(self, content: bytes) -> tuple[Spooled, Sequence[bytes]]:
        """What the lines say, and those that say nothing."""
        found: dict[str, AuditRecord] = {}
        done: set[str] = set()
        broken = []
        for line in content.split(b"\n"):
            try:
                if line:
                    self._read_line(line, found, done)
            except (SealBroken, EntryInvalid, ValueError, KeyError, TypeError, AttributeError):
                broken.append(line)  # the write that a crash cut off, or somebody's hand
        uncertain = frozenset(found.keys() - done)
        return Spooled(list(found.values()), len(broken), uncertain), broken

    def _read_line(self, line: bytes, found: dict[str, AuditRecord], done: set[str]) -> None:
        whole = json.loads(self._sealer.open(base64.b64decode(line, validate=True), _CONTEXT))
        done.update(whole.get("done", ()))
        if "body" in whole:
            record = _record(whole)
            found[record.id] = record


class SpooledAuditLog:
    """`sso.oidc.stores.AuditLog` of a transaction whose events go to the spool."""

    is_late = True
    """What is appended comes into the log when it can be written again."""

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

    def recall(self, account_ids: Iterable[str], now: datetime) -> None:
        """Read no keys either."""


def _write_whole_lines(descriptor: int, lines: bytes) -> None:
    """Append lines, durably and on lines of their own; what cannot be written whole is taken back.

    Raises:
        OSError: they are not there.
    """
    size = os.fstat(descriptor).st_size
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # a crash cut the last one off
    left = memoryview(b"\n" + lines if torn else lines)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


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
