"""`sso keys`: the signing keys, their rotation and their revocation."""

from datetime import UTC, datetime

import click

from sso.audit.record import JsonValue
from sso.cli.context import EXIT_TRY_LATER, fail, hub_of, json_option, print_rows
from sso.cli.operator import operator_origin
from sso.hub import KEYS_REREAD_SECONDS
from sso.oidc.keys import SignerUnavailable, SigningKey
from sso.oidc.rotation import UnknownKey
from sso.web.metadata import MAX_AGE_SECONDS
from sso.worker import key_rotation

_COLUMNS = ("kid", "alg", "state", "active_from", "retired_at", "published_until")
_SOON = (
    "sso: an application that keeps our key set may refuse tokens until it fetches the set again. The old\n"
    "keys stay published: what they signed stays valid until it expires."
)
_REVOKED = (
    f"sso: within {2 * KEYS_REREAD_SECONDS:.0f} seconds no process signs with this key or accepts what it\n"
    "signed. Applications that verify tokens themselves trust it until they fetch our key set again:\n"
    f"{MAX_AGE_SECONDS // 60} minutes where they keep to its Cache-Control. Tell those that may not."
)


@click.group()
def keys() -> None:
    """The keys that sign tokens."""


@keys.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the keys: next (published, does not sign yet), active, retired (still published), revoked."""
    now = datetime.now(UTC)
    with hub_of(context) as hub, hub.database.read() as stores:
        present = stores.signing_keys.load()
    shown = [key for key in present if key.is_published(now) or key.revoked_at is not None]
    print_rows([_row(key, now) for key in shown], as_json=as_json, columns=_COLUMNS)


def _row(key: SigningKey, now: datetime) -> dict[str, JsonValue]:
    times = {
        "created_at": key.created_at,
        "active_from": key.active_from,
        "retired_at": key.retired_at,
        "published_until": key.published_until,
        "revoked_at": key.revoked_at,
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
    """Return next, active, retired or revoked."""
    if key.revoked_at is not None:
        return "revoked"
    if key.signs(now):
        return "active"
    return "next" if key.waits(now) else "retired"


@keys.command()
@click.option(
    "--now",
    "at_once",
    is_flag=True,
    help="Let the new keys sign as soon as every process knows them; also those of a rotation under way.",
)
@click.pass_context
def rotate(context: click.Context, at_once: bool) -> None:
    """Make successors of the signing keys; they are published first and sign later.

    An algorithm of which a successor waits already gets no second one. For keys in wrong hands use
    `sso keys revoke`.
    """
    with hub_of(context) as hub:
        try:
            begun = key_rotation.rotate(hub, operator_origin(), at_once=at_once)
        except SignerUnavailable as error:
            fail(f"no key could be made: {error}", EXIT_TRY_LATER)
    if not begun:
        fail("a rotation is under way: see `sso keys list`; nothing was changed")
    for key in begun:
        click.echo(f"{key.alg} {key.kid} signs from {key.active_from:%Y-%m-%d %H:%M:%S} UTC")
    if at_once:
        click.echo(_SOON, err=True)


@keys.command()
@click.argument("kid")
@click.pass_context
def revoke(context: click.Context, kid: str) -> None:
    """End a compromised key at once: it signs no more, and what it signed is refused.

    A successor takes its place at once.
    """
    with hub_of(context) as hub:
        try:
            successor = key_rotation.revoke(hub, kid, operator_origin())
        except UnknownKey:
            fail("no key has this kid, or it is revoked already: see `sso keys list`")
        except SignerUnavailable as error:
            fail(f"no successor could be made, nothing was changed: {error}", EXIT_TRY_LATER)
    if successor is not None:
        click.echo(f"{successor.alg} {successor.kid} takes its place")
    click.echo(_REVOKED, err=True)
