"""The device authorization endpoint (RFC 8628 3.1 and 3.2): a device without a keyboard asks for a code."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlencode

from sso.audit.event import DeferredRequested
from sso.audit.record import JsonValue, Origin
from sso.oidc.client import GrantType
from sso.oidc.deferred import DeferredRequest, deferred_details, deferred_scope, rejected
from sso.oidc.digest import digest, new_id, new_secret
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.settings import Provider, Settings
from sso.oidc.stores import Stores
from sso.oidc.target import target_of
from sso.oidc.token_request import TokenRequest
from sso.oidc.user_code import new_user_code, shown

DEVICE_AUTHORIZATION_PATH = "/oauth2/device_authorization"
VERIFICATION_PATH = "/device"
MAX_SOFTWARE_LENGTH = 200
"""Of what a device says it is: more nobody reads before they answer."""


@dataclass(frozen=True, slots=True)
class DeviceAuthorizationResponse:
    """The answer for the device (RFC 8628 3.2)."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    verification_uri: str
    expires_in: int
    interval: int

    def as_json(self) -> dict[str, JsonValue]:
        """Return the JSON body; the complete address still asks the person to confirm (RFC 8628 3.3.1)."""
        query = urlencode({"user_code": self.user_code})
        return {
            "device_code": self.device_code,
            "user_code": self.user_code,
            "verification_uri": self.verification_uri,
            "verification_uri_complete": f"{self.verification_uri}?{query}",
            "expires_in": self.expires_in,
            "interval": self.interval,
        }


def authorize_device(
    request: TokenRequest, origin: Origin, stores: Stores, provider: Provider, now: datetime
) -> DeviceAuthorizationResponse:
    """Remember what the device asks for, and return the codes; a refusal is recorded.

    Raises:
        TokenError: unauthorized_client, invalid_scope, invalid_target,
            invalid_authorization_details.
    """
    device_code = new_secret()
    try:
        asked = _asked(request, digest(device_code), origin, provider.settings, now)
    except TokenError as refusal:
        stores.audit.append(rejected(request.client, refusal), now)
        raise
    return DeviceAuthorizationResponse(
        device_code=device_code,
        user_code=shown(_remember(asked, stores, now)),
        verification_uri=provider.settings.endpoint(VERIFICATION_PATH),
        expires_in=int(provider.settings.device_code_lifetime.total_seconds()),
        interval=int(asked.interval.total_seconds()),
    )


def _asked(
    request: TokenRequest, secret: bytes, origin: Origin, settings: Settings, now: datetime
) -> DeferredRequest:
    if GrantType.DEVICE_CODE not in request.client.grant_types:
        raise TokenError(ErrorCode.UNAUTHORIZED_CLIENT, "this client is not registered for device codes")
    return DeferredRequest(
        id=new_id(),
        digest=secret,
        grant_type=GrantType.DEVICE_CODE,
        client_id=request.client.client_id,
        scope=deferred_scope(request.optional("scope"), request.client),
        resource=target_of(request, None),
        authorization_details=deferred_details(
            request.optional("authorization_details"), request.client, settings
        ),
        asked_at=now,
        expires_at=now + settings.device_code_lifetime,
        interval=settings.polling_interval,
        next_poll_at=now,
        address=origin.address,
        user_agent=origin.user_agent and origin.user_agent[:MAX_SOFTWARE_LENGTH],
    )


def _remember(asked: DeferredRequest, stores: Stores, now: datetime) -> str:
    """Keep the request under a user code that no other one has, and return the code."""
    code = new_user_code()
    while not stores.deferred.add(replace(asked, user_code=digest(code))):
        code = new_user_code()
    stores.audit.append(
        DeferredRequested(
            client_id=asked.client_id,
            grant_type=asked.grant_type.value,
            scope=asked.scope,
            acr_values=asked.acr_values,
        ),
        now,
    )
    return code
