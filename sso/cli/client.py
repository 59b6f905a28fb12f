"""`sso client`: register applications, list, show and remove them, give them a new secret."""

from datetime import UTC, datetime, timedelta
from typing import BinaryIO, NoReturn

import click

from sso.audit.record import JsonValue
from sso.authentication import clients
from sso.authentication.security_events import verify
from sso.authentication.self_registration import adopt as adopt_client
from sso.cli.arguments import CLEAN_TEXT, visible
from sso.cli.client_add import add
from sso.cli.client_metadata import metadata_given, metadata_options
from sso.cli.context import fail, hub_of, json_option, print_json, print_rows
from sso.cli.operator import SOURCE, operator_origin
from sso.cli.registration_token import registration_token
from sso.oidc.client import Client
from sso.oidc.registration import InvalidClientMetadata, client_metadata, without_working_secret
from sso.storage.stores import SqlStores

PAGE = 500
_COLUMNS = ("client_id", "client_name", "token_endpoint_auth_method", "trusted", "redirect_uris")


@click.group()
def client() -> None:
    """Applications that sign people in through the hub."""


client.add_command(add)
client.add_command(registration_token)


@client.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the registered applications."""
    rows: list[dict[str, JsonValue]] = []
    with hub_of(context) as hub, hub.database.read() as stores:
        after = ""
        while page := stores.clients.list_clients(after=after, limit=PAGE):
            rows += [_shown(each) for each in page]
            after = page[-1].client_id
    if not as_json:
        rows = [{**row, "client_name": visible(str(row["client_name"]))} for row in rows]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


@client.command()
@click.argument("client_id", type=CLEAN_TEXT)
@json_option
@click.pass_context
def show(context: click.Context, client_id: str, as_json: bool) -> None:
    """Show an application's registration; a secret is never shown again."""
    with hub_of(context) as hub, hub.database.read() as stores:
        shown = _shown(_known(stores, client_id))
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        text = " ".join(str(v) for v in value) if isinstance(value, list) else str(value)
        click.echo(f"{name}: {visible(text) if text and value is not None else '-'}")


@client.command()
@click.argument("client_id", type=CLEAN_TEXT)
@metadata_options
@click.pass_context
def change(
    context: click.Context, client_id: str, fields: tuple[str, ...], metadata_file: BinaryIO | None
) -> None:
    """Change fields of an application's registration; what is not named stays.

    Two keys in `jwks` let a client go over from one to the other. The sector never changes.
    """
    metadata = metadata_given(fields, metadata_file)
    if not metadata:
        raise click.UsageError("say what changes: --metadata FIELD=VALUE or --metadata-file")
    try:
        with hub_of(context) as hub:
            proposal = hub.proposal(metadata, datetime.now(UTC), hub.database.client(client_id))
            with hub.database.begin(operator_origin()) as stores:
                known = stores.clients.for_update(client_id) or _unknown(client_id)
                changed = clients.update_client(known, proposal, SOURCE, stores, datetime.now(UTC))
    except InvalidClientMetadata as error:
        fail(error.sentence)
    before, after = _shown(known), _shown(changed)
    different = [name for name in after if name != "updated_at" and before.get(name) != after[name]]
    click.echo(f"{', '.join(different)}: changed" if different else "nothing is different")
    if without_working_secret(changed, datetime.now(UTC)):
        click.echo(f"It has no secret for that: run `sso client rotate-secret {client_id}`.", err=True)


@client.command()
@click.argument("client_id", type=CLEAN_TEXT)
@click.pass_context
def remove(context: click.Context, client_id: str) -> None:
    """Remove an application; every grant and token of it is revoked."""

    def end(stores: SqlStores) -> Client:
        known = _known(stores, client_id)
        clients.remove_client(known, SOURCE, stores, datetime.now(UTC))
        return known

    with hub_of(context) as hub:
        known = hub.database.contain(operator_origin(), end)
    click.echo(f"{visible(known.client_name)} ({client_id}) is removed and its grants are revoked")


@client.command("rotate-secret")
@click.argument("client_id", type=CLEAN_TEXT)
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 24 * 90),
    default=24,
    show_default=True,
    help="How long the old secret still works; 0 when it has leaked.",
)
@json_option
@click.pass_context
def rotate_secret(context: click.Context, client_id: str, overlap_hours: int, as_json: bool) -> None:
    """Give an application a new secret, printed once."""
    overlap = timedelta(hours=overlap_hours)
    now = datetime.now(UTC)
    try:
        with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
            _, secret = clients.rotate_secret(_known(stores, client_id), overlap, SOURCE, stores, now)
    except InvalidClientMetadata as error:
        fail(str(error))
    if as_json:
        print_json({"client_id": client_id, "client_secret": secret})
        return
    click.echo(f"client_id: {client_id}\nclient_secret: {secret}")
    ends = f"until {now + overlap:%Y-%m-%d %H:%M} UTC" if overlap_hours else "no more"
    click.echo(f"The secret is not shown again. The old one works {ends}.", err=True)


@client.command()
@click.argument("client_id", type=CLEAN_TEXT)
@click.pass_context
def adopt(context: click.Context, client_id: str) -> None:
    """Take over an application that registered itself, once you have looked at it.

    It can no longer change or remove its registration, and people are not warned of it any longer.
    """
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        known = stores.clients.for_update(client_id) or _unknown(client_id)
        if not adopt_client(known, SOURCE, stores, datetime.now(UTC)):
            fail(f"{client_id} did not register itself")
    click.echo(f"{visible(known.client_name)} ({client_id}) is in your hands now")


@client.command("verify-events")
@click.argument("client_id", type=CLEAN_TEXT)
@click.option("--state", type=CLEAN_TEXT, help="A text that comes back in the event.")
@click.pass_context
def verify_events(context: click.Context, client_id: str, state: str | None) -> None:
    """Send an application a verification event, to see that security events arrive; prints its jti."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        known = _known(stores, client_id)
        if known.security_event_delivery is None:
            fail(f"{client_id} has no security_event_delivery: give it one with `sso client change`")
        event = verify(known, state, SOURCE, stores, datetime.now(UTC))
    click.echo(event.id)


def _known(stores: SqlStores, client_id: str) -> Client:
    return stores.clients.get(client_id) or _unknown(client_id)


def _unknown(client_id: str) -> NoReturn:
    fail(f"no application has the client_id {client_id}")


def _shown(client: Client) -> dict[str, JsonValue]:
    """The registration under RFC 7591's names, and how many secrets work: never a digest."""
    times = {"created_at": client.created_at, "updated_at": client.updated_at}
    return {
        "client_id": client.client_id,
        **client_metadata(client),
        "secrets": len(client.secrets),
        "self_registration": clients.came_by(client),
        "logout_unconfirmed_since": _text_of(client.logout_unconfirmed_since),
        **{name: _text_of(moment) for name, moment in times.items()},
    }


def _text_of(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
