"""What this hub has today: registration, metadata and the command line offer this and nothing else.

A word may exist (in an enumeration, as a field of Client) before the feature behind it does: whoever brings
the feature adds the word to the first tables here, or takes the field out of the last one.
"""

from collections.abc import Mapping

from sso.oidc.client import ClientAuthMethod, GrantType
from sso.oidc.token import GRANTS

AUTH_METHODS = (
    ClientAuthMethod.NONE,
    ClientAuthMethod.CLIENT_SECRET_BASIC,
    ClientAuthMethod.CLIENT_SECRET_POST,
    ClientAuthMethod.CLIENT_SECRET_JWT,
    ClientAuthMethod.PRIVATE_KEY_JWT,
    ClientAuthMethod.TLS_CLIENT_AUTH,
    ClientAuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH,
)
"""What `client_authentication` proves."""

RESPONSE_TYPES = (
    "code",
    "code id_token",
    "code id_token token",
    "code token",
    "id_token",
    "id_token token",
    "none",
    "token",
)
"""What the authorization endpoint answers; words in ascending order (OAuth 2.0 Multiple Response Types 5)."""

FRONT_CHANNEL_TYPES = tuple(name for name in RESPONSE_TYPES if {"token", "id_token"} & set(name.split(" ")))
"""Those that send tokens through the browser: implicit and hybrid."""

GRANT_TYPES = tuple(
    grant
    for grant in GrantType
    if grant.value in GRANTS or (grant is GrantType.IMPLICIT and FRONT_CHANNEL_TYPES)
)
"""What the token endpoint redeems, and implicit where a response type needs it."""

WITHOUT_FEATURE: Mapping[str, str] = {
    field: feature
    for feature, fields in {
        "user codes of backchannel authentication": ("backchannel_user_code_parameter",),
    }.items()
    for field in fields
}
"""Fields whose feature is not there yet: only their default can be registered."""
