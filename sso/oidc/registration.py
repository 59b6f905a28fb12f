"""Make and change a client from its metadata, under RFC 7591's field names.

    client, secret = new_client({"client_name": "Housing", "redirect_uris": ["https://…/cb"]}, now)

The secret is returned once; only its digest is kept. Values and functions: storing the client and recording
the event is `sso.authentication.clients`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sso.audit.record import JsonValue
from sso.oidc.client import Client, ClientAuthMethod, ClientSecret, GrantType, SubjectType
from sso.oidc.digest import digest, new_id, new_secret
from sso.oidc.jose import ASSERTION_ALGORITHMS, KeySetInvalid, check_public_jwks
from sso.oidc.keys import ACTIVE_ALGORITHMS
from sso.oidc.registered_address import check_redirect_address, check_resource, check_web_address, sector_host
from sso.oidc.registration_fields import (
    NAME_TAG_PREFIX,
    InvalidClientMetadata,
    MetadataErrorCode,
    MetadataFields,
)

__all__ = [
    "InvalidClientMetadata",
    "MetadataErrorCode",
    "changed_client",
    "client_metadata",
    "new_client",
    "rotated_secret",
]

SECRET_METHODS = frozenset({ClientAuthMethod.CLIENT_SECRET_BASIC, ClientAuthMethod.CLIENT_SECRET_POST})
DEFAULT_SCOPE = frozenset({"openid", "profile", "email", "department", "offline_access"})
MAX_JWKS_LENGTH = 32_768

_DEFAULT_GRANT_TYPES = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN})
_SECTOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,254}")
_CONTACT = re.compile(r"[!-~ ]{1,254}")


def new_client(metadata: Mapping[str, JsonValue], now: datetime) -> tuple[Client, str | None]:
    """Return a client with a new id and, for a method that uses one, the secret to be shown once.

    Raises:
        InvalidClientMetadata: with RFC 7591's code and a sentence that names the field.
    """
    client = _client(_new_client_id(), MetadataFields(metadata))
    secret = new_secret() if client.auth_method in SECRET_METHODS else None
    secrets = () if secret is None else (ClientSecret(digest(secret)),)
    return replace(client, secrets=secrets, created_at=now, updated_at=now), secret


def changed_client(client: Client, metadata: Mapping[str, JsonValue], now: datetime) -> Client:
    """Return the client with the given fields changed; a null field returns to its default.

    Secrets stay as they are. The sector, and with it everyone's `sub`, never changes; neither does whether
    the client can keep a secret.

    Raises:
        InvalidClientMetadata: with RFC 7591's code and a sentence that names the field.
    """
    whole = {**client_metadata(client), "response_types": None, **metadata}
    if whole["sector"] is None and client.sector:
        whole["sector"] = client.sector
    changed = _client(client.client_id, MetadataFields(whole))
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
    return replace(changed, secrets=client.secrets, created_at=client.created_at, updated_at=now)


def rotated_secret(client: Client, now: datetime, overlap: timedelta) -> tuple[Client, str]:
    """Return the client with a new secret beside the old ones, which end after the overlap, and the secret.

    Raises:
        InvalidClientMetadata: the client proves itself without a secret.
    """
    if client.auth_method not in SECRET_METHODS:
        raise InvalidClientMetadata(f"a client with {client.auth_method.value} has no secret")
    secret, end = new_secret(), now + overlap
    old = (
        ClientSecret(s.digest, end if s.expires_at is None else min(s.expires_at, end))
        for s in client.secrets
    )
    kept = tuple(s for s in old if s.expires_at is not None and s.expires_at > now)
    return replace(client, secrets=(ClientSecret(digest(secret)), *kept), updated_at=now), secret


def client_metadata(client: Client) -> dict[str, JsonValue]:
    """Return a client's metadata without secrets: what `new_client` reads back."""
    return {
        "client_name": client.client_name,
        **{f"{NAME_TAG_PREFIX}{tag}": name for tag, name in sorted(client.names.items())},
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "backchannel_logout_session_required": client.backchannel_logout_session_required,
        "token_endpoint_auth_method": client.auth_method.value,
        "token_endpoint_auth_signing_alg": client.token_endpoint_auth_signing_alg,
        "grant_types": sorted(grant.value for grant in client.grant_types),
        "response_types": _response_types(client.grant_types),
        "scope": " ".join(sorted(client.scope)),
        "jwks": client.jwks,
        "subject_type": client.subject_type.value,
        "sector": client.sector or None,
        "audience": list(client.audience),
        "id_token_signed_response_alg": client.id_token_signed_response_alg,
        "trusted": client.trusted,
        "require_pkce": client.require_pkce,
        "rotate_refresh_tokens": client.rotate_refresh_tokens,
        "claims_in_id_token": client.claims_in_id_token,
        "accept_token_endpoint_audience": client.accept_token_endpoint_audience,
        "default_max_age": client.default_max_age,
        "client_uri": client.client_uri,
        "logo_uri": client.logo_uri,
        "policy_uri": client.policy_uri,
        "tos_uri": client.tos_uri,
        "initiate_login_uri": client.initiate_login_uri,
        "contacts": list(client.contacts),
    }


