"""`sso upstream tie|untie`: an account at a provider as a way to sign in here, by an officer's decision."""

from datetime import UTC, datetime
from typing import TypedDict, Unpack

import click

from sso.authentication.linking import Decision, LinkRefused, Obstacle
from sso.authentication.upstream import tying
from sso.authentication.upstream.tying import AccountThere, Untying
from sso.cli.accounts import named_account
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import fail, hub_of
from sso.cli.operator import SOURCE, operator_origin
from sso.hub import Hub
from sso.outbound.upstream import UpstreamProvider

_reason = click.option("--reason", required=True, type=CLEAN_TEXT, help="Why, for the audit log.")
_upstream = click.argument("upstream_id", metavar="ID", type=CLEAN_TEXT)
_account = click.argument("account", type=CLEAN_TEXT)


class _Tie(TypedDict):
    upstream_id: str
    identifier: str
    account: str
    reason: str


@click.command()
@_upstream
@click.argument("identifier", type=CLEAN_TEXT)
@_account
@_reason
@click.pass_context
def tie(context: click.Context, /, **asked: Unpack[_Tie]) -> None:
    """Let somebody of the provider ID sign in to a citizen's ACCOUNT: national 8f2c... tuya.

    IDENTIFIER is the claim that the configuration names (identifier_claim, sub unless set). Citizens do the
    same by themselves at /account; this is an officer's decision, as `sso person link` is.
    """
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        settings = configured(asked["upstream_id"], hub).settings
        known = named_account(stores.people, asked["account"], hub.directories)
        try:
            there = AccountThere(settings, asked["identifier"])
            tying.tie(known, there, Decision(SOURCE, asked["reason"]), stores, datetime.now(UTC))
        except LinkRefused as refusal:
            if refusal.obstacle is not Obstacle.SAME_PERSON:
                fail(refusal.obstacle.sentence)
    click.echo(f"{known.login_name} can be signed in to at {settings.id}")


@click.command()
@_upstream
@_account
@_reason
@click.pass_context
def untie(context: click.Context, /, upstream_id: str, account: str, reason: str) -> None:
    """Let nobody of the provider ID sign in to ACCOUNT any more; its sessions end."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        known = named_account(stores.people, account, hub.directories)
        usable = [each.settings.id for each in hub.upstreams.values() if each.settings.directory is None]
        untying = Untying(upstream_id, usable, Decision(SOURCE, reason))
        try:
            done = tying.untie(known, untying, stores, datetime.now(UTC))
        except LinkRefused as refusal:
            fail(refusal.obstacle.sentence)
    if not done:
        fail(f"{known.login_name} is not tied to {upstream_id}")
    click.echo(f"{known.login_name} can no longer be signed in to at {upstream_id}")


def configured(upstream_id: str, hub: Hub) -> UpstreamProvider:
    """Return the provider of an id, or end the command with a sentence."""
    provider = hub.upstreams.get(upstream_id)
    if provider is None:
        known = ", ".join(hub.upstreams) or "none"
        fail(f"no upstream has the id {upstream_id}; the configuration has: {known}")
    return provider
