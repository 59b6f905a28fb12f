"""What the API reads and answers about applications: client metadata under RFC 7591's names."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from sso.api.audit_parameters import Identifier
from sso.api.operation import Nothing

# The shapes are documented here and judged in one place, `sso.oidc.registration`, for every door alike.
Texts: TypeAlias = Annotated[list[str] | None, SkipValidation]
Text: TypeAlias = Annotated[str | None, SkipValidation]
Flag: TypeAlias = Annotated[bool | None, SkipValidation]


class ClientMetadata(BaseModel):
    """Fields of a registration; `client_name#zh-CN` is the name in a language. Unknown fields are refused.

    In a change, what is left out stays and null returns to the default.
    """

    model_config = ConfigDict(extra="allow")

    client_name: Text = Field(None, description="1 to 150 characters: what people read.")
    redirect_uris: Texts = Field(None, description="https, http on loopback, or an app's own scheme.")
    post_logout_redirect_uris: Texts = None
    backchannel_logout_uri: Text = None
    backchannel_logout_session_required: Flag = None
    token_endpoint_auth_method: Annotated[
        Literal[
            "none",
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth",
        ]
        | None,
        SkipValidation,
    ] = None
    token_endpoint_auth_signing_alg: Text = None
    grant_types: Texts = Field(None, description="Those of grant_types_supported in the provider metadata.")
    response_types: Texts = None
    scope: Text = Field(None, description="Scopes, separated by spaces.")
    jwks: Annotated[dict[str, Any] | None, SkipValidation] = None
    subject_type: Annotated[Literal["pairwise", "public"] | None, SkipValidation] = None
    sector: Text = Field(None, description="Who shares one `sub` a person; never changes.")
    audience: Texts = Field(None, description="`aud` of the access tokens (RFC 8707).")
    id_token_signed_response_alg: Text = None
    trusted: Flag = Field(None, description="No consent page is shown.")
    require_pkce: Flag = None
    rotate_refresh_tokens: Flag = None
    claims_in_id_token: Flag = None
    accept_token_endpoint_audience: Flag = None
    default_max_age: Annotated[int | None, SkipValidation] = None
    client_uri: Text = None
    logo_uri: Text = None
    policy_uri: Text = None
    tos_uri: Text = None
    initiate_login_uri: Text = None
    contacts: Texts = None
    application_type: Annotated[Literal["web", "native"] | None, SkipValidation] = None
    software_id: Text = None
    software_version: Text = None
    front_channel_tokens: Flag = Field(None, description="Tokens may pass through the browser.")
    jwks_uri: Text = Field(None, description="Where it publishes its keys; instead of jwks.")
    sector_identifier_uri: Text = Field(None, description="Lists the redirect_uris of its sector.")
    default_acr_values: Texts = None
    resource: Texts = Field(None, description="Resource servers that it is: it may introspect their tokens.")
    access_token_format: Annotated[Literal["jwt", "opaque"] | None, SkipValidation] = None
    dpop_bound_access_tokens: Flag = None
    dpop_nonce_required: Flag = None
    tls_client_certificate_bound_access_tokens: Flag = None
    tls_client_auth_subject_dn: Text = None
    tls_client_auth_san_dns: Text = None
    tls_client_auth_san_uri: Text = None
    tls_client_auth_san_ip: Text = None
    tls_client_auth_san_email: Text = None
    id_token_encrypted_response_alg: Text = None
    id_token_encrypted_response_enc: Text = None
    userinfo_signed_response_alg: Text = None
    userinfo_encrypted_response_alg: Text = None
    userinfo_encrypted_response_enc: Text = None
    introspection_signed_response_alg: Text = None
    introspection_encrypted_response_alg: Text = None
    introspection_encrypted_response_enc: Text = None
    authorization_signed_response_alg: Text = None
    authorization_encrypted_response_alg: Text = None
    authorization_encrypted_response_enc: Text = None
    request_object_signing_alg: Text = None
    require_signed_request_object: Flag = None
    request_uris: Texts = None
    require_pushed_authorization_requests: Flag = None
    authorization_details_types: Texts = None
    role_mapping: Texts = Field(
        None,
        description="Its roles: NAME=DIRECTORY/roles/VALUE or /groups/VALUE, as a directory releases it.",
    )
    may_act: Text = Field(None, description="The one client that may act with its tokens (RFC 8693 4.4).")
    may_impersonate: Flag = Field(None, description="It may exchange tokens without being named in them.")
    frontchannel_logout_uri: Text = None
    frontchannel_logout_session_required: Flag = None
    backchannel_token_delivery_mode: Annotated[Literal["poll", "ping"] | None, SkipValidation] = None
    backchannel_client_notification_endpoint: Text = None
    backchannel_authentication_request_signing_alg: Text = None
    backchannel_user_code_parameter: Flag = None
    security_event_delivery: Text = Field(None, description="How it is told of security events.")
    security_event_endpoint: Text = None
    security_events: Texts = None
    profile: Annotated[Literal["fapi2", "fapi2-message-signing"] | None, SkipValidation] = None

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent, as they were sent."""
        return {name: value for name, value in self if name in self.model_fields_set}


class SelfRegistrationDocument(BaseModel):
    """How an application that registered itself came in, and what it cannot change."""

    registration_token: str | None
    statement_issuer: str | None
    imposed: dict[str, Any]
    stated: dict[str, Any]


class ClientDocument(ClientMetadata):
    """A registered application. `protected`: it is changed on the command line only."""

    client_id: str
    created_at: str | None
    updated_at: str | None
    secrets: list[str | None] = Field(description="When each secret ends; null is the current one.")
    self_registration: SelfRegistrationDocument | None = Field(
        description="How it came in; null: an officer registered it, or has taken it over."
    )
    protected: bool
    logout_unconfirmed_since: str | None = Field(
        description="Since it failed to confirm a sign-out; its tokens are short-lived until it confirms one."
    )


class NewClientDocument(ClientDocument):
    """A new application; its secret is shown here and never again."""

    client_secret: str | None = None


class ClientPage(BaseModel):
    """Applications by ascending id; more follow with `after=next_after`."""

    clients: list[ClientDocument]
    next_after: str | None


class ClientsAsked(Nothing):
    """A page of applications."""

    after: Identifier | None = None
    limit: int = Field(100, ge=1, le=500)


class SecretAsked(Nothing):
    """How long the previous secret still works: seven days unless told otherwise, at most ninety."""

    overlap_seconds: int = Field(604_800, ge=0, le=7_776_000, strict=True)


class NewSecret(BaseModel):
    """A new secret, shown here and never again."""

    client_id: str
    client_secret: str
    previous_valid_until: str | None
