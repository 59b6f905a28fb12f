"""`sso person grant-role|revoke-role`: officers' roles."""

from datetime import UTC, datetime

import click

from sso.authentication import people
from sso.cli.accounts import named_account
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import fail, hub_of
from sso.cli.operator import SOURCE, operator_origin
from sso.directory.person import Role
from sso.directory.stores import RolesConflict

ROLE = click.Choice([role.value for role in Role])


@click.command("grant-role")
@click.argument("name", type=CLEAN_TEXT)
@click.argument("role", type=ROLE)
@click.pass_context
def grant_role(context: click.Context, name: str, role: str) -> None:
    """Let a person work as auditor, client manager or people manager, never as two of them."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        account = named_account(stores.people, name, hub.directories)
        try:
            changed = people.grant_role(account.person_id, Role(role), SOURCE, stores, datetime.now(UTC))
        except RolesConflict:
            fail(f"{account.login_name} holds another role, and nobody audits their own work; revoke it")
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
