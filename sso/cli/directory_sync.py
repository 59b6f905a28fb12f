"""`sso directory sync`: read a department's directory now, see how it went, decide about a stopped run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

import click

from sso.audit.record import JsonValue
from sso.authentication import departures
from sso.authentication.departures import Officer
from sso.cli.arguments import CLEAN_TEXT, visible
from sso.cli.context import EXIT_TRY_LATER, fail, hub_of, json_option, print_json, print_rows
from sso.cli.named_directory import known_directory
from sso.cli.operator import SOURCE, operator_origin
from sso.directory.settings import DirectorySettings
from sso.directory.sync.run import Run, RunState
from sso.hub import Hub
from sso.worker.directory_lease import LEASE
from sso.worker.directory_sync import Busy, Wish, lease_of, synchronise

_COLUMNS = (
    *("directory", "run", "kind", "state", "started_at", "seconds", "seen", "created", "updated"),
    *("returned", "leaving", "access_ended", "purged", "reason"),
)
_EVERY = 5_000
"""After so many people a line of progress is printed."""
_SHOWN = 10


@click.command()
@click.argument("directory_id", metavar="[ID]", type=CLEAN_TEXT, required=False)
@click.option("--full", is_flag=True, help="Read everybody, not only what changed.")
@click.option("--dry-run", "dry", is_flag=True, help="Only say what would change.")
@click.option("--status", is_flag=True, help="Show the latest runs, of every directory unless one is named.")
@click.option("--approve", type=int, metavar="RUN", help="Let those leave for whom this run stopped.")
@click.option("--undo", type=int, metavar="RUN", help="Give back the access of those who left by this run.")
@json_option
@click.pass_context
def sync(context: click.Context, /, directory_id: str | None, as_json: bool, **options: Any) -> None:
    """Read a directory and bring accounts in step; exit 1 if the run failed or stopped.

    A run stops, and nobody leaves, when more people would lose their access than the rules allow. Look at
    the directory; if they are really gone, approve it: everybody is read again at once, and only those who
    were missing then and are missing now may leave.
    """
    _check(directory_id, options)
    with hub_of(context) as hub:
        if options["status"]:
            print_rows(_status(hub, directory_id), as_json=as_json, columns=_COLUMNS)
            return
        directory = known_directory(hub.configuration, directory_id or "")
        if options["undo"] is not None:
            _undo(hub, directory, options["undo"])
            return
        if options["approve"] is not None:
            _approve(hub, directory, options["approve"])
        run = _read(hub, directory, options, as_json=as_json)
        _tell(run, as_json=as_json, is_dry=options["dry"])
    context.exit(0 if run.state is RunState.COMPLETED else 1)


def _check(directory_id: str | None, options: Mapping[str, Any]) -> None:
    acts = [name for name in ("status", "approve", "undo") if options[name] not in (None, False)]
    if len(acts) > 1 or (acts and (options["full"] or options["dry"])):
        raise click.UsageError("--status, --approve and --undo stand alone")
    if directory_id is None and not options["status"]:
        raise click.UsageError("name a directory; `sso directory list` shows them")


def _read(hub: Hub, directory: DirectorySettings, options: Mapping[str, Any], *, as_json: bool) -> Run:
    """Synchronise; Ctrl-C ends it, and what was written stays."""
    printed = 0

    def told(run: Run) -> None:
        nonlocal printed
        if not as_json and run.counts.seen >= printed + _EVERY:
            printed = run.counts.seen
            click.echo(f"{printed} of about {max(run.expected, printed)} people read", err=True)

    wish = Wish(
        full=options["full"] or options["approve"] is not None,
        is_dry=options["dry"],
        origin=operator_origin(),
        told=told,
    )
    try:
        return synchronise(hub, directory, wish)
    except Busy as busy:
        _fail_busy(busy)


def _fail_busy(busy: Busy) -> NoReturn:
    until = "" if busy.until is None else f", until {busy.until:%H:%M:%S} UTC at the latest"
    fail(f"somebody reads this directory at this moment{until}", EXIT_TRY_LATER)


def _approve(hub: Hub, directory: DirectorySettings, number: int) -> None:
    origin, now = operator_origin(), datetime.now(UTC)
    officer = Officer(origin.actor or "", SOURCE)
    with hub.database.begin(origin) as stores:
        if not departures.approve(directory.id, number, officer, stores, now):
            fail(f"run {number} of {directory.id} did not stop, or was approved before")


def _undo(hub: Hub, directory: DirectorySettings, number: int) -> None:
    try:
        undone = _undone(hub, directory, number)
    except Busy as busy:
        _fail_busy(busy)
    click.echo(
        f"{undone} people are back. Whom the next complete reading does not show leaves again.", err=True
    )


def _undone(hub: Hub, directory: DirectorySettings, number: int) -> int:
    """Undo a run while nobody reads: a run under way would write again what it read before. Raises Busy."""
    origin = operator_origin()
    with lease_of(hub, directory, origin) as holder, hub.database.begin(origin) as stores:
        if stores.sync_runs.run(directory.id, number) is None:
            fail(f"{directory.id} has no run {number}")
        if not stores.sync_runs.hold(directory.id, holder, datetime.now(UTC) + LEASE):
            raise Busy(None)
        return departures.undo(directory, number, SOURCE, stores, datetime.now(UTC))


def _status(hub: Hub, directory_id: str | None) -> list[dict[str, JsonValue]]:
    wanted = hub.configuration.read_directories
    if directory_id is not None:
        wanted = (known_directory(hub.configuration, directory_id),)
    with hub.database.read() as stores:
        return [_row(run) for each in wanted for run in stores.sync_runs.latest(each.id, _SHOWN)]


def _row(run: Run) -> dict[str, JsonValue]:
    end = run.ended_at
    return {
        "directory": run.directory_id,
        "run": run.number,
        "kind": run.kind.value,
        "state": "approved" if run.approved_at is not None else run.state.value,
        "started_at": run.started_at.isoformat(timespec="seconds"),
        "seconds": None if end is None else round((end - run.started_at).total_seconds(), 1),
        "expected": run.expected,
        **run.counts.as_json(),
        "reason": run.reason or None,
        "approved_by": run.approved_by,
    }


def _tell(run: Run, *, as_json: bool, is_dry: bool) -> None:
    row = _row(run)
    if as_json:
        print_json({**row, "dry_run": is_dry})
        return
    counts = ", ".join(f"{name} {number}" for name, number in run.counts.as_json().items() if number)
    what = "dry run" if is_dry else f"run {run.number}"
    click.echo(f"{what} ({run.kind}, {row['seconds']} s): {run.state}; {counts or 'nobody'}")
    if run.reason:
        click.echo(visible(run.reason))
    if run.state is RunState.STOPPED and not is_dry:
        click.echo(f"sso directory sync {run.directory_id} --approve {run.number}")
