"""A client as rows: what is looked up has columns, the rest of its registration is one JSON document."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from sso.oidc.client import Client, ClientAuthMethod, ClientSecret, GrantType, SubjectType

_AS_THEY_ARE = (
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "jwks",
    "id_token_signed_response_alg",
    "token_endpoint_auth_signing_alg",
    "require_pkce",
    "rotate_refresh_tokens",
    "claims_in_id_token",
    "accept_token_endpoint_audience",
    "default_max_age",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "initiate_login_uri",
)
_TUPLES = ("redirect_uris", "post_logout_redirect_uris", "audience", "contacts")


def client_row(client: Client, now: datetime) -> dict[str, Any]:
    """Return the row of a client; its secrets have rows of their own."""
    return {
        "client_id": client.client_id,
        "client_name": client.client_name,
        "auth_method": client.auth_method.value,
        "sector": client.sector,
        "trusted": client.trusted,
        "registration": _registration(client),
        "created_at": client.created_at or now,
        "updated_at": now,
    }


def secret_row(client_id: str, secret: ClientSecret, now: datetime) -> dict[str, Any]:
    """Return the row of a secret."""
    return {
        "client_id": client_id,
        "digest": secret.digest,
        "expires_at": secret.expires_at,
        "created_at": now,
    }


def client_of(rows: Sequence[Row[Any]]) -> Client:
    """Return the client of its row joined with its secrets, one or more rows, newest secret first."""
    row = rows[0]
    registration: Mapping[str, Any] = row.registration
    rest: dict[str, Any] = {name: registration[name] for name in _AS_THEY_ARE}
    rest.update((name, tuple(registration[name])) for name in _TUPLES)
    return Client(
        client_id=row.client_id,
        client_name=row.client_name,
        auth_method=ClientAuthMethod(row.auth_method),
        sector=row.sector,
        trusted=row.trusted,
        created_at=row.created_at,
        updated_at=row.updated_at,
        secrets=tuple(ClientSecret(r.digest, r.expires_at) for r in rows if r.digest is not None),
        scope=frozenset(registration["scope"]),
        grant_types=frozenset(GrantType(value) for value in registration["grant_types"]),
        subject_type=SubjectType(registration["subject_type"]),
        names=registration["names"],
        **rest,
    )


def _registration(client: Client) -> dict[str, Any]:
    return {
        "scope": sorted(client.scope),
        "grant_types": sorted(client.grant_types),
        "subject_type": client.subject_type.value,
        "names": dict(client.names),
        **{name: list(getattr(client, name)) for name in _TUPLES},
        **{name: getattr(client, name) for name in _AS_THEY_ARE},
    }
