"""A client: a registered relying-party application (RFC 6749 2, RFC 7591 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sso.audit.record import JsonValue

MAX_CLIENT_ID_LENGTH = 255


def is_client_id(text: str) -> bool:
    """Whether a text can be a client_id (RFC 6749 A.1, bounded): nothing else is ever looked up."""
    return 0 < len(text) <= MAX_CLIENT_ID_LENGTH and all(" " <= character <= "~" for character in text)


class ClientAuthMethod(StrEnum):
    """token_endpoint_auth_method values (RFC 7591 2, OpenID Connect Core 9)."""

    NONE = "none"
    CLIENT_SECRET_BASIC = "client_secret_basic"
    CLIENT_SECRET_POST = "client_secret_post"
    CLIENT_SECRET_JWT = "client_secret_jwt"
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS_CLIENT_AUTH = "tls_client_auth"
    SELF_SIGNED_TLS_CLIENT_AUTH = "self_signed_tls_client_auth"


class GrantType(StrEnum):
    """grant_type values that a client may be registered for (RFC 7591 2)."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"
    CLIENT_CREDENTIALS = "client_credentials"
    IMPLICIT = "implicit"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
    JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    CIBA = "urn:openid:params:grant-type:ciba"


class SubjectType(StrEnum):
    """subject_type values (OpenID Connect Core 8): pairwise per sector is our default."""

    PAIRWISE = "pairwise"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret known only by its SHA-256; the previous one stays valid until `expires_at`.

    `hmac_key` is the secret itself, kept for client_secret_jwt alone: nothing else needs it to be known.
    """

    digest: bytes = field(repr=False)
    expires_at: datetime | None = None
    hmac_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfRegistration:
    """How a client that registered itself came in, and what it cannot change by itself (RFC 7591 2.3).

    `token_id` names the initial access token, absent where anybody may register; `imposed` is metadata of
    the operator or of that token, `stated` that of a software statement by `issuer`.
    """

    token_id: str | None = None
    imposed: Mapping[str, JsonValue] = field(default_factory=dict)
    issuer: str | None = None
    stated: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered application; field names are those of RFC 7591 where it has them.

    `names` is `client_name` per language tag. `sector` groups clients that see the same pairwise
    `sub`; it never changes after registration. `trusted` clients show no consent page.
    `audience` is the `aud` of the access tokens issued to this client (RFC 8707 resource names).
    `require_pkce` may be off only for confidential clients. `claims_in_id_token` puts the claims of
    granted scopes into the ID token too. `accept_token_endpoint_audience` lets a client assertion
    name the token endpoint instead of the issuer as its audience. `resource` names the resource servers
    that this client is: it may introspect tokens for them. `front_channel_tokens` is an officer's switch:
    without it no token ever passes through the browser. `dpop_nonce_required` demands a nonce of ours in
    every DPoP proof (RFC 9449 8). `may_act` is the one client that may act for people with this client's
    tokens (RFC 8693 4.4); `may_impersonate`, an officer's switch, lets a client act unnamed. `profile` is
    one of `oidc.fapi2`, or none.
    `security_event_delivery` says how it is told of security events, and `security_events` of which; of none
    given, of all (`oidc.security_event`).
    `role_mapping` says which groups and roles of which directory are roles in it (`oidc.roles`).
    `self_registration` is absent for a client that an officer registered.
    `logout_unconfirmed_since` is no part of the registration: since then it is capped (`oidc.logout_cap`).
    """

    client_id: str
    client_name: str
    auth_method: ClientAuthMethod
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = True
    grant_types: frozenset[GrantType] = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN})
    scope: frozenset[str] = frozenset({"openid"})
    secrets: tuple[ClientSecret, ...] = field(default=(), repr=False)
    jwks: Mapping[str, JsonValue] | None = None
    subject_type: SubjectType = SubjectType.PAIRWISE
    sector: str = ""
    audience: tuple[str, ...] = ()
    id_token_signed_response_alg: str = "RS256"
    token_endpoint_auth_signing_alg: str | None = None
    trusted: bool = False
    require_pkce: bool = True
    rotate_refresh_tokens: bool = True
    claims_in_id_token: bool = False
    accept_token_endpoint_audience: bool = False
    default_max_age: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    initiate_login_uri: str | None = None
    contacts: tuple[str, ...] = ()
    response_types: frozenset[str] = frozenset({"code"})
    front_channel_tokens: bool = False
    application_type: str = "web"
    jwks_uri: str | None = None
    sector_identifier_uri: str | None = None
    software_id: str | None = None
    software_version: str | None = None
    default_acr_values: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    authorization_signed_response_alg: str | None = None
    authorization_encrypted_response_alg: str | None = None
    authorization_encrypted_response_enc: str | None = None
    id_token_encrypted_response_alg: str | None = None
    id_token_encrypted_response_enc: str | None = None
    userinfo_signed_response_alg: str | None = None
    userinfo_encrypted_response_alg: str | None = None
    userinfo_encrypted_response_enc: str | None = None
    introspection_signed_response_alg: str | None = None
    introspection_encrypted_response_alg: str | None = None
    introspection_encrypted_response_enc: str | None = None
    request_object_signing_alg: str | None = None
    require_signed_request_object: bool = False
    request_uris: tuple[str, ...] = ()
    require_pushed_authorization_requests: bool = False
    authorization_details_types: tuple[str, ...] = ()
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    dpop_nonce_required: bool = False
    access_token_format: str = "jwt"
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = True
    backchannel_token_delivery_mode: str | None = None
    backchannel_client_notification_endpoint: str | None = None
    backchannel_authentication_request_signing_alg: str | None = None
    backchannel_user_code_parameter: bool = False
    security_event_delivery: str | None = None
    security_event_endpoint: str | None = None
    security_events: tuple[str, ...] = ()
    role_mapping: tuple[str, ...] = ()
    may_act: str | None = None
    may_impersonate: bool = False
    profile: str | None = None
    self_registration: SelfRegistration | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    logout_unconfirmed_since: datetime | None = None

    @property
    def public(self) -> bool:
        """Whether the client cannot keep a secret (RFC 6749 2.1)."""
        return self.auth_method is ClientAuthMethod.NONE

    @property
    def publisher_id(self) -> str:
        """What its keys are kept under."""
        return self.client_id

    def name_in(self, language: str) -> str:
        """Return the name to show in a language (BCP 47 tag), or the plain one."""
        return self.names.get(language, self.client_name)
