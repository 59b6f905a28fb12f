"""`sso audit verify`, `keys` and `new-epoch`: whether the log is the one that was signed, and what if not."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from sso.audit.event import AuditVerified, AuditVerifyFailed
from sso.audit.record import JsonValue
from sso.audit.whole_log import Finding
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.audit_archive import ArchiveCheck, archive_place
from sso.cli.audit_part import part_of, part_options
from sso.cli.audit_vouched import vouched_findings
from sso.cli.context import fail, hub_of, json_option, print_json, print_rows
from sso.cli.operator import operator_origin
from sso.hub import Hub
from sso.storage.audit_check import LogCheck
from sso.storage.audit_checkpoints import LogKey
from sso.storage.audit_part import PartCheck
from sso.storage.stores import SqlStores
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import NotTheLogThatWasSigned, open_epoch, require_growth

EXIT_NOT_WHOLE = 3
MAX_SHOWN = 100


@click.command()
@part_options
@click.option("--archive", is_flag=True, help="Read every archived month back, too.")
@json_option
@click.pass_context
def verify(context: click.Context, /, archive: bool, as_json: bool, **options: object) -> None:
    """Recompute the log: every entry, every place in the tree, every signed checkpoint.

    A part of it (--event, --since, --from) is proven to stand in the newest signed tree without reading the
    rest. Ends with 0 when nothing is wrong and with 3 when something is; the check is recorded either way.
    """
    with hub_of(context) as hub:
        part = part_of(hub, options)
        if part is not None and archive:
            message = "--archive is for the whole log"
            raise click.UsageError(message)
        months = ArchiveCheck(hub, archive_place(hub)) if archive else None
        check = LogCheck(hub.database) if part is None else PartCheck(hub.database, part)
        found = [*check.findings(), *_against_memory(hub)]
        found += vouched_findings(hub) if part is None else ()
        found += () if months is None else months.findings()
        _record(hub, check, found)
    _print(check, None if months is None else months.months, found, as_json=as_json)
    if found:
        context.exit(EXIT_NOT_WHOLE)


def _print(
    check: LogCheck | PartCheck, months: int | None, found: Sequence[Finding], *, as_json: bool
) -> None:
    unsigned = check.unsigned if isinstance(check, PartCheck) else 0
    if as_json:
        for finding in found:
            print_json({"what": finding.what, "sentence": finding.sentence})
        counted: dict[str, JsonValue] = {
            "entries": check.entries,
            "checkpoints": check.checkpoints,
            "findings": len(found),
        }
        counted |= {} if months is None else {"archived_months": months}
        counted |= {"part": check.part.name, "unsigned": unsigned} if isinstance(check, PartCheck) else {}
        print_json(counted)
    else:
        for finding in found[:MAX_SHOWN]:
            click.echo(f"{finding.what}: {finding.sentence}")
        if len(found) > MAX_SHOWN:
            click.echo(f"and {len(found) - MAX_SHOWN} more")
        none = isinstance(check, PartCheck) and check.entries == 0
        right = "the log has no entry of that time, so none was checked" if none else "nothing is wrong"
        wrong = right if not found else f"{len(found)} things are wrong"
        whole = f"{check.entries} entries and {check.checkpoints} signed checkpoints recomputed"
        read = "" if months is None else f", {months} archived months read back"
        young = f", {unsigned} entries not signed yet" if unsigned else ""
        click.echo(f"{whole}{read}{young}: {wrong}")


def _against_memory(hub: Hub) -> list[Finding]:
    """The database must have grown out of what this node remembers to have signed."""
    memory = LastSigned(hub.configuration.audit_last_signed_file)
    with hub.database.read() as stores:
        for head in stores.audit_tree.heads():
            try:
                require_growth(memory.of(head.origin), head, stores)
            except NotTheLogThatWasSigned as refusal:
                return [Finding("memory", f"the log of {head.origin}: {refusal.reason}")]
    return []


def _record(hub: Hub, check: LogCheck | PartCheck, found: list[Finding]) -> None:
    now, part = datetime.now(UTC), check.part.name if isinstance(check, PartCheck) else None
    with hub.database.begin(operator_origin()) as stores:
        if not found:
            passed = AuditVerified(
                part=part, entries=check.entries, checkpoints=check.checkpoints, findings=0
            )
            stores.audit.append(passed, now)
            return
        failed = AuditVerifyFailed(
            part=part,
            entries=check.entries,
            checkpoints=check.checkpoints,
            findings=len(found),
            first=found[0].sentence,
        )
        stores.audit.append(failed, now)


@click.command("keys")
@json_option
@click.pass_context
def keys(context: click.Context, as_json: bool) -> None:
    """Print the verifier keys of the log (C2SP signed-note), retired ones too, for whoever verifies."""
    with hub_of(context) as hub, hub.database.read() as stores:
        found = stores.audit_checkpoints.keys()
    if as_json:
        print_rows([_told(each) for each in found], as_json=True, columns=())
        return
    for each in found:
        click.echo(str(each.key))


def _told(each: LogKey) -> dict[str, JsonValue]:
    retired_at = None if each.retired_at is None else each.retired_at.isoformat(timespec="seconds")
    return {"origin": each.key.name, "key": str(each.key), "retired_at": retired_at}


@click.command("new-epoch")
@click.option("--reason", required=True, type=CLEAN_TEXT, help="What happened, for the record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def new_epoch(context: click.Context, reason: str, yes: bool) -> None:
    """Begin a new tree after the log was refused: an older backup was restored, or it was tampered with.

    What was logged since the last signed checkpoint is logged again in the new tree; the old one stays as it
    is.
    """
    now = datetime.now(UTC)
    with hub_of(context) as hub:
        if not yes:
            click.confirm("Witnesses and everybody who verifies will see the break. Go on?", abort=True)
        with hub.database.begin(operator_origin()) as stores:
            origin, again = _begin_anew(hub, stores, reason, now)
    click.echo(f"The log goes on as {origin}; {again} unsigned entries are logged again.")


def _begin_anew(hub: Hub, stores: SqlStores, reason: str, now: datetime) -> tuple[str, int]:
    head = stores.audit_tree.head(lock=True)
    if head is None:
        fail("the log has not begun: there is nothing to begin anew")
    last = stores.audit_checkpoints.last(head.epoch)
    again = stores.audit_tree.cut(head.epoch, last.checkpoint.size if last is not None else 0)
    opened = open_epoch(stores, hub.settings.issuer, head.epoch + 1, reason, now)
    return opened.origin, again
