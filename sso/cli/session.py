"""`sso session`: who is signed in, who was told of the end of a session, and ending one."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from sso.audit.event import SessionsViewed
from sso.audit.record import JsonValue
from sso.authentication import sessions
from sso.cli.accounts import all_of, named_account
from sso.cli.arguments import CLEAN_TEXT, visible
from sso.cli.context import fail, hub_of, json_option, print_block, print_json, print_rows
from sso.cli.operator import SOURCE, operator_origin
from sso.directory.person import Account
from sso.hub import Hub
from sso.oidc.logout_ledger import Told, ledger
from sso.oidc.session import Session, SessionEnd, SessionRecord
from sso.storage.stores import SqlStores

SESSIONS_SHOWN = 100
_COLUMNS = ("session_id", "login_name", "auth_time", "last_seen_at", "expires_at", "clients")

person_option = click.option(
    "--person", "name", type=CLEAN_TEXT, help="A person's sessions: sign-in name or account id."
)


@click.group()
def session() -> None:
    """Sessions: who is signed in where, and who was told of a sign-out."""


@session.command("list")
@person_option
@json_option
@click.pass_context
def list_command(context: click.Context, name: str | None, as_json: bool) -> None:
    """List the sessions that go on."""
    now = datetime.now(UTC)
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        accounts = _accounts(hub, name, stores) if name is not None else []
        if name is None:
            found = list(all_of(stores.sessions.list_going_on))
        else:
            found = [each for account in accounts for each in stores.sessions.of_account(account.id)]
        going_on = [each for each in found if sessions.cause_of_timeout(each, hub.settings, now) is None]
        rows = [_row(each, stores) for each in going_on]
        _record_view(stores, [account.id for account in accounts], None, len(rows), now)
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


@session.command()
@click.argument("session_id", required=False, type=CLEAN_TEXT)
@person_option
@json_option
@click.pass_context
def show(context: click.Context, session_id: str | None, name: str | None, as_json: bool) -> None:
    """Show a session, or all of a person's: its services, who was told of its end and who confirmed.

    An ended session is known for a week.
    """
    if (session_id is None) == (name is None):
        raise click.UsageError("give a session id, or --person NAME")
    now = datetime.now(UTC)
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        accounts = _accounts(hub, name, stores) if name is not None else []
        if session_id is not None:
            records = [_known(session_id, stores)]
        else:
            records = [
                record
                for account in accounts
                for record in stores.sessions.records_of_account(account.id, SESSIONS_SHOWN)
            ]
        shown = [_shown(record, stores) for record in records]
        seen = [account.id for account in accounts] or [record.session.account_id for record in records]
        _record_view(stores, seen, session_id, len(shown), now)
    for each in shown:
        if as_json:
            print_json(each)
        else:
            print_block(each)
            click.echo()


@session.command("end")
@click.argument("session_id", required=False, type=CLEAN_TEXT)
@person_option
@click.option("--reason", required=True, type=CLEAN_TEXT, help="Why, for the audit log.")
@click.pass_context
def end_command(context: click.Context, session_id: str | None, name: str | None, reason: str) -> None:
    """End a session, or all of a person's: every token of it is revoked, every service is told."""
    if (session_id is None) == (name is None):
        raise click.UsageError("give a session id, or --person NAME")
    with hub_of(context) as hub:
        with hub.database.read() as stores:
            if session_id is not None:
                wanted = [_known(session_id, stores).session]
            else:
                accounts = _accounts(hub, name or "", stores)
                wanted = [each for account in accounts for each in stores.sessions.of_account(account.id)]
        ended = sum(_end(hub, each, reason) for each in wanted)
    click.echo(f"{ended} of {len(wanted)} ended now" if wanted else "nobody is signed in there")


def _end(hub: Hub, wanted: Session, reason: str) -> bool:
    return hub.database.contain(
        operator_origin(),
        lambda stores: sessions.end(wanted, SessionEnd.OFFICER, stores, datetime.now(UTC), reason),
    )


def _accounts(hub: Hub, name: str, stores: SqlStores) -> Sequence[Account]:
    """Return every account of the person who has the named one."""
    account = named_account(stores.people, name, hub.directories)
    return stores.people.accounts_of(account.person_id)


def _known(session_id: str, stores: SqlStores) -> SessionRecord:
    return stores.sessions.record(session_id) or fail(
        f"no session has the id {session_id}; an ended one is known for a week"
    )


def _record_view(
    stores: SqlStores, account_ids: Sequence[str], session_id: str | None, count: int, now: datetime
) -> None:
    """Looking at where people are signed in is on record, a person's under each of their accounts."""
    for account_id in account_ids or (None,):
        event = SessionsViewed(account_id=account_id, session_id=session_id, count=count, source=SOURCE)
        stores.audit.append(event, now)


def _row(found: Session, stores: SqlStores) -> dict[str, JsonValue]:
    account = stores.people.account(found.account_id)
    return {
        "session_id": found.id,
        "account_id": found.account_id,
        "login_name": visible(account.login_name) if account is not None else None,
        "auth_time": _text_of(found.auth_time),
        "last_seen_at": _text_of(found.last_seen_at),
        "expires_at": _text_of(found.expires_at),
        "clients": list(stores.sessions.clients_of(found.id)),
    }


def _shown(record: SessionRecord, stores: SqlStores) -> dict[str, JsonValue]:
    found = record.session
    clients = stores.sessions.clients_of(found.id)
    lines: Sequence[Told] = ()
    if record.ended_at is not None:
        lines = ledger(clients, stores.outbox.of_session(found.id), stores.frames.of_session(found.id))
    return {
        **_row(found, stores),
        "acr": found.acr,
        "amr": list(found.amr),
        "created_at": _text_of(found.created_at),
        "ended_at": _text_of(record.ended_at),
        "ended_cause": record.ended_cause.value if record.ended_cause is not None else None,
        "told": [_line(line, stores) for line in lines],
    }


def _line(line: Told, stores: SqlStores) -> dict[str, JsonValue]:
    client = stores.clients.get(line.client_id)
    return {
        "client_id": line.client_id,
        "client_name": visible(client.client_name) if client is not None else None,
        "channel": line.channel.value,
        "standing": line.standing.value,
        "at": _text_of(line.at),
        "attempts": line.attempts,
        "next_attempt_at": _text_of(line.next_attempt_at),
        "error": line.error or None,
    }


def _text_of(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