def _new_client_id() -> str:
    """An id that no command line takes for an option."""
    while not (client_id := new_id())[0].isalnum():
        pass
    return client_id


def _client(client_id: str, fields: MetadataFields) -> Client:
    auth_method = fields.word(
        "token_endpoint_auth_method", ClientAuthMethod, ClientAuthMethod.CLIENT_SECRET_BASIC
    )
    grant_types = fields.words("grant_types", GrantType, _DEFAULT_GRANT_TYPES)
    redirect_uris = fields.addresses(
        "redirect_uris", check_redirect_address, MetadataErrorCode.INVALID_REDIRECT_URI
    )
    subject_type = fields.word("subject_type", SubjectType, SubjectType.PAIRWISE)
    client = Client(
        client_id=client_id,
        client_name=fields.name("client_name"),
        names=fields.names(),
        auth_method=auth_method,
        redirect_uris=redirect_uris,
        grant_types=grant_types,
        scope=fields.scope(_default_scope(grant_types)),
        jwks=fields.json_object("jwks"),
        subject_type=subject_type,
        sector=_sector(client_id, fields, subject_type, redirect_uris),
        audience=fields.addresses("audience", check_resource),
        id_token_signed_response_alg=fields.one_of("id_token_signed_response_alg", ACTIVE_ALGORITHMS)
        or ACTIVE_ALGORITHMS[0],
        token_endpoint_auth_signing_alg=fields.one_of(
            "token_endpoint_auth_signing_alg", ASSERTION_ALGORITHMS
        ),
    )
    client = _with_choices(_with_addresses(client, fields), fields)
    _check_together(client, fields)
    return client


def _with_addresses(client: Client, fields: MetadataFields) -> Client:
    return replace(
        client,
        post_logout_redirect_uris=fields.addresses("post_logout_redirect_uris", check_redirect_address),
        backchannel_logout_uri=fields.address("backchannel_logout_uri", check_web_address),
        client_uri=fields.address("client_uri", check_web_address),
        logo_uri=fields.address("logo_uri", check_web_address),
        policy_uri=fields.address("policy_uri", check_web_address),
        tos_uri=fields.address("tos_uri", check_web_address),
        initiate_login_uri=fields.address("initiate_login_uri", check_web_address),
    )


