"""`sso audit show` and `tail`: one record with its place in the log, and records as they come."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sso.audit.event import AuditFollowed, AuditViewed
from sso.audit.found import Found
from sso.audit.query import AuditQuery
from sso.audit.record import JsonValue
from sso.cli.arguments import EVENT_ID
from sso.cli.audit_archive import archive_holding, archive_option, gone, log_of
from sso.cli.audit_lines import found_line
from sso.cli.audit_question import query_of, question_options
from sso.cli.audit_reason import reason_option
from sso.cli.context import fail, hub_of, json_option, print_block, print_json
from sso.cli.operator import operator_origin
from sso.hub import Hub

if TYPE_CHECKING:
    from sso.archive.search import ArchiveSearch

POLL_SECONDS = 0.5
STEP = 2_000


@click.command()
@click.argument("event_id", type=EVENT_ID)
@archive_option
@reason_option()
@json_option
@click.pass_context
def show(context: click.Context, event_id: str, archive: bool, reason: str, as_json: bool) -> None:
    """Show one record, and its place in the log; or that its entry is broken. The look is recorded itself."""
    with hub_of(context) as hub:
        with archive_holding(hub, event_id) if archive else nullcontext() as archived:
            record = _found(hub, event_id, archived)
        with hub.database.begin(operator_origin()) as stores:
            place = stores.audit_tree.place_of(event_id)
            signed = None if place is None else stores.audit_checkpoints.covering(*place)
            stores.audit.append(AuditViewed(record_id=event_id, reason=reason), datetime.now(UTC))
    whole: dict[str, JsonValue] = {
        **record.as_json(),
        "place": "waiting" if place is None else f"{place[1]} of epoch {place[0]}",
        "signed": "not yet" if signed is None else f"in the checkpoint of {signed.checkpoint.size} entries",
    }
    if as_json:
        print_json(whole)
    else:
        print_block(whole)


def _found(hub: Hub, event_id: str, archived: "ArchiveSearch | None") -> Found:
    with hub.database.read() as stores:
        record = log_of(stores, archived).find(event_id)
    if record is not None:
        return record
    there = [month for month in gone(hub) if month.holds(event_id)] if archived is None else []
    fail(f"no record {event_id}" + "".join(f": {month} is in the archive (--archive)" for month in there))


@click.command()
@question_options
@click.option(
    "--records", type=click.IntRange(min=1), help="End after so many; otherwise go on until Ctrl-C."
)
@reason_option()
@json_option
@click.pass_context
def tail(
    context: click.Context, /, records: int | None, reason: str, as_json: bool, **question: object
) -> None:
    """Follow the log: print what it gains from now on, in its own order. Recorded at the begin.

    A record is shown when it has its place in the log: a worker must run.
    """
    with hub_of(context) as hub:
        query, begin = query_of(hub, question), _head(hub)
        with hub.database.begin(operator_origin()) as stores:
            stores.audit.append(AuditFollowed(query=query.asked(), reason=reason), datetime.now(UTC))
        for number, found in enumerate(_coming(hub, query, begin), 1):
            print_json(found.as_json()) if as_json else click.echo("  ".join(found_line(found)))
            if number == records:
                return


def _head(hub: Hub) -> tuple[int, int]:
    with hub.database.read() as stores:
        head = stores.audit_tree.head()
    return (0, 0) if head is None else (head.epoch, head.frontier.size)


def _coming(hub: Hub, query: AuditQuery, begin: tuple[int, int]) -> Iterator[Found]:
    """Yield records by their places: what commits late comes late, and nothing is passed over."""
    epoch, done = begin
    while True:
        now_epoch, size = _head(hub)
        if now_epoch != epoch:
            epoch, done = now_epoch, 0
        end = min(size, done + STEP)
        if done < end:
            with hub.database.read() as stores:
                found = stores.audit_search.placed(query, epoch, done, end)
            yield from found
            done = end
        else:
            time.sleep(POLL_SECONDS)
