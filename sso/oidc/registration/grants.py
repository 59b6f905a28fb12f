"""What a client may ask for: grant types, response types, scopes (RFC 7591 2, RFC 6749 3.3)."""

import difflib
import re

from sso.oidc.claims import OFFICER_SCOPES, PROTOCOL_SCOPES, SCIM_SCOPE, SCOPE_CLAIMS
from sso.oidc.client import Client, GrantType
from sso.oidc.offered import GRANT_TYPES, RESPONSE_TYPES
from sso.oidc.registration.field import Field, flag, words
from sso.oidc.registration.given import MetadataFields
from sso.oidc.registration.refusal import InvalidClientMetadata, shown

KNOWN_SCOPES = (*PROTOCOL_SCOPES, *SCOPE_CLAIMS, *OFFICER_SCOPES, SCIM_SCOPE)
DEFAULT_SCOPE = frozenset({"openid", "profile", "email", "department", "offline_access"})
MAX_SCOPES = 50

ABOUT_A_PERSON = frozenset(
    {GrantType.AUTHORIZATION_CODE, GrantType.IMPLICIT, GrantType.DEVICE_CODE, GrantType.CIBA}
)
"""Grants that a person makes: scopes about people, and refresh tokens, come with these."""

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,100}")


def response_types(fields: MetadataFields, name: str) -> frozenset[str] | None:
    """Read response types; the order of the words in one does not matter (Multiple Response Types 3)."""
    values = fields.list_of(name)
    if values is None:
        return None
    found = frozenset(" ".join(sorted(value.split(" "))) for value in values)
    if not found <= frozenset(RESPONSE_TYPES):
        raise InvalidClientMetadata(f"{name} must be some of: {', '.join(RESPONSE_TYPES)}")
    return found


def scope(fields: MetadataFields, name: str) -> frozenset[str] | None:
    """Read scopes, from RFC 7591's text with spaces or from an array; a likely typing error is refused."""
    tokens = fields.space_separated(name)
    if tokens is None:
        return None
    if len(set(tokens)) > MAX_SCOPES:
        raise InvalidClientMetadata(f"scope must have at most {MAX_SCOPES} values")
    for token in tokens:
        _check_scope_token(token)
    return frozenset(tokens)


FIELDS = (
    Field("grant_types", words(GRANT_TYPES)),
    Field("response_types", response_types),
    Field("front_channel_tokens", flag),
    Field("scope", scope),
)


def default_response_types(grant_types: frozenset[GrantType]) -> frozenset[str]:
    """Return what a client that names no response types may ask for."""
    return frozenset({"code"}) if GrantType.AUTHORIZATION_CODE in grant_types else frozenset()


def default_scope(grant_types: frozenset[GrantType]) -> frozenset[str]:
    """Return the scopes of a client that names none."""
    if not grant_types & ABOUT_A_PERSON:
        return frozenset()
    return DEFAULT_SCOPE if GrantType.REFRESH_TOKEN in grant_types else DEFAULT_SCOPE - {"offline_access"}


def check_grants(client: Client) -> None:
    """Refuse grant types and response types that do not go together (OpenID Connect Registration 2)."""
    code, implicit = (
        kind in client.grant_types for kind in (GrantType.AUTHORIZATION_CODE, GrantType.IMPLICIT)
    )
    if not client.grant_types:
        raise InvalidClientMetadata("grant_types must not be empty")
    if GrantType.REFRESH_TOKEN in client.grant_types and not client.grant_types & (
        ABOUT_A_PERSON - {GrantType.IMPLICIT}
    ):
        raise InvalidClientMetadata("refresh_token needs authorization_code in grant_types")
    parts = {part for each in client.response_types for part in each.split(" ")}
    front_channel = bool(parts & {"token", "id_token"})
    if ("code" in parts) is not code or front_channel is not implicit:
        raise InvalidClientMetadata(
            "response_types with code need authorization_code in grant_types and the other way round,"
            " those with token or id_token need implicit"
        )
    if front_channel and not client.front_channel_tokens:
        raise InvalidClientMetadata("response_types with tokens need front_channel_tokens")


def _check_scope_token(token: str) -> None:
    if not _SCOPE_TOKEN.fullmatch(token):
        raise InvalidClientMetadata(f"scope {shown(token)} is not a scope token (RFC 6749 3.3)")
    close = difflib.get_close_matches(token, KNOWN_SCOPES, n=1, cutoff=0.8)
    if token not in KNOWN_SCOPES and close:
        raise InvalidClientMetadata(f"unknown scope {shown(token)}; did you mean {close[0]}?")
