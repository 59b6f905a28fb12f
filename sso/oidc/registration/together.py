"""The rules that only the whole registration can break."""

from urllib.parse import urlsplit

from sso.oidc.client import Client, GrantType
from sso.oidc.fapi2 import broken_rule
from sso.oidc.offered import WITHOUT_FEATURE
from sso.oidc.registered_address import has_private_use_scheme
from sso.oidc.registration.algorithms import check_algorithms
from sso.oidc.registration.authentication import check_authentication
from sso.oidc.registration.ciba import check_ciba
from sso.oidc.registration.grants import check_grants
from sso.oidc.registration.keys import check_keys
from sso.oidc.registration.logout import check_logout
from sso.oidc.registration.refusal import InvalidClientMetadata, MetadataErrorCode
from sso.oidc.registration.roles import check_roles
from sso.oidc.registration.security_events import check_security_events

_CONFIDENTIAL_ONLY = (
    GrantType.CLIENT_CREDENTIALS,
    GrantType.TOKEN_EXCHANGE,
    GrantType.JWT_BEARER,
    GrantType.CIBA,
)
_CHECKS = (
    check_keys,
    check_authentication,
    check_algorithms,
    check_logout,
    check_ciba,
    check_security_events,
    check_roles,
)
_WITH_REDIRECT = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.IMPLICIT})


def check_together(client: Client) -> None:
    """Accept a client whose fields go together.

    Raises:
        InvalidClientMetadata: with the sentence of the first rule that it breaks.
    """
    check_grants(client)
    _check_redirect_addresses(client)
    if client.public:
        _check_public(client)
    for check in _CHECKS:
        check(client)
    if (sentence := broken_rule(client)) is not None:
        raise InvalidClientMetadata(sentence)


def check_offered(client: Client, defaults: Client) -> None:
    """Refuse a field whose feature this hub does not have; its default says nothing."""
    for name, feature in WITHOUT_FEATURE.items():
        if getattr(client, name) != getattr(defaults, name):
            raise InvalidClientMetadata(f"{name}: this hub has no {feature}")


def _check_redirect_addresses(client: Client) -> None:
    """Hold redirect_uris to the kind of application (OpenID Connect Registration 2, RFC 8252 7)."""
    code = MetadataErrorCode.INVALID_REDIRECT_URI
    if client.grant_types & _WITH_REDIRECT and not client.redirect_uris:
        raise InvalidClientMetadata("redirect_uris must have at least one address", code)
    if client.application_type == "native":
        return
    if any(has_private_use_scheme(address) for address in client.redirect_uris):
        raise InvalidClientMetadata(
            "an app's own scheme in redirect_uris needs application_type native", code
        )
    if GrantType.IMPLICIT in client.grant_types and not all(map(_is_site, client.redirect_uris)):
        raise InvalidClientMetadata(
            "redirect_uris of a web application with implicit must use https, and not localhost", code
        )


def _is_site(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" and parts.hostname != "localhost"


def _check_public(client: Client) -> None:
    for grant_type in _CONFIDENTIAL_ONLY:
        if grant_type in client.grant_types:
            raise InvalidClientMetadata(f"a public client cannot use {grant_type.value}")
    if not client.require_pkce:
        raise InvalidClientMetadata("a public client always uses PKCE: require_pkce must be true")
