"""`sso audit`: search the trail; whoever searches leaves a record of it, in the same transaction."""

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import click

from sso.audit.event import EVENT_CLASSES, AuditSearched
from sso.audit.query import MAX_PAGE_SIZE, AuditQuery
from sso.audit.record import AuditRecord, JsonValue, Outcome
from sso.cli.accounts import find_account
from sso.cli.arguments import CLEAN_TEXT, MOMENT, NETWORK, visible
from sso.cli.audit_log import keys, new_epoch, verify
from sso.cli.context import fail, hub_of, json_option, print_json, print_table
from sso.cli.operator import operator_origin
from sso.hub import Hub

DEFAULT_RANGE = timedelta(days=30)
CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far another node's clock may run ahead and its newest events still be found."""

_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_HEADINGS = ("time (UTC)", "event", "outcome", "client", "account", "address", "detail")
_DETAIL_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class _Search:
    """One search: what is asked, how many records at most (None: all), why, for whose eyes."""

    query: AuditQuery
    limit: int | None
    reason: str | None


@click.group()
def audit() -> None:
    """The trail of everything that happened."""


for _command in (verify, keys, new_epoch):
    audit.add_command(_command)


@audit.command()
@click.option("--event", "events", multiple=True, type=CLEAN_TEXT, help="Code, or a family: auth.*")
@click.option("--since", type=MOMENT, help="Time or 24h, 7d ago; 30 days ago unless given.")
@click.option("--until", type=MOMENT, help="Time or 24h, 7d ago; now unless given.")
@click.option("--client", "client_id", type=CLEAN_TEXT, help="Client id.")
@click.option("--account", type=CLEAN_TEXT, help="Account id, login name, or name@realm of a clerk.")
@click.option("--session", "session_id", type=CLEAN_TEXT, help="Session id.")
@click.option("--address", type=NETWORK, help="IP address or network.")
@click.option("--outcome", type=click.Choice([outcome.value for outcome in Outcome]))
@click.option("--request-id", type=CLEAN_TEXT, help="Reference number of an error page.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--all", "everything", is_flag=True, help="Every record of the time range.")
@click.option("--reason", type=CLEAN_TEXT, help="Why you search, for the record.")
@json_option
@click.pass_context
def search(context: click.Context, /, as_json: bool, **options: object) -> None:
    """Find records, newest first. The search is recorded itself."""
    _warn_of_unknown(options["events"])
    with hub_of(context) as hub:
        found = _pages(hub, _search(hub, options))
        if as_json:
            for record in found:
                print_json(record.as_json())
        else:
            print_table(_HEADINGS, (_line(record) for record in found))


def _search(hub: Hub, options: Mapping[str, object]) -> _Search:
    now = datetime.now(UTC)
    account, outcome = options["account"], options["outcome"]
    facets: dict[str, object] = {
        name: options[name] for name in ("events", "client_id", "session_id", "address", "request_id")
    }
    facets["since"] = options["since"] or now - DEFAULT_RANGE
    facets["until"] = options["until"] or now + CLOCK_TOLERANCE
    facets["account_id"] = None if account is None else _account_id(hub, str(account))
    facets["outcome"] = None if outcome is None else Outcome(str(outcome))
    limit = None if options["everything"] else int(str(options["limit"]))
    try:
        query = AuditQuery(**facets)  # type: ignore[arg-type]  # click has checked each option's type
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    reason = options["reason"]
    return _Search(query, limit, None if reason is None else str(reason))


def _account_id(hub: Hub, name: str) -> str:
    """The account of a name; an id that nobody has any more still stands in the trail."""
    with hub.database.read() as stores:
        account = find_account(stores.people, name, hub.directories)
    if account is not None:
        return account.id
    return name if _ACCOUNT_ID.fullmatch(name) else fail(f"no account named {name}")


def _pages(hub: Hub, search: _Search) -> Iterator[AuditRecord]:
    """Yield records page by page, each page recorded before it is shown.

    A page is a transaction of its own: a long answer must not keep SQLite's one writer from signing
    people in.
    """
    left, before = search.limit, None
    while left is None or left > 0:
        size = MAX_PAGE_SIZE if left is None else min(left, MAX_PAGE_SIZE)
        query = replace(search.query, before=before, limit=size)
        page = _recorded_page(hub, query, search.reason)
        yield from page
        if len(page) < size:
            return
        before = page[-1].id
        left = None if left is None else left - size


def _recorded_page(hub: Hub, query: AuditQuery, reason: str | None) -> Sequence[AuditRecord]:
    with hub.database.begin(operator_origin()) as stores:
        page = stores.audit_search.search(query)
        event = AuditSearched(query=_asked(query), results=len(page), reason=reason)
        stores.audit.append(event, datetime.now(UTC))
    return page


def _asked(query: AuditQuery) -> dict[str, JsonValue]:
    """The facets that were given, for the record of the search."""
    asked: dict[str, JsonValue] = {}
    for field in dataclasses.fields(query):
        value = getattr(query, field.name)
        if value not in (None, ()):
            asked[field.name] = value.isoformat() if isinstance(value, datetime) else value
    return asked


def _line(record: AuditRecord) -> list[str]:
    detail = "; ".join(
        f"{name}={value}" for name, value in record.detail.items() if isinstance(value, str | int)
    )
    if record.origin.actor is not None:
        detail = f"by {record.origin.actor}; {detail}"
    if len(detail) > _DETAIL_CHARACTERS:
        detail = detail[: _DETAIL_CHARACTERS - 1] + "…"
    cells = (record.client_id, record.account_id, record.origin.address)
    return [
        record.occurred_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        record.event,
        record.outcome.value,
        *(visible(cell or "-") for cell in cells),
        visible(detail),
    ]


def _warn_of_unknown(events: object) -> None:
    """A misspelt code finds nothing, which looks like good news: say so."""
    codes = sorted(event.code for event in EVENT_CLASSES)
    for wanted in events if isinstance(events, tuple) else ():
        family = wanted.removesuffix("*")
        known = any(code.startswith(family) for code in codes) if family.endswith(".") else wanted in codes
        if not known:
            close = difflib.get_close_matches(wanted, codes, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            click.echo(f"sso: no event of this release is called {wanted}{hint}", err=True)
