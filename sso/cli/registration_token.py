"""`sso client registration-token`: initial access tokens, which let applications register themselves."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from sso.audit.event import RegistrationTokenCreated, RegistrationTokenRevoked
from sso.audit.record import JsonValue
from sso.cli.arguments import CLEAN_TEXT, visible
from sso.cli.client_metadata import metadata_given, metadata_options
from sso.cli.context import fail, hub_of, json_option, print_json, print_rows
from sso.cli.operator import SOURCE, operator_origin
from sso.oidc.digest import digest, new_id, new_secret
from sso.oidc.registration import FIELDS
from sso.oidc.registration_policy import RegistrationMode
from sso.oidc.self_registration.access import InitialAccessToken

_COLUMNS = ("id", "label", "state", "uses_left", "expires_at")


@click.group("registration-token")
def registration_token() -> None:
    """Tokens that let applications register themselves (RFC 7591 1.2)."""


@registration_token.command()
@click.option("--label", required=True, type=CLEAN_TEXT, help="Whom it is for; in the list and on record.")
@click.option("--uses", type=click.IntRange(1, 1_000_000), help="How many applications; else any number.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How long it works."
)
@metadata_options
@json_option
@click.pass_context
def add(context: click.Context, /, as_json: bool, **options: Any) -> None:
    """Make a token, printed once. Metadata given here is what each application gets whatever it asks for."""
    secret = new_secret()
    token = _token(digest(secret), options, datetime.now(UTC))
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        mode = hub.settings.registration.mode
        stores.initial_access_tokens.add(token)
        stores.audit.append(_created(token), token.created_at)
    if as_json:
        print_json({"id": token.id, "initial_access_token": secret})
    else:
        click.echo(f"id: {token.id}\ninitial_access_token: {secret}")
        click.echo(f"Not shown again. It works until {token.expires_at:%Y-%m-%d %H:%M} UTC.", err=True)
    if mode is RegistrationMode.OFF:
        click.echo('sso: nobody can use it while registration.mode is "off"', err=True)


def _token(hidden: bytes, options: Mapping[str, Any], now: datetime) -> InitialAccessToken:
    metadata = metadata_given(options["fields"], options["metadata_file"])
    for name in metadata:
        if name not in FIELDS:
            fail(f"{name} is no field of client metadata")
    return InitialAccessToken(
        id=new_id(),
        digest=hidden,
        label=options["label"],
        metadata=metadata,
        uses_left=options["uses"],
        created_at=now,
        expires_at=now + timedelta(days=options["days"]),
    )


def _created(token: InitialAccessToken) -> RegistrationTokenCreated:
    return RegistrationTokenCreated(
        token_id=token.id,
        label=token.label,
        uses=token.uses_left,
        expires_at=token.expires_at,
        imposed=token.metadata,
        source=SOURCE,
    )


@registration_token.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the tokens; those that ended are listed for a month."""
    now = datetime.now(UTC)
    with hub_of(context) as hub, hub.database.read() as stores:
        rows = [_row(token, now) for token in stores.initial_access_tokens.list_tokens()]
    if not as_json:
        rows = [{**row, "label": visible(str(row["label"]))} for row in rows]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


@registration_token.command()
@click.argument("token_id", type=CLEAN_TEXT)
@click.pass_context
def revoke(context: click.Context, token_id: str) -> None:
    """Revoke a token. What was registered with it stays: see `sso client list`."""
    now = datetime.now(UTC)
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        if not stores.initial_access_tokens.revoke(token_id, now):
            fail(f"no registration token in force has the id {token_id}")
        stores.audit.append(RegistrationTokenRevoked(token_id=token_id, source=SOURCE), now)
    click.echo(f"{token_id} is revoked")


def _row(token: InitialAccessToken, now: datetime) -> dict[str, JsonValue]:
    return {
        "id": token.id,
        "label": token.label,
        "state": _state(token, now),
        "uses_left": token.uses_left,
        "created_at": token.created_at.isoformat(timespec="seconds"),
        "expires_at": token.expires_at.isoformat(timespec="seconds"),
        "metadata": dict(token.metadata),
    }


def _state(token: InitialAccessToken, now: datetime) -> str:
    if token.works(now):
        return "works"
    if token.revoked_at is not None:
        return "revoked"
    return "used up" if token.uses_left == 0 else "expired"
