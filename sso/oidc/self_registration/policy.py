"""What an application that registers itself may ask for, and what it gets unasked.

Three voices: the application's own metadata, a software statement's, and what the operator or an officer
imposes. A later one wins. Only the last may speak of what decides over other people's trust.
"""

from collections.abc import Mapping

from sso.audit.record import JsonValue
from sso.oidc.client import GrantType
from sso.oidc.registration import FIELDS, InvalidClientMetadata, is_name_tag
from sso.oidc.registration_policy import RegistrationPolicy

OFFICER_FIELDS = frozenset(
    {
        "accept_token_endpoint_audience",
        "audience",
        "authorization_details_types",
        "claims_in_id_token",
        "front_channel_tokens",
        "may_act",
        "may_impersonate",
        "require_pkce",
        "resource",
        "rotate_refresh_tokens",
        "sector",
        "trusted",
    }
)
"""What an application never says about itself; in its own metadata these are as good as unknown fields."""

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
        InvalidClientMetadata: a grant type that is not open to applications that register themselves.
    """
    asked = {**spoken(own), **spoken(stated)}
    metadata: dict[str, JsonValue] = {name: value for name, value in asked.items() if value is not None}
    metadata["grant_types"] = _grant_types(metadata, policy)
    metadata["scope"] = _scope(metadata, policy)
    return {**metadata, **imposed}


def spoken(document: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return those fields of a document that an application may say about itself."""
    return {
        name: value
        for name, value in document.items()
        if (name in FIELDS and name not in OFFICER_FIELDS) or is_name_tag(name)
    }


def _grant_types(metadata: Mapping[str, JsonValue], policy: RegistrationPolicy) -> JsonValue:
    """What is asked for, else what the response types need, else the code alone (RFC 7591 2)."""
    asked = metadata.get("grant_types")
    if asked is None:
        types = metadata.get("response_types")
        words = " ".join(map(str, types)) if isinstance(types, list) else "code"
        return sorted({_RESPONSE_GRANTS[word].value for word in words.split() if word in _RESPONSE_GRANTS})
    open_to_all = {grant_type.value for grant_type in policy.grant_types}
    if isinstance(asked, list) and not all(isinstance(one, str) and one in open_to_all for one in asked):
        raise InvalidClientMetadata(
            f"grant_types open to applications that register themselves: {', '.join(sorted(open_to_all))}"
        )
    return asked


def _scope(metadata: Mapping[str, JsonValue], policy: RegistrationPolicy) -> JsonValue:
    """What is asked for and open, else all that is open: the server may take less (RFC 7591 3.2.1)."""
    asked = metadata.get("scope")
    if not isinstance(asked, str):
        return " ".join(policy.scopes) if asked is None else asked
    return " ".join(scope for scope in policy.scopes if scope in asked.split())
