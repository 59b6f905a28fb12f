"""`sso person grant-role|revoke-role|link`: officers' roles, and clerks who are citizens too."""

from datetime import UTC, datetime

import click

from sso.authentication import people
from sso.cli.accounts import named_account
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import fail, hub_of
from sso.cli.operator import SOURCE, operator_origin
from sso.directory.person import Account, AccountKind, Role
from sso.directory.stores import People, RolesConflict

ROLE = click.Choice([role.value for role in Role])


@click.command("grant-role")
@click.argument("name", type=CLEAN_TEXT)
@click.argument("role", type=ROLE)
@click.pass_context
def grant_role(context: click.Context, name: str, role: str) -> None:
    """Let a person work in the console as auditor or as client manager, never as both."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        account = named_account(stores.people, name, hub.directories)
        try:
            changed = people.grant_role(account.person_id, Role(role), SOURCE, stores, datetime.now(UTC))
        except RolesConflict:
            fail(f"{account.login_name} holds the other role, and nobody audits their own work; revoke it")
    click.echo(f"{account.login_name} {'is now' if changed else 'was already'} {role}")


@click.command("revoke-role")
@click.argument("name", type=CLEAN_TEXT)
@click.argument("role", type=ROLE)
@click.pass_context
def revoke_role(context: click.Context, name: str, role: str) -> None:
    """Take an officer's role from a person."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        account = named_account(stores.people, name, hub.directories)
        changed = people.revoke_role(account.person_id, Role(role), SOURCE, stores, datetime.now(UTC))
    click.echo(f"{account.login_name} {'is no longer' if changed else 'was not'} {role}")


@click.command()
@click.argument("citizen", type=CLEAN_TEXT)
@click.argument("staff", type=CLEAN_TEXT)
@click.pass_context
def link(context: click.Context, citizen: str, staff: str) -> None:
    """Give the clerk's account STAFF (name@realm) to the person of the account CITIZEN.

    They are one human, who then chooses at sign-in as whom to go on. This is an officer's decision: the hub
    never guesses it from equal names or addresses.
    """
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        to = named_account(stores.people, citizen, hub.directories)
        account = named_account(stores.people, staff, hub.directories)
        _check(to, account)
        if account.person_id != to.person_id:
            for side in (to, account):
                _check_roles(stores.people, side)
            people.link(account, to.person_id, SOURCE, stores, datetime.now(UTC))
    click.echo(f"{account.login_name} belongs to the person of {to.login_name}")


def _check(citizen: Account, staff: Account) -> None:
    if citizen.kind is not AccountKind.CITIZEN:
        fail(f"{citizen.login_name} is not a citizen's account")
    if staff.kind is not AccountKind.STAFF:
        fail(f"{staff.login_name} is not a clerk's account")


def _check_roles(store: People, account: Account) -> None:
    """A role is decided knowing every account that could use it: link first, then grant."""
    person = store.person(account.person_id)
    if person is not None and person.roles:
        fail(
            f"{account.login_name} is {', '.join(sorted(person.roles))}: revoke that, link, and grant it anew"
        )
