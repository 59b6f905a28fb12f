"""A whole client from its metadata, and its metadata from a client."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from sso.audit.record import JsonValue
from sso.oidc.client import Client, ClientAuthMethod, ClientSecret
from sso.oidc.digest import digest, new_id, new_secret
from sso.oidc.fapi2 import with_profile_defaults
from sso.oidc.registered_address import has_private_use_scheme
from sso.oidc.registration import (
    addresses,
    algorithms,
    authentication,
    ciba,
    grants,
    keys,
    logout,
    requests,
    roles,
    security_events,
    tokens,
)
from sso.oidc.registration.algorithms import with_content_encryptions
from sso.oidc.registration.authentication import SECRET_METHODS
from sso.oidc.registration.given import NAME_TAG_PREFIX, MetadataFields
from sso.oidc.registration.grants import default_response_types, default_scope
from sso.oidc.registration.refusal import InvalidClientMetadata
from sso.oidc.registration.sector import SectorDocument, check_sector_document, sector_of, sector_to_read
from sso.oidc.registration.together import check_offered, check_together

_NOUNS = (
    addresses,
    authentication,
    grants,
    keys,
    tokens,
    algorithms,
    requests,
    logout,
    ciba,
    security_events,
    roles,
)
_FIELDS = tuple(field for noun in _NOUNS for field in noun.FIELDS)

FIELDS = ("client_name", *(field.name for field in _FIELDS))
"""Every metadata field; `client_name#zh-CN` is the name in a language (RFC 7591 2.2)."""


class _Replace(Protocol):
    def __call__(self, client: Client, /, **changes: object) -> Client: ...


_replace: _Replace = replace
"""`dataclasses.replace` with values that the fields' own readers have checked."""


def new_client(
    metadata: Mapping[str, JsonValue], now: datetime, sector: SectorDocument | None = None
) -> tuple[Client, str | None]:
    """Return a client with a new id and, for a method that uses one, the secret to be shown once.

    `sector` is what the sector_identifier_uri lists, where `sector_to_read` names one.

    Raises:
        InvalidClientMetadata: with RFC 7591's code and a sentence that names the field.
    """
    client = _client(_new_client_id(), MetadataFields(with_profile_defaults(metadata), FIELDS))
    if client.sector_identifier_uri is not None:
        check_sector_document(client, sector)
    client = replace(client, created_at=now, updated_at=now)
    if client.auth_method not in SECRET_METHODS:
        return client, None
    secret = _fresh_secret(client)
    return replace(client, secrets=(secret_of(client, secret),)), secret


def changed_client(
    client: Client, metadata: Mapping[str, JsonValue], now: datetime, sector: SectorDocument | None = None
) -> Client:
    """Return the client with the given fields changed; a null field returns to its default.

    Secrets stay as they are, but for a method that uses none: then there are none, and who comes back to one
    that does needs a new secret. The sector, and with it everyone's `sub`, never changes; neither does
    whether the client can keep a secret.

    Raises:
        InvalidClientMetadata: with RFC 7591's code and a sentence that names the field.
    """
    whole = {**client_metadata(client), **metadata}
    if "grant_types" in metadata and "response_types" not in metadata:
        whole["response_types"] = None
    if whole["sector"] is None and client.sector:
        whole["sector"] = client.sector
    changed = _client(client.client_id, MetadataFields(whole, FIELDS))
    if changed.sector_identifier_uri is not None and sector_to_read(metadata, client) is not None:
        check_sector_document(changed, sector)
    if changed.subject_type is not client.subject_type:
        raise InvalidClientMetadata(
            "subject_type never changes: every person would become someone else to the application"
        )
    if changed.sector != client.sector:
        raise InvalidClientMetadata(
            "sector never changes: every person would become someone else to the application"
        )
    if changed.public is not client.public:
        raise InvalidClientMetadata(
            "token_endpoint_auth_method cannot change from or to none: register another application"
        )
    return replace(
        changed,
        secrets=client.secrets if changed.auth_method in SECRET_METHODS else (),
        created_at=client.created_at,
        updated_at=now,
        logout_unconfirmed_since=client.logout_unconfirmed_since,
        self_registration=client.self_registration,
    )


