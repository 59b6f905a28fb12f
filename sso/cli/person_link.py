"""`sso person link|unlink`: clerks who are citizens too, by an officer's decision with its reason."""

from datetime import UTC, datetime

import click

from sso.authentication import linking
from sso.authentication.linking import Decision, LinkRefused, Obstacle
from sso.cli.accounts import named_account
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import fail, hub_of
from sso.cli.operator import SOURCE, operator_origin

_reason = click.option("--reason", required=True, type=CLEAN_TEXT, help="Why, for the audit log.")


@click.command()
@click.argument("account", type=CLEAN_TEXT)
@click.argument("other", type=CLEAN_TEXT)
@_reason
@click.pass_context
def link(context: click.Context, account: str, other: str, reason: str) -> None:
    """Give the account OTHER to the person of ACCOUNT: tuya bolor@civil.example, or account ids.

    They are one human, who then chooses at sign-in as whom to go on. This is an officer's decision: the hub
    never guesses it from equal names or addresses. The sessions of OTHER end.
    """
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        one = named_account(stores.people, account, hub.directories)
        added = named_account(stores.people, other, hub.directories)
        try:
            linking.link(one, added, Decision(SOURCE, reason), stores, datetime.now(UTC))
        except LinkRefused as refusal:
            if refusal.obstacle is not Obstacle.SAME_PERSON:
                fail(refusal.obstacle.sentence)
    click.echo(f"{added.login_name} belongs to the person of {one.login_name}")


@click.command()
@click.argument("account", type=CLEAN_TEXT)
@_reason
@click.pass_context
def unlink(context: click.Context, account: str, reason: str) -> None:
    """Give ACCOUNT to a person of its own again; its sessions end."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        alone = named_account(stores.people, account, hub.directories)
        try:
            linking.unlink(alone, Decision(SOURCE, reason), stores, datetime.now(UTC))
        except LinkRefused as refusal:
            fail(refusal.obstacle.sentence)
    click.echo(f"{alone.login_name} belongs to a person of its own")
