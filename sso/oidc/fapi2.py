"""FAPI 2.0: what the profiles demand of a client, as a table of rules, each with the sentence that names it.

"fapi2" is the Security Profile; "fapi2-message-signing" adds signed requests and responses. Whatever a
registration can promise is demanded there, by `broken_rule`; what only a request shows is refused by the
endpoints, which ask `algorithms_of` and `must_sign`. The rest holds for everybody: codes of a minute, S256,
iss in every answer, redirects by 303, pushed requests of less than ten minutes.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from sso.audit.record import JsonValue
from sso.oidc.client import Client, ClientAuthMethod, GrantType
from sso.oidc.jose import ASSERTION_ALGORITHMS

SECURITY_PROFILE = "fapi2"
MESSAGE_SIGNING = "fapi2-message-signing"
PROFILES = (SECURITY_PROFILE, MESSAGE_SIGNING)

ALGORITHMS = ("PS256", "ES256", "EdDSA")
"""Security Profile 5.4.1."""

_AUTH_METHODS = frozenset(
    {
        ClientAuthMethod.PRIVATE_KEY_JWT,
        ClientAuthMethod.TLS_CLIENT_AUTH,
        ClientAuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH,
    }
)
_CROSS_DEVICE = frozenset({GrantType.DEVICE_CODE, GrantType.CIBA})
_SIGNED_BY_US = (
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "authorization_signed_response_alg",
    "introspection_signed_response_alg",
)
_SIGNED_BY_CLIENT = ("token_endpoint_auth_signing_alg", "request_object_signing_alg")

DEFAULTS: Mapping[str, JsonValue] = {
    "token_endpoint_auth_method": "private_key_jwt",
    "id_token_signed_response_alg": "ES256",
    "require_pushed_authorization_requests": True,
    "rotate_refresh_tokens": False,
}
"""What a profile means where a registration says nothing."""
MESSAGE_SIGNING_DEFAULTS: Mapping[str, JsonValue] = {
    "require_signed_request_object": True,
    "authorization_signed_response_alg": "ES256",
}


def with_profile_defaults(metadata: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """Return the metadata of a new client completed by what its profile means; others stay as they are."""
    profile = metadata.get("profile")
    if profile not in PROFILES:
        return metadata
    defaults = dict(DEFAULTS)
    if metadata.get("tls_client_certificate_bound_access_tokens") is not True:
        defaults["dpop_bound_access_tokens"] = True
    if profile == MESSAGE_SIGNING:
        defaults |= MESSAGE_SIGNING_DEFAULTS
    given = {name: value for name, value in metadata.items() if value is not None}
    return {**defaults, **given}


def must_sign(client: Client) -> bool:
    """Whether requests and answers of this client are signed (Message Signing 5.3, 5.4)."""
    return client.profile == MESSAGE_SIGNING


def algorithms_of(client: Client, registered: str | None) -> tuple[str, ...]:
    """Return the algorithms in which a client may sign: the registered one, else what its profile allows."""
    if registered is not None:
        return (registered,)
    return ASSERTION_ALGORITHMS if client.profile is None else ALGORITHMS


def broken_rule(client: Client) -> str | None:
    """Return the sentence of the first rule that a client of a profile breaks; None if it keeps them all."""
    if client.profile is None:
        return None
    rules = _SECURITY_RULES + (_SIGNING_RULES if must_sign(client) else ())
    return next((sentence for kept, sentence in rules if not kept(client)), None)


def _addresses_are_private(client: Client) -> bool:
    """https, and for an app on the device itself http on a loopback address."""
    schemes = {urlsplit(address).scheme for address in client.redirect_uris}
    return "http" not in schemes or client.application_type == "native"


def _algorithms_are_strong(client: Client) -> bool:
    chosen = (getattr(client, name) for name in (*_SIGNED_BY_US, *_SIGNED_BY_CLIENT))
    return all(alg is None or alg in ALGORITHMS for alg in chosen)


_Rule = tuple[Callable[[Client], bool], str]

_SECURITY_RULES: tuple[_Rule, ...] = (
    (
        lambda client: client.auth_method in _AUTH_METHODS,
        "FAPI 2.0 Security Profile 5.3.2.1: token_endpoint_auth_method must be private_key_jwt, "
        "tls_client_auth or self_signed_tls_client_auth",
    ),
    (
        lambda client: client.dpop_bound_access_tokens or client.tls_client_certificate_bound_access_tokens,
        "FAPI 2.0 Security Profile 5.3.2.1: access tokens must be bound to a key: set "
        "dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens",
    ),
    (
        lambda client: not client.accept_token_endpoint_audience,
        "FAPI 2.0 Security Profile 5.3.2.1: the audience of client assertions is the issuer alone: "
        "accept_token_endpoint_audience must be false",
    ),
    (
        lambda client: not client.rotate_refresh_tokens,
        "FAPI 2.0 Security Profile 5.3.2.1: refresh tokens are bound to the client and not rotated: "
        "rotate_refresh_tokens must be false",
    ),
    (
        lambda client: not client.front_channel_tokens and client.response_types <= {"code"},
        "FAPI 2.0 Security Profile 5.3.2.2: response_types must be code alone",
    ),
    (
        lambda client: (
            GrantType.AUTHORIZATION_CODE not in client.grant_types
            or client.require_pushed_authorization_requests
        ),
        "FAPI 2.0 Security Profile 5.3.2.2: authorization requests must be pushed: "
        "require_pushed_authorization_requests must be true",
    ),
    (
        lambda client: client.require_pkce,
        "FAPI 2.0 Security Profile 5.3.2.2: PKCE is required: require_pkce must be true",
    ),
    (
        _addresses_are_private,
        "FAPI 2.0 Security Profile 5.3.2.2: redirect_uris must use https; http is for native applications "
        "on a loopback address",
    ),
    (
        lambda client: not client.grant_types & _CROSS_DEVICE,
        "FAPI 2.0 Security Profile 5.3.2.2: the profile knows the authorization code flow alone: no device "
        "code and no CIBA",
    ),
    (
        _algorithms_are_strong,
        f"FAPI 2.0 Security Profile 5.4.1: signature algorithms must be {', '.join(ALGORITHMS)}",
    ),
)

_SIGNING_RULES: tuple[_Rule, ...] = (
    (
        lambda client: client.require_signed_request_object,
        "FAPI 2.0 Message Signing 5.3.1: authorization requests must be signed: "
        "require_signed_request_object must be true",
    ),
    (
        lambda client: client.authorization_signed_response_alg is not None,
        "FAPI 2.0 Message Signing 5.4.1: authorization responses must be signed: set "
        "authorization_signed_response_alg",
    ),
)
