"""`sso client add`: the options of the command become RFC 7591 metadata, which the domain checks."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

import click

from sso.audit.event import ClientCreated
from sso.audit.record import JsonValue
from sso.authentication import clients
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.client_metadata import metadata_given, metadata_options
from sso.cli.context import fail, hub_of, json_option, print_json
from sso.cli.operator import SOURCE, operator_origin
from sso.hub import Hub
from sso.oidc.client import Client, ClientAuthMethod, SubjectType
from sso.oidc.keys import SIGNING_ALGORITHMS
from sso.oidc.offered import AUTH_METHODS, GRANT_TYPES
from sso.oidc.registration import InvalidClientMetadata, Proposal, client_metadata, new_client
from sso.storage.stores import SqlStores

MAX_JSON_BYTES = 65_536
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")
DISCOVERY_PATH = "/.well-known/openid-configuration"
_METHODS = [method.value for method in AUTH_METHODS]
_SWITCHED_OFF = {"require_pkce": "no_pkce", "rotate_refresh_tokens": "no_rotate_refresh_tokens"}
_TRANSLATED = {"public", "jwks_file", "client_name_zh", "fields", "metadata_file", *_SWITCHED_OFF.values()}


@click.command()
@click.option("--name", "client_name", required=True, type=CLEAN_TEXT, help="Name that people see.")
@click.option("--name-zh", "client_name_zh", type=CLEAN_TEXT, help="The name in Chinese.")
@click.option("--redirect-uri", "redirect_uris", type=CLEAN_TEXT, multiple=True, help="Repeat for more.")
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", type=CLEAN_TEXT, multiple=True)
@click.option("--backchannel-logout-uri", type=CLEAN_TEXT, help="Told of sign-outs, server to server.")
@click.option("--scope", type=CLEAN_TEXT, help='What it may ask for, such as "openid profile email".')
@click.option("--public", is_flag=True, help="It cannot keep a secret: a mobile or browser application.")
@click.option("--auth-method", "token_endpoint_auth_method", type=click.Choice(_METHODS))
@click.option("--jwks-file", type=click.File("rb"), help="Its public keys, for private_key_jwt.")
@click.option("--trusted", is_flag=True, help="Show no consent page: the state's own application.")
@click.option("--audience", type=CLEAN_TEXT, multiple=True, help="aud of its access tokens; again for more.")
@click.option(
    "--role",
    "role_mapping",
    type=CLEAN_TEXT,
    multiple=True,
    metavar="NAME=DIRECTORY/roles/VALUE",
    help="A role in it, and which released role or group (/groups/) of a directory has it; repeatable.",
)
@click.option("--grant-type", "grant_types", type=click.Choice([g.value for g in GRANT_TYPES]), multiple=True)
@click.option("--sector", type=CLEAN_TEXT, help="Group of applications that see the same sub.")
@click.option("--subject-type", type=click.Choice([s.value for s in SubjectType]))
@click.option("--id-token-alg", "id_token_signed_response_alg", type=click.Choice(SIGNING_ALGORITHMS))
@click.option("--client-uri", type=CLEAN_TEXT, help="Its home page.")
@click.option("--logo-uri", type=CLEAN_TEXT)
@click.option("--policy-uri", type=CLEAN_TEXT, help="Its privacy notice.")
@click.option("--tos-uri", type=CLEAN_TEXT, help="Its terms of use.")
@click.option("--initiate-login-uri", type=CLEAN_TEXT, help="Where a sign-in to it begins.")
@click.option("--no-pkce", is_flag=True, help="Let it leave PKCE out (confidential, old software only).")
@click.option("--claims-in-id-token", is_flag=True, help="Put claims into the ID token as well.")
@click.option("--no-rotate-refresh-tokens", is_flag=True)
@click.option("--client-id", type=CLEAN_TEXT, help="A fixed id, for scripts; random unless given.")
@metadata_options
@json_option
@click.pass_context
def add(context: click.Context, /, as_json: bool, client_id: str | None, **options: Any) -> None:
    """Register an application; prints its client_id and, once, its client_secret."""
    metadata = _metadata(options)
    if client_id is not None and not _CLIENT_ID.fullmatch(client_id):
        raise click.UsageError("--client-id: letters, digits and . _ ~ - only, at most 128")
    with hub_of(context) as hub:
        registered, secret = _register(hub, client_id, metadata)
        issuer = hub.settings.issuer
    if as_json:
        print_json({"client_id": registered.client_id, **({"client_secret": secret} if secret else {})})
    else:
        _print_block(registered, secret, issuer)


def _metadata(options: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return the metadata of the file and of the options, which go before it; the rest has its default."""
    method, public, keys = (options[name] for name in ("token_endpoint_auth_method", "public", "jwks_file"))
    if public and method not in (None, ClientAuthMethod.NONE.value):
        raise click.UsageError(f"--public means --auth-method none, not {method}")
    if public:
        method = ClientAuthMethod.NONE.value
    elif keys is not None and method is None:
        method = ClientAuthMethod.PRIVATE_KEY_JWT.value
    metadata: dict[str, JsonValue] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if name not in _TRANSLATED and value not in (None, (), False)
    }
    metadata |= {name: False for name, off in _SWITCHED_OFF.items() if options[off]}
    metadata["token_endpoint_auth_method"] = method
    metadata["client_name#zh-CN"] = options["client_name_zh"]
    metadata["jwks"] = None if keys is None else _json_object(keys, "--jwks-file: not a JWK set (RFC 7517 5)")
    given = metadata_given(options["fields"], options["metadata_file"])
    return given | {name: value for name, value in metadata.items() if value is not None}


def _json_object(file: BinaryIO, otherwise: str) -> Mapping[str, JsonValue]:
    try:
        content = file.read(MAX_JSON_BYTES + 1)
        found = json.loads(content) if len(content) <= MAX_JSON_BYTES else None
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        fail(f"{otherwise} of at most {MAX_JSON_BYTES // 1024} KiB")
    return found


def _register(
    hub: Hub, client_id: str | None, metadata: Mapping[str, JsonValue]
) -> tuple[Client, str | None]:
    now = datetime.now(UTC)
    try:
        proposal = hub.proposal(metadata, now)
        with hub.database.begin(operator_origin()) as stores:
            if client_id is None:
                return clients.add_client(proposal, SOURCE, stores, now)
            return _add_with_id(client_id, proposal, stores, now)
    except InvalidClientMetadata as error:
        fail(error.sentence)


def _add_with_id(
    client_id: str, proposal: Proposal, stores: SqlStores, now: datetime
) -> tuple[Client, str | None]:
    """As `sso.authentication.clients.add_client`, under an id that a script knows beforehand."""
    made, secret = new_client(proposal.metadata, now, proposal.sector)
    sector = client_id if made.sector == made.client_id else made.sector
    client = replace(made, client_id=client_id, sector=sector)
    if not stores.clients.add(client, now):
        fail(f"the client_id {client_id} is taken")
    settings = {name: value for name, value in client_metadata(client).items() if value not in (None, [])}
    stores.audit.append(ClientCreated(client_id=client_id, settings=settings, source=SOURCE), now)
    return client, secret


def _print_block(client: Client, secret: str | None, issuer: str) -> None:
    click.echo(f"client_id: {client.client_id}")
    if secret is not None:
        click.echo(f"client_secret: {secret}")
    click.echo(f"discovery: {issuer}{DISCOVERY_PATH}")
    if secret is not None:
        click.echo("The secret is not shown again.", err=True)
    click.echo("What to do with them: docs/how-to/connect-an-application.md", err=True)
