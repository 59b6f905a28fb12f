"""The options that ask the log, the same for every command, and the question that they make."""

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from sso.audit.event import EVENT_CLASSES
from sso.audit.query import AuditQuery
from sso.audit.record import Outcome, Severity
from sso.cli.accounts import find_account, ids_of_person
from sso.cli.arguments import CLEAN_TEXT, EVENT_ID, MOMENT, NETWORK
from sso.cli.context import fail
from sso.hub import Hub

DEFAULT_RANGE = timedelta(days=30)
CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far another node's clock may run ahead and its newest events still be found."""

_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_PLAIN_FACETS = frozenset(
    "events client_id session_id address request_id status_code directory_id acr claim transaction trace_id "
    "text".split()
)
_Command = Callable[..., Any]
_OPTIONS: tuple[Callable[[_Command], _Command], ...] = (
    click.option("--event", "events", multiple=True, type=CLEAN_TEXT, help="Code, or a family: auth.*"),
    click.option("--since", type=MOMENT, help="Time or 24h, 7d ago; 30 days ago unless given."),
    click.option("--until", type=MOMENT, help="Time or 24h, 7d ago; now unless given."),
    click.option("--client", "client_id", type=CLEAN_TEXT, help="Client id."),
    click.option("--account", type=CLEAN_TEXT, help="Account id, login name, or name@realm of a clerk."),
    click.option(
        "--person",
        type=CLEAN_TEXT,
        help="Somebody with all accounts: told of, acting, or asked about.",
    ),
    click.option("--session", "session_id", type=CLEAN_TEXT, help="Session id."),
    click.option("--address", type=NETWORK, help="IP address or network."),
    click.option("--outcome", type=click.Choice([outcome.value for outcome in Outcome])),
    click.option("--severity", type=click.IntRange(1, 5), help="At least this severity: 4 high, 5 critical."),
    click.option(
        "--status-code", type=CLEAN_TEXT, help="Reason in a word: BAD_CREDENTIAL, invalid_grant, idle."
    ),
    click.option("--directory", "directory_id", type=CLEAN_TEXT, help="Directory id."),
    click.option("--acr", type=CLEAN_TEXT, help="Assurance with which somebody signed in."),
    click.option("--claim", type=CLEAN_TEXT, help="Name of a claim: asked for, released or changed."),
    click.option("--request-id", type=CLEAN_TEXT, help="Reference number of an error page."),
    click.option("--transaction", type=EVENT_ID, help="txn of an ID token: all that its request recorded."),
    click.option("--trace", "trace_id", type=CLEAN_TEXT, help="W3C trace id."),
    click.option("--text", type=CLEAN_TEXT, help="Words of the record's open part, as they are written."),
)


def question_options(command: _Command) -> _Command:
    """Give a command the options that say what is asked of the log."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def query_of(hub: Hub, options: Mapping[str, object]) -> AuditQuery:
    """Return the question that the options make; a word on standard error where it can find nothing."""
    _warn_of_unknown(options["events"])
    now = datetime.now(UTC)
    account, outcome, severity = options["account"], options["outcome"], options["severity"]
    facets: dict[str, object] = {
        name: value for name, value in options.items() if name in _PLAIN_FACETS and value is not None
    }
    facets["since"] = options["since"] or now - DEFAULT_RANGE
    facets["until"] = options["until"] or now + CLOCK_TOLERANCE
    facets["involving"] = _involving(hub, options["person"])
    facets["account_id"] = None if account is None else _account_id(hub, str(account))
    facets["outcome"] = None if outcome is None else Outcome(str(outcome))
    facets["severity"] = None if severity is None else Severity(int(str(severity)))
    try:
        return AuditQuery(**facets)  # type: ignore[arg-type]  # click has checked each option's type
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _involving(hub: Hub, name: object) -> tuple[str, ...]:
    """The ids of a person, or the name of a command's user or a job as it stands in the trail."""
    if name is None or ":" in str(name):
        return () if name is None else (str(name),)
    with hub.database.read() as stores:
        return ids_of_person(stores.people, str(name), hub.directories)


def _account_id(hub: Hub, name: str) -> str:
    """The account of a name; an id that nobody has any more still stands in the trail."""
    with hub.database.read() as stores:
        account = find_account(stores.people, name, hub.directories)
    if account is not None:
        return account.id
    return name if _ACCOUNT_ID.fullmatch(name) else fail(f"no account named {name}")


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