def rotated_secret(client: Client, now: datetime, overlap: timedelta) -> tuple[Client, str]:
    """Return the client with a new secret beside the old ones, which end after the overlap, and the secret.

    Raises:
        InvalidClientMetadata: the client proves itself without a secret.
    """
    if client.auth_method not in SECRET_METHODS:
        raise InvalidClientMetadata(f"a client with {client.auth_method.value} has no secret")
    secret, end = _fresh_secret(client), now + overlap
    old = (
        replace(s, expires_at=end if s.expires_at is None else min(s.expires_at, end)) for s in client.secrets
    )
    kept = tuple(s for s in old if s.expires_at is not None and s.expires_at > now)
    return replace(client, secrets=(secret_of(client, secret), *kept), updated_at=now), secret


def without_working_secret(client: Client, now: datetime) -> bool:
    """Whether a client's method needs a secret that it does not have, such as after a change of method."""
    working = [s for s in client.secrets if s.expires_at is None or now < s.expires_at]
    if client.auth_method is ClientAuthMethod.CLIENT_SECRET_JWT:
        return not any(secret.hmac_key is not None for secret in working)
    return client.auth_method in SECRET_METHODS and not working


def client_metadata(client: Client) -> dict[str, JsonValue]:
    """Return a client's metadata without secrets: what `new_client` reads back."""
    shown = {field.name: _shown(getattr(client, field.attribute_name)) for field in _FIELDS}
    return {
        "client_name": client.client_name,
        **{f"{NAME_TAG_PREFIX}{tag}": name for tag, name in sorted(client.names.items())},
        **shown,
        "scope": " ".join(sorted(client.scope)),
        "sector": client.sector or None,
    }


def _fresh_secret(client: Client) -> str:
    """A secret; one that signs is as long as the longest hash (RFC 7518 3.2)."""
    signs = client.auth_method is ClientAuthMethod.CLIENT_SECRET_JWT
    return new_secret() + new_secret() if signs else new_secret()


def secret_of(client: Client, secret: str) -> ClientSecret:
    """Return what is kept of a secret: its digest, and for client_secret_jwt the secret itself."""
    hashed = client.auth_method is ClientAuthMethod.CLIENT_SECRET_JWT
    return ClientSecret(digest(secret), hmac_key=secret.encode("ascii") if hashed else None)


def _shown(value: object) -> JsonValue:
    """Return a value as JSON: enumerations as their words, sets in order."""
    if isinstance(value, frozenset):
        return sorted(str(member) for member in value)
    if isinstance(value, tuple):
        return [str(member) for member in value]
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return value
    raise TypeError(type(value).__name__)


def _new_client_id() -> str:
    """An id that no command line takes for an option."""
    while not (client_id := new_id())[0].isalnum():
        pass
    return client_id


def _client(client_id: str, fields: MetadataFields) -> Client:
    defaults = Client(
        client_id=client_id,
        client_name=fields.name("client_name"),
        auth_method=ClientAuthMethod.CLIENT_SECRET_BASIC,
    )
    read = {field.attribute_name: field.read(fields, field.name) for field in _FIELDS}
    client = _replace(
        defaults, names=fields.names(), **{name: value for name, value in read.items() if value is not None}
    )
    client = with_content_encryptions(_with_defaults(client, fields))
    check_together(client)
    check_offered(client, defaults)
    return client


def _with_defaults(client: Client, fields: MetadataFields) -> Client:
    """Return the client with what its other fields say about those that were not given."""
    if not fields.has("response_types"):
        client = replace(client, response_types=default_response_types(client.grant_types))
    if not fields.has("scope"):
        client = replace(client, scope=default_scope(client.grant_types))
    if not fields.has("application_type") and any(map(has_private_use_scheme, client.redirect_uris)):
        client = replace(client, application_type="native")
    return replace(client, sector=sector_of(client))
