"""`sso audit export`: what a question finds as a file, on record before it is there."""

import csv
import hashlib
import io
import itertools
import json
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sso import __version__
from sso.archive.settings import installed
from sso.audit.entry import GROUPS, Entry, record_from
from sso.audit.event import AuditExportBegun, AuditExported
from sso.audit.evidence import CSV_COLUMNS, csv_cell, record_cells
from sso.audit.found import BrokenEntry, broken, how_many
from sso.audit.ocsf import Reporter, ocsf_event
from sso.audit.query import MAX_PAGE_SIZE, AuditQuery, pages
from sso.audit.record import AuditEvent, AuditRecord, JsonValue
from sso.cli.audit_archive import archive_of, archive_option, asked_of, log_of
from sso.cli.audit_lines import print_broken
from sso.cli.audit_question import query_of, question_options
from sso.cli.audit_reason import reason_option
from sso.cli.context import fail, hub_of
from sso.cli.operator import operator_origin
from sso.hub import Hub

if TYPE_CHECKING:
    from sso.archive.search import ArchiveSearch

KINDS = ("jsonl", "csv", "ocsf", "parquet")


@dataclass(frozen=True, slots=True)
class _Export:
    """What is to be written, how, and why."""

    query: AuditQuery
    kind: str
    redacted: tuple[str, ...]
    reason: str
    archive: "ArchiveSearch | None" = None

    def asked(self) -> dict[str, JsonValue]:
        """What was asked for, and whether the archive was asked, too."""
        return asked_of(self.query, self.archive)


@dataclass(frozen=True, slots=True)
class _Written:
    """What is in the file, and the entries that are not, because they are broken."""

    records: int
    sha256: str
    broken: tuple[str, ...]


@click.command()
@question_options
@click.option("--format", "kind", type=click.Choice(KINDS), default="jsonl", show_default=True)
@click.option("--redact", multiple=True, type=click.Choice(list(GROUPS)), help="Leave out; again for more.")
@archive_option
@reason_option()
@click.option("--output", "file", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def export(
    context: click.Context, /, file: Path, kind: str, reason: str, redact: tuple[str, ...], **question: object
) -> None:
    """Write all that a question finds to a file, newest first, one record a line (or a row, as Parquet).

    For a file that a stranger can verify, redacted or not, take `sso audit seal`.
    """
    part = file.with_name(f"{file.name}.part")
    with hub_of(context) as hub, ExitStack() as stack:
        query = query_of(hub, question)
        archive = stack.enter_context(archive_of(hub, query)) if question["archive"] else None
        wanted = _Export(query, kind, redact, reason, archive)
        if kind == "parquet" and not installed():
            fail("--format parquet needs the extra: pip install 'sso-hub[archive]'")
        if file.exists():
            fail(f"{file}: File exists")
        opened = _new(part)
        try:
            written = _write(hub, wanted, opened)
            stack.close()  # ends the command where a month went meanwhile
            os.link(part, file)  # never over a file that has come there meanwhile
        except OSError as error:
            fail(f"{file}: {error.strerror}")
        finally:
            part.unlink(missing_ok=True)
    click.echo(f"{written.records} records in {file}")
    click.echo(f"sha256: {written.sha256}")
    print_broken(written.broken)


def _new(part: Path) -> io.BufferedRandom:
    """A file that was not there, for nobody else; what somebody put there is not written over."""
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR, 0o600)
    except OSError as error:
        fail(f"{part}: {error.strerror}")
    return os.fdopen(descriptor, "w+b")


def _write(hub: Hub, wanted: _Export, opened: io.BufferedRandom) -> _Written:
    """Write everything, on record before the first record is there and again when the last one is."""
    with opened:
        _record(hub, _begun(wanted))
        log = _Log(hub, wanted)
        written = _write_parquet(log, opened) if wanted.kind == "parquet" else _write_lines(log, opened)
        opened.flush()
        os.fsync(opened.fileno())
    _record(hub, _done(wanted, written))
    return written


class _Log:
    """What is to be written, a page after the other; `broken` are the entries so far that cannot be read."""

    def __init__(self, hub: Hub, wanted: _Export) -> None:
        self.hub = hub
        self.wanted = wanted
        self.broken: list[str] = []

    def pages(self) -> Iterator[Sequence[AuditRecord]]:
        hidden = {group for part in self.wanted.redacted for group in GROUPS[part]}
        for page in pages(replace(self.wanted.query, limit=MAX_PAGE_SIZE), self._page):
            self.broken += broken(page)
            yield [_shown(each, hidden) for each in page if not isinstance(each, BrokenEntry)]

    def _page(self, query: AuditQuery) -> Sequence[Entry | BrokenEntry]:
        with self.hub.database.read() as stores:
            return log_of(stores, self.wanted.archive).entries(query)


def _write_lines(log: _Log, opened: io.BufferedRandom) -> _Written:
    digest, records = hashlib.sha256(), 0
    for line in _lines(log):
        digest.update(line)
        opened.write(line)
        records += 1
    return _Written(records - (log.wanted.kind == "csv"), digest.hexdigest(), tuple(log.broken))


def _write_parquet(log: _Log, opened: io.BufferedRandom) -> _Written:
    from sso.archive.parquet import write_records

    records = write_records(opened, log.pages())
    opened.seek(0)
    return _Written(records, hashlib.file_digest(opened, "sha256").hexdigest(), tuple(log.broken))


def _lines(log: _Log) -> Iterator[bytes]:
    kind, reporter = log.wanted.kind, Reporter.of(log.hub.settings.issuer, __version__)
    if kind == "csv":
        yield _csv_line(list(CSV_COLUMNS[1:]))
    for record in itertools.chain.from_iterable(log.pages()):
        if kind == "csv":
            yield _csv_line([csv_cell(cell) for cell in record_cells(record)])
        else:
            document = ocsf_event(record, reporter) if kind == "ocsf" else record.as_json()
            yield json.dumps(document, ensure_ascii=False).encode() + b"\n"


def _shown(entry: Entry, hidden: Collection[str]) -> AuditRecord:
    groups = {name: group for name, group in entry.groups.items() if name not in hidden}
    return record_from(Entry(entry.id, entry.body, groups))


def _csv_line(cells: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _begun(wanted: _Export) -> AuditExportBegun:
    return AuditExportBegun(
        query=wanted.asked(), kind=wanted.kind, redacted=wanted.redacted, reason=wanted.reason
    )


def _done(wanted: _Export, written: _Written) -> AuditExported:
    return AuditExported(
        query=wanted.asked(),
        results=written.records,
        broken=how_many(written.broken),
        kind=wanted.kind,
        redacted=wanted.redacted,
        reason=wanted.reason,
        sha256=written.sha256,
    )


def _record(hub: Hub, event: AuditEvent) -> None:
    with hub.database.begin(operator_origin()) as stores:
        stores.audit.append(event, datetime.now(UTC))
