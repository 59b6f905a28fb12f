"""`sso audit`: search the trail; whoever searches leaves a record of it, in the same transaction."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sso.audit.event import AuditSearched
from sso.audit.found import Found, broken, how_many
from sso.audit.query import MAX_PAGE_SIZE, AuditQuery, Looked
from sso.audit.record import JsonValue
from sso.cli.audit_archive import archive_of, archive_option, asked_of, log_of
from sso.cli.audit_ask import ask
from sso.cli.audit_evidence import seal
from sso.cli.audit_export import export
from sso.cli.audit_findings import findings
from sso.cli.audit_follow import show, tail
from sso.cli.audit_key import log_key
from sso.cli.audit_lines import print_records
from sso.cli.audit_log import keys, new_epoch, verify
from sso.cli.audit_question import query_of, question_options
from sso.cli.audit_reason import reason_option
from sso.cli.audit_recount import recount
from sso.cli.audit_rules import rules
from sso.cli.audit_shred import hold, shred
from sso.cli.audit_sinks import sinks
from sso.cli.audit_unlogged import find_unlogged
from sso.cli.audit_witnesses import witnesses
from sso.cli.context import hub_of, json_option, print_json, print_table
from sso.cli.operator import operator_origin
from sso.hub import Hub
from sso.storage.audit_selection import MAX_BARS

if TYPE_CHECKING:
    from sso.archive.search import ArchiveSearch

LOOK_SECONDS = 10.0
"""After so long a search shows what it has found and says how far it is."""


@dataclass(frozen=True, slots=True)
class _Search:
    """One search: what is asked, how many records at most (None: all), why, for whose eyes."""

    query: AuditQuery
    limit: int | None
    reason: str


@click.group()
def audit() -> None:
    """The trail of everything that happened."""


_LOOKING = (ask, tail, show, export, find_unlogged, rules, findings)
_KEEPING = (verify, recount, keys, log_key, new_epoch, seal, shred, hold, witnesses, sinks)
for _command in (*_LOOKING, *_KEEPING):
    audit.add_command(_command)


@audit.command()
@question_options
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--all", "everything", is_flag=True, help="Every record of the time range.")
@archive_option
@reason_option()
@json_option
@click.pass_context
def search(context: click.Context, /, as_json: bool, **options: object) -> None:
    """Find records, newest first. The search is recorded itself."""
    with hub_of(context) as hub:
        wanted = _search(hub, options)
        with archive_of(hub, wanted.query) if options["archive"] else nullcontext() as archive:
            found = _pages(hub, wanted, archive)
            if as_json:
                for each in found:
                    print_json(each.as_json())
            else:
                print_records(found)


@audit.command("count")
@question_options
@archive_option
@click.option("--bars", type=click.IntRange(1, MAX_BARS), default=24, show_default=True)
@reason_option()
@json_option
@click.pass_context
def count_command(context: click.Context, /, as_json: bool, bars: int, **options: object) -> None:
    """Count records in equal steps of the time range. The question is recorded itself."""
    with hub_of(context) as hub:
        query = query_of(hub, options)
        with archive_of(hub, query) if options["archive"] else nullcontext() as archive:
            with hub.database.read() as stores:
                counted = log_of(stores, archive).histogram(query, bars)
            asked = {**asked_of(query, archive), "bars": bars}
        success, failure = sum(bar.success for bar in counted), sum(bar.failure for bar in counted)
        event = AuditSearched(query=asked, results=success + failure, reason=str(options["reason"]))
        with hub.database.begin(operator_origin()) as stores:
            stores.audit.append(event, datetime.now(UTC))
    if as_json:
        steps: list[JsonValue] = [
            {"start": bar.start.isoformat(), "success": bar.success, "failure": bar.failure}
            for bar in counted
        ]
        print_json({"records": success + failure, "success": success, "failure": failure, "bars": steps})
        return
    rows = ([f"{bar.start:%Y-%m-%d %H:%M:%S}", str(bar.success), str(bar.failure)] for bar in counted)
    print_table(("from (UTC)", "succeeded", "failed"), rows)
    click.echo(f"{success + failure} records: {success} succeeded, {failure} failed")


def _search(hub: Hub, options: Mapping[str, object]) -> _Search:
    limit = None if options["everything"] else int(str(options["limit"]))
    return _Search(query_of(hub, options), limit, str(options["reason"]))


def _pages(hub: Hub, search: _Search, archive: "ArchiveSearch | None") -> Iterator[Found]:
    """Yield what is found page by page, each page recorded before it is shown.

    A page is a transaction of its own: a long answer must not keep SQLite's one writer from signing
    people in. One that takes long ends early, says how far it was looked, and the next goes on from there.
    """
    left, before = search.limit, None
    while left is None or left > 0:
        size = MAX_PAGE_SIZE if left is None else min(left, MAX_PAGE_SIZE)
        query = replace(search.query, before=before, limit=size)
        page = _recorded_page(hub, query, search.reason, archive)
        yield from page.found
        if page.back_to is not None:
            click.echo(f"sso: looked back to {page.back_to:%Y-%m-%d %H:%M:%S} UTC so far", err=True)
        elif len(page.found) < size:
            return
        before = page.before or page.found[-1].id
        left = None if left is None else left - len(page.found)


def _recorded_page(
    hub: Hub, query: AuditQuery, reason: str, archive: "ArchiveSearch | None"
) -> Looked[Found]:
    with hub.database.read() as stores:
        page = log_of(stores, archive).look(query, LOOK_SECONDS)
    unreadable = broken(page.found)
    event = AuditSearched(
        query=asked_of(query, archive),
        results=len(page.found) - len(unreadable),
        broken=how_many(unreadable),
        reason=reason,
    )
    with hub.database.begin(operator_origin()) as stores:
        stores.audit.append(event, datetime.now(UTC))
    return page
