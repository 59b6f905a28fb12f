"""`sso person list|show`: who is known, with which accounts, roles and sessions."""

from datetime import datetime

import click

from sso.audit.record import JsonValue
from sso.cli.accounts import all_of, named_account
from sso.cli.arguments import CLEAN_TEXT, visible
from sso.cli.context import hub_of, json_option, print_block, print_json, print_rows
from sso.directory.person import Account, Person
from sso.storage.stores import SqlStores

_COLUMNS = ("account_id", "login_name", "kind", "directory_id", "name", "roles", "state")


@click.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List every account."""
    with hub_of(context) as hub, hub.database.read() as stores:
        persons = {person.id: person for person in all_of(stores.people.list_persons)}
        accounts = all_of(stores.people.list_accounts)
        rows = [_row(account, persons[account.person_id]) for account in accounts]
    print_rows(rows if as_json else [_readable(row) for row in rows], as_json=as_json, columns=_COLUMNS)


def _readable(row: dict[str, JsonValue]) -> dict[str, JsonValue]:
    texts = {key: visible(value) for key, value in row.items() if isinstance(value, str)}
    return {**row, **texts, "roles": row["roles"] or None}


def _row(account: Account, person: Person) -> dict[str, JsonValue]:
    disabled = account.disabled_at is not None or person.disabled_at is not None
    return {
        "account_id": account.id,
        "login_name": account.login_name,
        "kind": account.kind.value,
        "directory_id": account.directory_id,
        "person_id": person.id,
        "name": account.text_claim("name") or person.name,
        "roles": sorted(person.roles),
        "state": "disabled" if disabled else "enabled",
    }


@click.command()
@click.argument("name", type=CLEAN_TEXT)
@json_option
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Show a person: accounts, claims, roles and the sessions that go on. NAME may be an account id."""
    with hub_of(context) as hub, hub.database.read() as stores:
        account = named_account(stores.people, name, hub.directories)
        shown = _person(account.person_id, stores)
    if as_json:
        print_json(shown)
    else:
        print_block(shown)


def _person(person_id: str, stores: SqlStores) -> dict[str, JsonValue]:
    person = stores.people.person(person_id)
    return {
        "person_id": person_id,
        "name": "" if person is None else person.name,
        "roles": [] if person is None else sorted(person.roles),
        "disabled_at": _text_of(person.disabled_at if person else None),
        "accounts": [_account(account, stores) for account in stores.people.accounts_of(person_id)],
    }


def _account(account: Account, stores: SqlStores) -> dict[str, JsonValue]:
    return {
        "account_id": account.id,
        "login_name": account.login_name,
        "kind": account.kind.value,
        "directory_id": account.directory_id,
        "disabled_at": _text_of(account.disabled_at),
        "disabled_for": None if account.disabled_for is None else account.disabled_for.value,
        "state_checked_at": _text_of(account.state_checked_at),
        "upstreams": list(stores.upstreams.ties_of(account.id)),
        "has_password": stores.credentials.get(account.id) is not None,
        "claims": dict(account.claims),
        "sessions": [
            {
                "session_id": session.id,
                "auth_time": session.auth_time.isoformat(),
                "last_seen_at": session.last_seen_at.isoformat(),
                "acr": session.acr,
                "clients": list(stores.sessions.clients_of(session.id)),
            }
            for session in stores.sessions.of_account(account.id)
        ],
    }


def _text_of(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
