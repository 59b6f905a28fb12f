"""`sso migrate`: bring the database's schema to this release."""

import click

from sso.cli.context import hub_of
from sso.storage.schema import migrate as bring_up_to_date
from sso.storage.schema import pending_migrations


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when something waits.")
@click.pass_context
def migrate(context: click.Context, check: bool) -> None:
    """Bring the schema up to date; again changes nothing."""
    with hub_of(context) as hub:
        if check:
            waiting = pending_migrations(hub.database)
            for name in waiting:
                click.echo(f"waits: {name}")
            context.exit(1 if waiting else 0)
        for name in bring_up_to_date(hub.database):
            click.echo(f"applied: {name}")
        click.echo("the schema is up to date")