def _with_choices(client: Client, fields: MetadataFields) -> Client:
    contacts = fields.list_of("contacts")
    if not all(_CONTACT.fullmatch(contact) for contact in contacts):
        raise InvalidClientMetadata("contacts must be mail addresses or telephone numbers")
    return replace(
        client,
        backchannel_logout_session_required=fields.flag("backchannel_logout_session_required", default=True),
        trusted=fields.flag("trusted", default=False),
        require_pkce=fields.flag("require_pkce", default=True),
        rotate_refresh_tokens=fields.flag("rotate_refresh_tokens", default=True),
        claims_in_id_token=fields.flag("claims_in_id_token", default=False),
        accept_token_endpoint_audience=fields.flag("accept_token_endpoint_audience", default=False),
        default_max_age=fields.seconds("default_max_age"),
        contacts=contacts,
    )


def _default_scope(grant_types: frozenset[GrantType]) -> frozenset[str]:
    if GrantType.AUTHORIZATION_CODE not in grant_types:
        return frozenset()
    return DEFAULT_SCOPE if GrantType.REFRESH_TOKEN in grant_types else DEFAULT_SCOPE - {"offline_access"}


def _response_types(grant_types: frozenset[GrantType]) -> list[str]:
    return ["code"] if GrantType.AUTHORIZATION_CODE in grant_types else []


def _sector(
    client_id: str, fields: MetadataFields, subject_type: SubjectType, redirect_uris: tuple[str, ...]
) -> str:
    """The one host of the redirect_uris (OpenID Connect Core 8.1); the client alone where there is none."""
    given = fields.text("sector", _SECTOR)
    if subject_type is SubjectType.PUBLIC:
        if given is not None:
            raise InvalidClientMetadata("sector is for pairwise subjects only")
        return ""
    if given is not None:
        return given
    hosts = {host for address in redirect_uris if (host := sector_host(address)) is not None}
    if len(hosts) > 1:
        raise InvalidClientMetadata("redirect_uris have several hosts: give the sector that they share")
    return hosts.pop() if hosts else client_id


def _check_together(client: Client, fields: MetadataFields) -> None:
    """What only the whole can be wrong about."""
    code = GrantType.AUTHORIZATION_CODE in client.grant_types
    if not client.grant_types:
        raise InvalidClientMetadata("grant_types must not be empty")
    if code and not client.redirect_uris:
        raise InvalidClientMetadata(
            "redirect_uris must have at least one address", MetadataErrorCode.INVALID_REDIRECT_URI
        )
    if GrantType.REFRESH_TOKEN in client.grant_types and not code:
        raise InvalidClientMetadata("refresh_token needs authorization_code in grant_types")
    response_types = fields.list_of("response_types", tuple(_response_types(client.grant_types)))
    if list(response_types) != _response_types(client.grant_types):
        raise InvalidClientMetadata("response_types must be code, for authorization_code only")
    if client.public:
        _check_public(client)
    _check_keys(client)


def _check_public(client: Client) -> None:
    if GrantType.CLIENT_CREDENTIALS in client.grant_types:
        raise InvalidClientMetadata("a public client cannot use client_credentials")
    if not client.require_pkce:
        raise InvalidClientMetadata("a public client always uses PKCE: require_pkce must be true")


def _check_keys(client: Client) -> None:
    signs = client.auth_method is ClientAuthMethod.PRIVATE_KEY_JWT
    if signs and client.jwks is None:
        raise InvalidClientMetadata("token_endpoint_auth_method private_key_jwt needs jwks")
    if client.token_endpoint_auth_signing_alg is not None and not signs:
        raise InvalidClientMetadata("token_endpoint_auth_signing_alg is for private_key_jwt only")
    if client.jwks is not None:
        _check_jwks(client.jwks)


def _check_jwks(jwks: Mapping[str, JsonValue]) -> None:
    try:
        text = json.dumps(jwks, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise InvalidClientMetadata("jwks cannot be read") from error
    if len(text) > MAX_JWKS_LENGTH or "\\u" in text:
        raise InvalidClientMetadata(f"jwks must be ASCII, at most {MAX_JWKS_LENGTH} characters")
    try:
        check_public_jwks(jwks)
    except KeySetInvalid as error:
        raise InvalidClientMetadata(str(error)) from error
