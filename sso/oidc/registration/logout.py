"""How a client hears of a sign-out (Back-Channel Logout 1.0 2.2, Front-Channel Logout 1.0 2)."""

from urllib.parse import urlsplit

from sso.oidc.client import Client
from sso.oidc.registration.field import Field, flag, web_address
from sso.oidc.registration.refusal import InvalidClientMetadata

FIELDS = (
    Field("backchannel_logout_uri", web_address),
    Field("backchannel_logout_session_required", flag),
    Field("frontchannel_logout_uri", web_address),
    Field("frontchannel_logout_session_required", flag),
)


def check_logout(client: Client) -> None:
    """Refuse a page of another site than the redirect_uris (Front-Channel Logout 1.0 2)."""
    uri = client.frontchannel_logout_uri
    if uri is not None and _origin(uri) not in {_origin(address) for address in client.redirect_uris}:
        raise InvalidClientMetadata(
            "frontchannel_logout_uri must have the scheme, host and port of one of the redirect_uris"
        )


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
