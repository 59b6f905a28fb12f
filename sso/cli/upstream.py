"""`sso upstream`: the other providers that the configuration names, and whether people can sign in there."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from sso.audit.record import JsonValue
from sso.authentication.upstream.settings import UpstreamSettings
from sso.cli.arguments import CLEAN_TEXT, visible
from sso.cli.context import configuration_of, hub_of, json_option, print_json, print_rows
from sso.cli.upstream_tie import configured, tie, untie
from sso.directory.check import Check
from sso.hub import Hub
from sso.outbound.upstream import probe

_COLUMNS = ("id", "name", "issuer", "client_id", "signs_in")


@click.group()
def upstream() -> None:
    """Other OpenID providers at which people sign in."""


@upstream.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the upstream providers of the configuration."""
    rows = [_row(each) for each in configuration_of(context).upstreams]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


def _row(settings: UpstreamSettings) -> dict[str, JsonValue]:
    return {
        "id": settings.id,
        "name": settings.label("en"),
        "issuer": settings.issuer,
        "client_id": settings.client_id,
        "client_authentication": settings.proof.value,
        "signs_in": "citizens" if settings.directory is None else f"staff of {settings.directory.id}",
        "just_in_time": settings.just_in_time,
        "levels": {theirs: ours for theirs, ours in settings.acr.pairs},
    }


def _accounts(hub: Hub, settings: UpstreamSettings) -> Sequence[Check]:
    """Whether anybody has an account, where a first sign-in makes none and no directory brings any."""
    if settings.just_in_time or settings.directory is not None:
        return ()
    with hub.database.read() as stores:
        known = stores.upstreams.knows_anybody(settings.id)
    only = "just_in_time = false: only people who tied their account at /account come in"
    return (Check("accounts", ok=True, sentence=only if known else f"{only}, and there is nobody yet"),)


@upstream.command()
@click.argument("upstream_id", metavar="ID", type=CLEAN_TEXT)
@json_option
@click.pass_context
def test(context: click.Context, /, upstream_id: str, as_json: bool) -> None:
    """Try each step to a sign-in there; where one fails, say what to mend.

    Metadata, keys, redirect URI, the hub's own proof (it redeems a code that nobody gave), levels, sign-out,
    and whether anybody has an account. The hub must be running where the provider reads its keys from it.
    """
    with hub_of(context) as hub:
        provider = configured(upstream_id, hub)
        checks = [*probe(provider, datetime.now(UTC)), *_accounts(hub, provider.settings)]
    for check in checks:
        if as_json:
            print_json(
                {"upstream": upstream_id, "check": check.name, "ok": check.ok, "sentence": check.sentence}
            )
        else:
            click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {visible(check.sentence)}")
    context.exit(0 if all(check.ok for check in checks) else 1)


for command in (tie, untie):
    upstream.add_command(command)
