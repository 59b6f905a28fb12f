"""A client as rows: what is looked up has columns, the rest of its registration is one JSON document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from sso.oidc.client import Client, ClientAuthMethod, ClientSecret, GrantType, SelfRegistration, SubjectType
from sso.storage.sealing import Sealer

_COLUMNS = (
    "client_id",
    "client_name",
    "auth_method",
    "sector",
    "trusted",
    "created_at",
    "updated_at",
    "logout_unconfirmed_since",
)
_FIELDS = tuple(field.name for field in fields(Client) if field.name not in {*_COLUMNS, "secrets"})
"""What the document holds; what it lacks (it was written before the field existed) has Client's default."""

_READ: Mapping[str, Callable[[Any], Any]] = {
    "grant_types": lambda values: frozenset(GrantType(value) for value in values),
    "subject_type": SubjectType,
    "scope": frozenset,
    "self_registration": lambda value: None if value is None else SelfRegistration(**value),
    "response_types": frozenset,
    **{field.name: tuple for field in fields(Client) if field.type == tuple[str, ...]},
}
"""How a value of the document becomes the attribute's; any other is taken as it is."""


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


def secret_row(client_id: str, secret: ClientSecret, sealer: Sealer, now: datetime) -> dict[str, Any]:
    """Return the row of a secret; an `hmac_key` is sealed for this very row."""
    key = secret.hmac_key
    return {
        "client_id": client_id,
        "digest": secret.digest,
        "expires_at": secret.expires_at,
        "created_at": now,
        "sealed": None if key is None else sealer.seal(key, _context(secret.digest)),
    }


def client_of(rows: Sequence[Row[Any]], sealer: Sealer) -> Client:
    """Return the client of its row joined with its secrets, one or more rows, newest secret first.

    Raises:
        SealBroken: a secret was sealed with another key.
    """
    row = rows[0]
    registration: Mapping[str, Any] = row.registration
    return Client(
        client_id=row.client_id,
        client_name=row.client_name,
        auth_method=ClientAuthMethod(row.auth_method),
        sector=row.sector,
        trusted=row.trusted,
        created_at=row.created_at,
        updated_at=row.updated_at,
        logout_unconfirmed_since=row.logout_unconfirmed_since,
        secrets=tuple(_secret(r, sealer) for r in rows if r.digest is not None),
        **{name: _READ.get(name, _as_it_is)(registration[name]) for name in _FIELDS if name in registration},
    )


def _secret(row: Row[Any], sealer: Sealer) -> ClientSecret:
    key = None if row.sealed is None else sealer.open(row.sealed, _context(row.digest))
    return ClientSecret(row.digest, row.expires_at, key)


def _context(digest: bytes) -> bytes:
    return b"client_secret " + digest


def _registration(client: Client) -> dict[str, Any]:
    return {name: _written(getattr(client, name)) for name in _FIELDS}


def _written(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, SelfRegistration):
        return {field.name: _written(getattr(value, field.name)) for field in fields(value)}
    return dict(value) if isinstance(value, Mapping) else value


def _as_it_is(value: Any) -> Any:
    return value
