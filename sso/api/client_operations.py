"""Registering and changing applications.

The console's own registration, and any other that can ask for officers' scopes or for this API's audience,
is out of reach here: who could move its redirect_uri could read the log with an auditor's sign-in.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sso.api.client_documents import (
    ClientDocument,
    ClientMetadata,
    ClientPage,
    ClientsAsked,
    NewClientDocument,
    NewSecret,
    SecretAsked,
)
from sso.api.officer import Need
from sso.api.operation import Answer, Call, Nothing, Operation
from sso.api.problem import Problem
from sso.audit.record import JsonValue
from sso.authentication.clients import (
    RegisteredClients,
    add_client,
    came_by,
    remove_client,
    rotate_secret,
    update_client,
)
from sso.authentication.self_registration import adopt
from sso.oidc.claims import COMMAND_LINE_SCOPES
from sso.oidc.client import Client
from sso.oidc.registration import InvalidClientMetadata, client_metadata, new_client
from sso.storage.stores import SqlStores

SOURCE = "api"


def _list(call: Call[ClientsAsked]) -> Answer:
    with call.hub.database.read() as stores:
        found = list(stores.clients.list_clients(after=call.asked.after or "", limit=call.asked.limit + 1))
    page = found[: call.asked.limit]
    return Answer(
        {
            "clients": [_document(client, call) for client in page],
            "next_after": page[-1].client_id if len(found) > len(page) else None,
        }
    )


def _show(call: Call[Nothing]) -> Answer:
    with call.hub.database.read() as stores:
        client = _client(call, stores.clients.get)
    return _answer(client, call)


def _register(call: Call[ClientMetadata]) -> Answer:
    proposal = call.hub.proposal(call.asked.given(), call.now)
    proposed, _ = new_client(proposal.metadata, call.now, proposal.sector)
    _refuse_officers(proposed, call)
    with call.hub.database.begin(call.origin) as stores:
        client, secret = add_client(proposal, SOURCE, stores, call.now)
    document = {**_document(client, call), "client_secret": secret}
    location = call.hub.settings.endpoint(f"/api/v1/clients/{client.client_id}")
    return Answer(document, {"Location": location, "ETag": _etag(client)})


def _change(call: Call[ClientMetadata]) -> Answer:
    if call.if_match is None:
        raise Problem("precondition_required", "send If-Match with the ETag that you read, or *")
    known = _client(call, call.hub.database.client)
    proposal = call.hub.proposal(call.asked.given(), call.now, known)
    with call.hub.database.begin(call.origin) as stores:
        client = _changeable(call, stores.clients)
        changed = update_client(client, proposal, SOURCE, stores, call.now)
        _refuse_officers(changed, call)
    return _answer(changed, call)


def _remove(call: Call[Nothing]) -> Answer:
    def remove(stores: SqlStores) -> None:
        remove_client(_changeable(call, stores.clients), SOURCE, stores, call.now)

    call.hub.database.contain(call.origin, remove)
    return Answer(None)


def _new_secret(call: Call[SecretAsked]) -> Answer:
    overlap = timedelta(seconds=call.asked.overlap_seconds)
    with call.hub.database.begin(call.origin) as stores:
        client = _changeable(call, stores.clients)
        rotated, secret = rotate_secret(client, overlap, SOURCE, stores, call.now)
    document = {
        "client_id": client.client_id,
        "client_secret": secret,
        "previous_valid_until": _time(call.now + overlap) if len(rotated.secrets) > 1 else None,
    }
    return Answer(document)


def _adopt(call: Call[Nothing]) -> Answer:
    with call.hub.database.begin(call.origin) as stores:
        client = _changeable(call, stores.clients)
        if not adopt(client, SOURCE, stores, call.now):
            raise Problem("not_found", "it did not register itself")
        client = _client(call, stores.clients.get)
    return _answer(client, call)


def _client(call: Call[Any], find: Callable[[str], Client | None]) -> Client:
    client = find(call.path["client_id"])
    if client is None:
        raise Problem("not_found")
    return client


def _changeable(call: Call[Any], clients: RegisteredClients) -> Client:
    client = _client(call, clients.for_update)
    if _protected(client, call):
        raise Problem("protected_client", "it can ask for officers' scopes or for this API")
    if call.if_match not in (None, "*", _etag(client)):
        raise Problem("changed_meanwhile", "read it again and repeat the change")
    return client


def _protected(client: Client, call: Call[Any]) -> bool:
    settings = call.hub.settings
    return bool(client.scope & COMMAND_LINE_SCOPES) or any(
        resource == settings.api_audience or settings.is_scim(resource) for resource in client.audience
    )


def _refuse_officers(client: Client, call: Call[Any]) -> None:
    if _protected(client, call):
        raise InvalidClientMetadata(
            "officers' scopes and this API's audience are given on the command line only"
        )


def _answer(client: Client, call: Call[Any]) -> Answer:
    return Answer(_document(client, call), {"ETag": _etag(client)})


def _document(client: Client, call: Call[Any]) -> dict[str, JsonValue]:
    return {
        "client_id": client.client_id,
        "created_at": _time(client.created_at),
        "updated_at": _time(client.updated_at),
        "secrets": [_time(secret.expires_at) for secret in client.secrets],
        "self_registration": came_by(client),
        "protected": _protected(client, call),
        "logout_unconfirmed_since": _time(client.logout_unconfirmed_since),
        **client_metadata(client),
    }


def _etag(client: Client) -> str:
    """The registration's own digest: the same on every node, whenever it is read (RFC 9110 8.8.3)."""
    canonical: Mapping[str, JsonValue] = {"client_id": client.client_id, **client_metadata(client)}
    return f'"{hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()[:32]}"'


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


CLIENT_OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="list_clients",
        method="GET",
        path="/clients",
        summary="Applications, by ascending id",
        need=Need.CLIENTS,
        asked=ClientsAsked,
        answer=ClientPage,
        run=_list,
    ),
    Operation(
        name="register_client",
        method="POST",
        path="/clients",
        summary="Register an application; its secret is shown once",
        need=Need.CLIENTS,
        asked=ClientMetadata,
        answer=NewClientDocument,
        run=_register,
        status=201,
    ),
    Operation(
        name="show_client",
        method="GET",
        path="/clients/{client_id}",
        summary="One application",
        need=Need.CLIENTS,
        asked=Nothing,
        answer=ClientDocument,
        run=_show,
    ),
    Operation(
        name="change_client",
        method="PATCH",
        path="/clients/{client_id}",
        summary="Change fields of a registration; If-Match is required",
        need=Need.CLIENTS,
        asked=ClientMetadata,
        answer=ClientDocument,
        run=_change,
        conditional=True,
    ),
    Operation(
        name="remove_client",
        method="DELETE",
        path="/clients/{client_id}",
        summary="Remove an application and revoke its grants",
        need=Need.CLIENTS,
        asked=Nothing,
        answer=None,
        run=_remove,
        status=204,
        conditional=True,
    ),
    Operation(
        name="rotate_client_secret",
        method="POST",
        path="/clients/{client_id}/secret",
        summary="Give an application a new secret, shown once",
        need=Need.CLIENTS,
        asked=SecretAsked,
        answer=NewSecret,
        run=_new_secret,
        status=201,
    ),
    Operation(
        name="adopt_client",
        method="POST",
        path="/clients/{client_id}/adoption",
        summary="Take over an application that registered itself",
        need=Need.CLIENTS,
        asked=Nothing,
        answer=ClientDocument,
        run=_adopt,
    ),
)
