"""Which security events a client is told of, and how (SSF 1.0 7.1, as client metadata of ours)."""

from sso.oidc.client import Client
from sso.oidc.registration.field import Field, web_address
from sso.oidc.registration.given import MetadataFields
from sso.oidc.registration.refusal import InvalidClientMetadata
from sso.oidc.security_event import ABOUT_PEOPLE, Delivery


def _events(fields: MetadataFields, name: str) -> tuple[str, ...] | None:
    values = fields.list_of(name)
    known = {kind.value for kind in ABOUT_PEOPLE}
    if values is not None and not known.issuperset(values):
        raise InvalidClientMetadata(f"{name} must be some of {', '.join(sorted(known))}")
    return values


def _delivery(fields: MetadataFields, name: str) -> str | None:
    return fields.one_of(name, [delivery.value for delivery in Delivery])


FIELDS = (
    Field("security_event_delivery", _delivery),
    Field("security_event_endpoint", web_address),
    Field("security_events", _events),
)


def check_security_events(client: Client) -> None:
    """Refuse a push without an address, an address without a push, and secrets told to a public client."""
    delivery = client.security_event_delivery
    if (delivery == Delivery.PUSH) is not (client.security_event_endpoint is not None):
        raise InvalidClientMetadata(f"security_event_endpoint goes with {Delivery.PUSH.value}")
    if client.security_events and delivery is None:
        raise InvalidClientMetadata("security_events needs security_event_delivery")
    if delivery == Delivery.POLL and client.public:
        raise InvalidClientMetadata("a public client cannot poll: it has no token of its own")
