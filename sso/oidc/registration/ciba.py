"""Sign-in on another device that the client begins (OpenID Connect CIBA Core 1.0 4)."""

from sso.oidc.backchannel.asked import DELIVERY_MODES
from sso.oidc.client import Client, GrantType
from sso.oidc.jose import ASSERTION_ALGORITHMS
from sso.oidc.registration.field import Field, flag, one_of, web_address
from sso.oidc.registration.refusal import InvalidClientMetadata

FIELDS = (
    Field("backchannel_token_delivery_mode", one_of(DELIVERY_MODES)),
    Field("backchannel_client_notification_endpoint", web_address),
    Field("backchannel_authentication_request_signing_alg", one_of(ASSERTION_ALGORITHMS)),
    Field("backchannel_user_code_parameter", flag),
)


def check_ciba(client: Client) -> None:
    """Refuse a mode without its grant or the other way round, and ping without an address."""
    mode = client.backchannel_token_delivery_mode
    if (GrantType.CIBA in client.grant_types) is not (mode is not None):
        raise InvalidClientMetadata(
            f"backchannel_token_delivery_mode goes with {GrantType.CIBA.value} in grant_types"
        )
    if (mode == "ping") is not (client.backchannel_client_notification_endpoint is not None):
        raise InvalidClientMetadata("backchannel_client_notification_endpoint goes with ping")
