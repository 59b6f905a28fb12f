"""Provider metadata (OpenID Connect Discovery 1.0 3, RFC 8414 2): exactly what is enabled."""

from datetime import datetime

from sso.audit.record import JsonValue
from sso.oidc.backchannel import BACKCHANNEL_PATH, DELIVERY_MODES
from sso.oidc.claims import CLAIM_NAMES, PROTOCOL_SCOPES, SCOPE_CLAIMS
from sso.oidc.client import ClientAuthMethod, SubjectType
from sso.oidc.client_authentication import CERTIFICATE_METHODS
from sso.oidc.device import DEVICE_AUTHORIZATION_PATH
from sso.oidc.dpop import DPOP_ALGORITHMS
from sso.oidc.jose import ASSERTION_ALGORITHMS, CONTENT_ENCRYPTIONS, ENCRYPTION_ALGORITHMS, HMAC_ALGORITHMS
from sso.oidc.offered import AUTH_METHODS, GRANT_TYPES
from sso.oidc.pkce import METHOD
from sso.oidc.request.described import described
from sso.oidc.session_management import CHECK_SESSION_PATH
from sso.oidc.settings import Provider, Settings

AUTHORIZATION_PATH = "/oauth2/authorize"
TOKEN_PATH = "/oauth2/token"
USERINFO_PATH = "/oauth2/userinfo"
JWKS_PATH = "/oauth2/jwks"
INTROSPECTION_PATH = "/oauth2/introspect"
REVOCATION_PATH = "/oauth2/revoke"
PUSHED_PATH = "/oauth2/par"
END_SESSION_PATH = "/oauth2/logout"
REGISTRATION_PATH = "/oauth2/register"

_FOR_BROWSERS = frozenset({"authorization_endpoint", "jwks_uri", "end_session_endpoint"})
"""Endpoints that no client calls itself."""
PROTOCOL_CLAIMS = ("sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid", "txn")


def metadata(provider: Provider, acr_values: tuple[str, ...], now: datetime) -> dict[str, JsonValue]:
    """Return the document for both well-known addresses."""
    settings = provider.settings
    document: dict[str, JsonValue] = {
        "issuer": settings.issuer,
        **_endpoints(settings),
        **_for_certificates(settings),
        "protected_resources": [
            settings.endpoint(USERINFO_PATH),
            settings.api_audience,
            *map(settings.scim_audience, settings.scim_directories),
        ],
        **_client_authentication(settings),
        **described(settings, provider.keys.algorithms(now)),
        "scopes_supported": [*PROTOCOL_SCOPES, *SCOPE_CLAIMS],
        "grant_types_supported": [grant.value for grant in GRANT_TYPES],
        "code_challenge_methods_supported": [METHOD],
        "acr_values_supported": list(acr_values),
        "subject_types_supported": [subject_type.value for subject_type in SubjectType],
        **_protected_answers(list(provider.keys.algorithms(now))),
        "display_values_supported": ["page"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*PROTOCOL_CLAIMS, *sorted(CLAIM_NAMES)],
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "backchannel_logout_supported": True,
        "backchannel_token_delivery_modes_supported": list(DELIVERY_MODES),
        "backchannel_authentication_request_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "backchannel_user_code_parameter_supported": False,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "ui_locales_supported": list(settings.ui_locales),
    }
    if settings.session_management:
        document["check_session_iframe"] = settings.endpoint(CHECK_SESSION_PATH)
    if settings.service_documentation is not None:
        document["service_documentation"] = settings.service_documentation
    return document


def _endpoints(settings: Settings) -> dict[str, JsonValue]:
    on = settings.registration.on
    return {
        **({"registration_endpoint": settings.endpoint(REGISTRATION_PATH)} if on else {}),
        "authorization_endpoint": settings.endpoint(AUTHORIZATION_PATH),
        "token_endpoint": settings.endpoint(TOKEN_PATH),
        "userinfo_endpoint": settings.endpoint(USERINFO_PATH),
        "jwks_uri": settings.endpoint(JWKS_PATH),
        "introspection_endpoint": settings.endpoint(INTROSPECTION_PATH),
        "revocation_endpoint": settings.endpoint(REVOCATION_PATH),
        "pushed_authorization_request_endpoint": settings.endpoint(PUSHED_PATH),
        "backchannel_authentication_endpoint": settings.endpoint(BACKCHANNEL_PATH),
        "device_authorization_endpoint": settings.endpoint(DEVICE_AUTHORIZATION_PATH),
        "end_session_endpoint": settings.endpoint(END_SESSION_PATH),
    }


def _protected_answers(signing: list[JsonValue]) -> dict[str, JsonValue]:
    """How ID tokens, UserInfo and introspection responses (RFC 9701 7) may be signed and encrypted."""
    return {
        f"{answer}_{member}_values_supported": values
        for answer in ("id_token", "userinfo", "introspection")
        for member, values in (
            ("signing_alg", signing),
            ("encryption_alg", list(ENCRYPTION_ALGORITHMS)),
            ("encryption_enc", list(CONTENT_ENCRYPTIONS)),
        )
    }


def _for_certificates(settings: Settings) -> dict[str, JsonValue]:
    """Where clients with a certificate find what they call themselves (RFC 8705 3.3, 5)."""
    if settings.mtls_origin is None:
        return {}
    aliases: dict[str, JsonValue] = {
        name: settings.addresses(str(address))[-1]
        for name, address in _endpoints(settings).items()
        if name not in _FOR_BROWSERS
    }
    return {"mtls_endpoint_aliases": aliases, "tls_client_certificate_bound_access_tokens": True}


def _client_authentication(settings: Settings) -> dict[str, JsonValue]:
    """The same methods everywhere, but nobody without a secret may introspect (RFC 7662 2.1)."""
    methods: list[JsonValue] = [
        method.value
        for method in AUTH_METHODS
        if settings.mtls_origin is not None or method not in CERTIFICATE_METHODS
    ]
    confidential = [method for method in methods if method != ClientAuthMethod.NONE]
    offered = (("token", methods), ("introspection", confidential), ("revocation", methods))
    signed_with: list[JsonValue] = [*ASSERTION_ALGORITHMS, *HMAC_ALGORITHMS]
    return {
        f"{endpoint}_endpoint_auth_{member}_supported": value
        for endpoint, names in offered
        for member, value in (("methods", names), ("signing_alg_values", signed_with))
    }
