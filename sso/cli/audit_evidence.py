"""`sso audit seal`: entries with their proofs in one archive, for somebody outside of the house."""

import hashlib
import importlib.resources
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sso import __version__
from sso.audit.entry import GROUPS, Entry
from sso.audit.event import EvidenceSealed
from sso.audit.evidence import (
    MANIFEST,
    BundleTooLarge,
    ProvenEntry,
    Sealing,
    bundle_files,
    bundle_of,
    manifest_text,
    side_by_side,
)
from sso.audit.found import BrokenEntry, broken
from sso.audit.query import MAX_PAGE_SIZE, AuditQuery, pages
from sso.audit.record import JsonValue
from sso.audit.signed_note import note_of
from sso.audit.verifier import FILES
from sso.cli.audit_archive import archive_of, archive_option, asked_of, log_of
from sso.cli.audit_question import query_of, question_options
from sso.cli.audit_reason import reason_option
from sso.cli.context import fail, hub_of
from sso.cli.operator import operator_origin
from sso.hub import Hub
from sso.storage.audit_receipts import NotLogged, NotSignedYet

if TYPE_CHECKING:
    from sso.archive.search import ArchiveSearch

PATIENCE_SECONDS = 20.0
MAX_ENTRIES = 65_000
"""Each entry has a file of its own in the bundle; time stamps, lists and programs need room beside them."""


@click.command()
@question_options
@reason_option()
@archive_option
@click.option("--redact", multiple=True, type=click.Choice(list(GROUPS)), help="Leave out; again for more.")
@click.option("--output", "file", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def seal(
    context: click.Context, /, file: Path, reason: str, redact: tuple[str, ...], **question: object
) -> None:
    """Seal what a question finds, with proofs, in a ZIP archive that anybody can verify.

    The programs that verify it are in it; the log's key must come another way (sso audit keys).
    """
    with hub_of(context) as hub:
        query = query_of(hub, question)
        with archive_of(hub, query) if question["archive"] else nullcontext() as archive:
            proven = [_without(one, redact) for one in _proven(hub, query, archive)]
            asked = asked_of(query, archive)
        if not proven:
            fail("nothing was found: there is nothing to seal")
        try:
            bundle = _sealed(hub, proven, asked, redact, reason)
        except BundleTooLarge as error:
            fail(f"{error}: ask for a shorter time")
    _write(file, bundle)
    click.echo(f"{len(proven)} entries sealed in {file}")
    click.echo(f"sha256: {hashlib.sha256(bundle).hexdigest()}")


def _proven(hub: Hub, query: AuditQuery, archive: "ArchiveSearch | None") -> list[ProvenEntry]:
    """Every entry that a question finds, oldest first; what is not signed yet is waited for."""
    ends, found = time.monotonic() + PATIENCE_SECONDS, list[ProvenEntry]()

    def read(asked: AuditQuery) -> Sequence[Entry]:
        with hub.database.read() as stores:
            found = log_of(stores, archive).entries(asked)
        for each in broken(found):
            fail(f"entry {each} is broken: run `sso audit verify`")
        return [each for each in found if not isinstance(each, BrokenEntry)]

    for page in pages(replace(query, limit=MAX_PAGE_SIZE), read):
        found += _with_proofs(hub, page, ends)
        if len(found) > MAX_ENTRIES:
            fail(f"more than {MAX_ENTRIES} entries: ask for a shorter time")
    return found[::-1]


def _with_proofs(hub: Hub, entries: Sequence[Entry], ends: float) -> Sequence[ProvenEntry]:
    while True:
        try:
            with hub.database.read() as stores:
                return stores.audit_receipts.proven(entries)
        except NotLogged as error:
            fail(f"{error}: run `sso audit verify`")
        except NotSignedYet:
            if time.monotonic() > ends:
                fail(
                    "some entries are not signed yet: is a worker running (`sso serve` or `sso worker`)?", 75
                )
            time.sleep(0.2)


def _without(one: ProvenEntry, redacted: Sequence[str]) -> ProvenEntry:
    hidden = {group for part in redacted for group in GROUPS[part]}
    groups = {name: group for name, group in one.entry.groups.items() if name not in hidden}
    return replace(one, entry=Entry(one.entry.id, one.entry.body, groups))


def _sealed(
    hub: Hub,
    proven: Sequence[ProvenEntry],
    asked: Mapping[str, JsonValue],
    redacted: Sequence[str],
    reason: str,
) -> bytes:
    """The bundle, on record in the transaction that signs its manifest."""
    now, origin = datetime.now(UTC), operator_origin()
    with hub.database.begin(origin) as stores:
        head = stores.audit_tree.head()
        if head is None:
            fail("the log has not begun")
        in_order = sorted(proven, key=lambda one: one.proof.index)
        together = stores.audit_receipts.together(in_order) if side_by_side(in_order) else None
        told, stamped = (proven, proven) if together is None else (in_order, in_order[-1:])
        beside = {**_verifiers(), **stores.audit_receipts.time_stamps(stamped)}
        files = bundle_files(told, stores.audit_checkpoints.public_keys(), beside, together)
        sealing = Sealing(
            log=head.origin,
            query=asked,
            redacted=redacted,
            reason=reason,
            officer=origin.actor or "",
            sealed_at=now.isoformat(timespec="seconds"),
            tool=f"sso-hub {__version__}",
        )
        text = manifest_text(files, len(proven), sealing)
        lines = [signer.sign(text, now) for signer in stores.audit_checkpoints.signers(head.origin)]
        bundle = bundle_of({MANIFEST: note_of(text, lines).encode(), **files})
        event = EvidenceSealed(
            query=asked,
            entries=len(proven),
            redacted=tuple(redacted),
            reason=reason,
            sha256=hashlib.sha256(bundle).hexdigest(),
        )
        stores.audit.append(event, now)
    return bundle


def _verifiers() -> dict[str, bytes]:
    folder = importlib.resources.files("sso.audit.verifier")
    return {name: folder.joinpath(name).read_bytes() for name in FILES}


def _write(file: Path, bundle: bytes) -> None:
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    with os.fdopen(descriptor, "wb") as written:
        written.write(bundle)
