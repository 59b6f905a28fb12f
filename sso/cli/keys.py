"""`sso keys`: the signing keys and their rotation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from sso.audit.record import JsonValue
from sso.cli.context import fail, hub_of, json_option, print_rows
from sso.cli.operator import operator_origin
from sso.hub import KEYS_REREAD_SECONDS
from sso.oidc.keys import SigningKey
from sso.oidc.rotation import rotate as rotate_keys
from sso.worker.upkeep import overlap_of

_COLUMNS = ("kid", "alg", "state", "active_from", "published_until")
_WARNING = (
    f"sso: every process signs with the new keys within {KEYS_REREAD_SECONDS:.0f} seconds. An application\n"
    "that keeps our key set may refuse tokens until it fetches the set again. The old keys stay\n"
    "published: what they signed stays valid until it expires."
)


@click.group()
def keys() -> None:
    """The keys that sign tokens."""


@keys.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the keys: next (published, does not sign yet), active, or retired (still published)."""
    now = datetime.now(UTC)
    with hub_of(context) as hub, hub.database.read() as stores:
        rows = [_row(key, now) for key in stores.signing_keys.load() if key.is_published(now)]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


def _row(key: SigningKey, now: datetime) -> dict[str, JsonValue]:
    times = {
        "created_at": key.created_at,
        "active_from": key.active_from,
        "retired_at": key.retired_at,
        "published_until": key.published_until,
    }
    return {
        "kid": key.kid,
        "alg": key.alg,
        "state": state_of(key, now),
        **{
            name: None if time is None else time.isoformat(timespec="seconds") for name, time in times.items()
        },
    }


def state_of(key: SigningKey, now: datetime) -> str:
    """Return next, active or retired."""
    if key.signs(now):
        return "active"
    return "next" if key.active_from > now else "retired"


@keys.command()
@click.option(
    "--now", "at_once", is_flag=True, help="Let the new keys sign at once: the present ones are compromised."
)
@click.pass_context
def rotate(context: click.Context, at_once: bool) -> None:
    """Make successors of the signing keys; they are published first and sign later.

    While a rotation is under way nothing changes.
    """
    with hub_of(context) as hub:
        overlap = overlap_of(hub)
        if at_once:
            overlap = replace(overlap, publish_before=timedelta(0))
        with hub.database.begin(operator_origin()) as stores:
            created = rotate_keys(stores.signing_keys, stores.audit, overlap, datetime.now(UTC))
    if not created:
        fail("a rotation is under way: see `sso keys list`; nothing was changed")
    for key in created:
        click.echo(f"{key.alg} {key.kid} signs from {key.active_from:%Y-%m-%d %H:%M} UTC")
    if at_once:
        click.echo(_WARNING, err=True)
