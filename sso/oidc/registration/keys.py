"""A client's own keys: given as a set, or by the address where it publishes them (RFC 7591 2, RFC 7517)."""

import json
from collections.abc import Mapping

from sso.audit.record import JsonValue
from sso.oidc.client import Client
from sso.oidc.jose import KeySetInvalid, check_public_jwks
from sso.oidc.registration.field import Field, web_address
from sso.oidc.registration.given import MetadataFields
from sso.oidc.registration.refusal import InvalidClientMetadata

MAX_JWKS_LENGTH = 32_768


def jwks(fields: MetadataFields, name: str) -> Mapping[str, JsonValue] | None:
    """Read a set of public keys."""
    found = fields.json_object(name)
    if found is not None:
        check_jwks(found)
    return found


FIELDS = (Field("jwks", jwks), Field("jwks_uri", web_address))


def check_jwks(found: Mapping[str, JsonValue]) -> None:
    """Accept a set of public keys that can be stored and used."""
    try:
        text = json.dumps(found, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise InvalidClientMetadata("jwks cannot be read") from error
    if len(text) > MAX_JWKS_LENGTH or "\\u" in text:
        raise InvalidClientMetadata(f"jwks must be ASCII, at most {MAX_JWKS_LENGTH} characters")
    try:
        check_public_jwks(found)
    except KeySetInvalid as error:
        raise InvalidClientMetadata(str(error)) from error


def check_keys(client: Client) -> None:
    """Refuse two places of keys (RFC 7591 2)."""
    if client.jwks is not None and client.jwks_uri is not None:
        raise InvalidClientMetadata("give jwks or jwks_uri, not both")
