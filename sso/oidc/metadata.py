"""Provider metadata (OpenID Connect Discovery 1.0 3, RFC 8414 2): exactly what is enabled."""

from datetime import datetime

from sso.audit.record import JsonValue
from sso.oidc.claims import CLAIM_NAMES, PROTOCOL_SCOPES, SCOPE_CLAIMS
from sso.oidc.client import ClientAuthMethod, GrantType, SubjectType
from sso.oidc.errors import ResponseMode
from sso.oidc.jose import ASSERTION_ALGORITHMS
from sso.oidc.pkce import METHOD
from sso.oidc.request import PROMPTS
from sso.oidc.settings import Provider

AUTHORIZATION_PATH = "/oauth2/authorize"
TOKEN_PATH = "/oauth2/token"
USERINFO_PATH = "/oauth2/userinfo"
JWKS_PATH = "/oauth2/jwks"
INTROSPECTION_PATH = "/oauth2/introspect"
REVOCATION_PATH = "/oauth2/revoke"
END_SESSION_PATH = "/oauth2/logout"

PROTOCOL_CLAIMS = ("sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid", "txn")


def metadata(provider: Provider, acr_values: tuple[str, ...], now: datetime) -> dict[str, JsonValue]:
    """Return the document for both well-known addresses."""
    at = provider.settings.endpoint
    auth_methods: list[JsonValue] = [method.value for method in ClientAuthMethod]
    confidential = [method for method in auth_methods if method != ClientAuthMethod.NONE]
    documentation = provider.settings.service_documentation
    document: dict[str, JsonValue] = {
        "issuer": provider.settings.issuer,
        "authorization_endpoint": at(AUTHORIZATION_PATH),
        "token_endpoint": at(TOKEN_PATH),
        "userinfo_endpoint": at(USERINFO_PATH),
        "jwks_uri": at(JWKS_PATH),
        "introspection_endpoint": at(INTROSPECTION_PATH),
        "revocation_endpoint": at(REVOCATION_PATH),
        "end_session_endpoint": at(END_SESSION_PATH),
        "scopes_supported": [*PROTOCOL_SCOPES, *SCOPE_CLAIMS],
        "response_types_supported": ["code"],
        "response_modes_supported": [mode.value for mode in ResponseMode],
        "grant_types_supported": [grant.value for grant in GrantType],
        "acr_values_supported": list(acr_values),
        "subject_types_supported": [subject_type.value for subject_type in SubjectType],
        "id_token_signing_alg_values_supported": list(provider.keys.algorithms(now)),
        "token_endpoint_auth_methods_supported": auth_methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": auth_methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": [METHOD],
        "prompt_values_supported": sorted(PROMPTS),
        "display_values_supported": ["page"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*PROTOCOL_CLAIMS, *sorted(CLAIM_NAMES)],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "ui_locales_supported": list(provider.settings.ui_locales),
    }
    if documentation is not None:
        document["service_documentation"] = documentation
    return document
