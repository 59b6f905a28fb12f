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
    PRIVATE_KEY_JWT = "private_key_jwt"


class GrantType(StrEnum):
    """grant_type values that a client may be registered for (RFC 7591 2)."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"
    CLIENT_CREDENTIALS = "client_credentials"


class SubjectType(StrEnum):
    """subject_type values (OpenID Connect Core 8): pairwise per sector is our default."""

    PAIRWISE = "pairwise"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret known only by its SHA-256; the previous one stays valid until `expires_at`."""

    digest: bytes = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered application; field names are those of RFC 7591 where it has them.

    `names` is `client_name` per language tag. `sector` groups clients that see the same pairwise
    `sub`; it never changes after registration. `trusted` clients show no consent page.
    `audience` is the `aud` of the access tokens issued to this client (RFC 8707 resource names).
    `require_pkce` may be off only for confidential clients. `claims_in_id_token` puts the claims of
    granted scopes into the ID token too. `accept_token_endpoint_audience` lets a client assertion
    name the token endpoint instead of the issuer as its audience.
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
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def public(self) -> bool:
        """Whether the client cannot keep a secret (RFC 6749 2.1)."""
        return self.auth_method is ClientAuthMethod.NONE

    def name_in(self, language: str) -> str:
        """Return the name to show in a language (BCP 47 tag), or the plain one."""
        return self.names.get(language, self.client_name)
