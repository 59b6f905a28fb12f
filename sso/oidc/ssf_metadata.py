"""What the hub says of itself as a transmitter of security events (SSF 1.0 6.1).

Streams are part of a client's registration: there is no configuration, status or subject endpoint, and none
is named.
"""

from sso.audit.record import JsonValue
from sso.oidc.metadata import JWKS_PATH
from sso.oidc.security_event import Delivery
from sso.oidc.settings import EVENTS_PATH, Settings

SSF_PATH = "/.well-known/ssf-configuration"
POLL_PATH = EVENTS_PATH


def ssf_metadata(settings: Settings) -> dict[str, JsonValue]:
    """Return the document."""
    return {
        "spec_version": "1_0",
        "issuer": settings.issuer,
        "jwks_uri": settings.endpoint(JWKS_PATH),
        "delivery_methods_supported": [delivery.value for delivery in Delivery],
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        "default_subjects": "ALL",
    }
