"""`sso audit witnesses`: who outside of the house vouches for the log, how far, and since when."""

from datetime import UTC, datetime

import click

from sso.audit.record import JsonValue
from sso.cli.context import hub_of, json_option, print_rows
from sso.worker.anchors import Anchored, anchored

_COLUMNS = ("name", "kind", "entries", "behind", "at", "trouble")


@click.command()
@json_option
@click.pass_context
def witnesses(context: click.Context, as_json: bool) -> None:
    """Print who cosigned or stamped the log last, when, and how many entries it has grown since."""
    with hub_of(context) as hub:
        found = anchored(hub)
        with hub.database.read() as stores:
            head = stores.audit_tree.head()
    place = (0, 0) if head is None else (head.epoch, head.frontier.size)
    rows = [_row(each, *place) for each in found]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)
    if not found and not as_json:
        click.echo("Nobody is configured: add [[audit.witness]] or [audit.timestamp] to the configuration.")


def _row(one: Anchored, epoch: int, size: int) -> dict[str, JsonValue]:
    behind = size if one.size is None or one.epoch != epoch else size - one.size
    trouble = None if one.trouble is None else f"{one.trouble.reason} (since {_time(one.trouble.since)})"
    return {
        "name": one.name,
        "kind": one.kind,
        "entries": one.size,
        "behind": behind,
        "at": None if one.at is None else _time(one.at),
        "trouble": trouble,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
