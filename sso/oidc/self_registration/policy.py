"""What an application that registers itself may ask for, and what it gets unasked.

Three voices: the application's own metadata, a software statement's, and what the operator or an officer
imposes. A later one wins. Only the last may speak of what decides over other people's trust.
"""

from collections.abc import Mapping

from sso.audit.record import JsonValue
from sso.oidc.client import GrantType
from sso.oidc.registration import FIELDS, InvalidClientMetadata, is_name_tag
from sso.oidc.registration_policy import RegistrationPolicy

OWN_FIELDS = frozenset(
    {
        *("client_name", "redirect_uris", "post_logout_redirect_uris", "application_type", "contacts"),
        *("client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri"),
        *("software_id", "software_version"),
        *("grant_types", "response_types", "scope", "default_max_age", "default_acr_values", "profile"),
        *("jwks", "jwks_uri", "sector_identifier_uri"),
        *("token_endpoint_auth_method", "token_endpoint_auth_signing_alg"),
        *("tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri"),
        *("tls_client_auth_san_ip", "tls_client_auth_san_email"),
        *("access_token_format", "dpop_bound_access_tokens", "dpop_nonce_required"),
        "tls_client_certificate_bound_access_tokens",
        *("id_token_signed_response_alg", "userinfo_signed_response_alg"),
        *("introspection_signed_response_alg", "authorization_signed_response_alg"),
        *("id_token_encrypted_response_alg", "id_token_encrypted_response_enc"),
        *("userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc"),
        *("introspection_encrypted_response_alg", "introspection_encrypted_response_enc"),
        *("authorization_encrypted_response_alg", "authorization_encrypted_response_enc"),
        *("request_object_signing_alg", "require_signed_request_object"),
        "require_pushed_authorization_requests",
        *("backchannel_logout_uri", "backchannel_logout_session_required"),
        *("frontchannel_logout_uri", "frontchannel_logout_session_required"),
        *("backchannel_token_delivery_mode", "backchannel_client_notification_endpoint"),
        *("backchannel_authentication_request_signing_alg", "backchannel_user_code_parameter"),
    }
)
"""What an application may say about itself: what concerns nobody else, and what makes it stricter."""

OFFICER_FIELDS = frozenset(FIELDS) - OWN_FIELDS
"""All others decide over other people's trust: in its own metadata these are as good as unknown fields."""

_RESPONSE_GRANTS = {
    "code": GrantType.AUTHORIZATION_CODE,
    "token": GrantType.IMPLICIT,
    "id_token": GrantType.IMPLICIT,
}


def permitted(
    own: Mapping[str, JsonValue],
    stated: Mapping[str, JsonValue],
    imposed: Mapping[str, JsonValue],
    policy: RegistrationPolicy,
) -> dict[str, JsonValue]:
    """Return the metadata to be registered; unknown fields are left out (RFC 7591 2).

    Raises:
        InvalidClientMetadata: a grant type that is not open to applications that register themselves, or a
            scope that is neither a text nor an array.
    """
    asked = {**spoken(own), **spoken(stated)}
    metadata: dict[str, JsonValue] = {name: value for name, value in asked.items() if value is not None}
    metadata["grant_types"] = _grant_types(metadata, policy)
    metadata["scope"] = _scope(metadata, policy)
    return {**metadata, **imposed}


def spoken(document: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return those fields of a document that an application may say about itself."""
    return {name: value for name, value in document.items() if name in OWN_FIELDS or is_name_tag(name)}


def _grant_types(metadata: Mapping[str, JsonValue], policy: RegistrationPolicy) -> JsonValue:
    """What is asked for, else what the response types need, else the code alone (RFC 7591 2)."""
    asked = metadata.get("grant_types")
    if asked is None:
        types = metadata.get("response_types")
        words = " ".join(map(str, types)) if isinstance(types, list) else "code"
        asked = sorted({_RESPONSE_GRANTS[word].value for word in words.split() if word in _RESPONSE_GRANTS})
    open_to_all = {grant_type.value for grant_type in policy.grant_types}
    if isinstance(asked, list) and not all(isinstance(one, str) and one in open_to_all for one in asked):
        raise InvalidClientMetadata(
            f"grant_types open to applications that register themselves: {', '.join(sorted(open_to_all))}"
        )
    return asked


def _scope(metadata: Mapping[str, JsonValue], policy: RegistrationPolicy) -> JsonValue:
    """What is asked for and open, else all that is open: the server may take less (RFC 7591 3.2.1)."""
    asked = metadata.get("scope")
    if asked is None:
        return " ".join(policy.scopes)
    words = asked.split() if isinstance(asked, str) else asked
    if not isinstance(words, list):
        raise InvalidClientMetadata("scope must be a text with spaces, or an array of texts")
    return " ".join(scope for scope in policy.scopes if scope in words)
