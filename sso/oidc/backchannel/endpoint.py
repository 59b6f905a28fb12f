"""The backchannel authentication endpoint (CIBA Core 7): a client asks that a person be asked."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from sso.audit.event import DeferredRequested
from sso.audit.record import JsonValue
from sso.oidc.backchannel.asked import PARAMETERS, Asked
from sso.oidc.backchannel.signed import signed_parameters
from sso.oidc.client import Client, GrantType
from sso.oidc.deferred import DeferredRequest, Notification, rejected
from sso.oidc.digest import digest, new_id, new_secret
from sso.oidc.errors import ErrorCode, RequestDenied, TokenError
from sso.oidc.id_token_hint import own_id_token
from sso.oidc.jose import TokenInvalid
from sso.oidc.settings import Provider, Settings
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest

BACKCHANNEL_PATH = "/oauth2/bc-authorize"
MAX_WAITING = 5
"""Of requests of one client that one person has not answered: who is asked without end says yes one day."""

Named: TypeAlias = Callable[[str], str | None]
"""Who signs in under a name (login_hint): their account, or None."""


@dataclass(frozen=True, slots=True)
class BackchannelResponse:
    """The client may wait (CIBA Core 7.3)."""

    auth_req_id: str = field(repr=False)
    expires_in: int
    interval: int

    def as_json(self) -> dict[str, JsonValue]:
        """Return the JSON body."""
        return {"auth_req_id": self.auth_req_id, "expires_in": self.expires_in, "interval": self.interval}


def authenticate_backchannel(
    request: TokenRequest, named: Named, stores: Stores, provider: Provider, now: datetime
) -> BackchannelResponse:
    """Remember that a person is to be asked; a refusal is recorded.

    Raises:
        TokenError: invalid_request, invalid_scope, unauthorized_client, unknown_user_id,
            invalid_binding_message; RequestDenied for somebody who is asked too often.
    """
    try:
        asked = Asked.parse(_parameters(request, stores, provider, now), request.client, provider.settings)
        account_id = _account(asked, request.client, named, stores, provider)
        _check_patience(account_id, request.client, stores, now)
    except TokenError as refusal:
        stores.audit.append(rejected(request.client, refusal), now)
        raise
    waits = _waits(asked, account_id, request.client, provider.settings, now)
    return _remember(waits, asked.notification_token, stores, now)


def _parameters(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> dict[str, str]:
    """Return what is asked: all in the open, or all signed by a client that said it would sign."""
    params, client = request.params, request.client
    if "request" in params:
        if PARAMETERS & params.keys():
            raise TokenError(ErrorCode.INVALID_REQUEST, "beside request there are no other parameters")
        return signed_parameters(params["request"], client, stores, provider, now)
    if client.backchannel_authentication_request_signing_alg is not None:
        raise TokenError(ErrorCode.INVALID_REQUEST, "this client signs its requests: send request")
    return dict(params)


def _account(asked: Asked, client: Client, named: Named, stores: Stores, provider: Provider) -> str:
    """Return whose account is hinted at, if it can be used."""
    if asked.hint == "id_token_hint":
        account_id = stores.subjects.account_of(_sub(asked.hinted, client, provider), client.sector)
    else:
        account_id = named(asked.hinted)
    subject = stores.subjects.get(account_id) if account_id is not None else None
    if account_id is None or subject is None or not subject.active:
        raise TokenError(ErrorCode.UNKNOWN_USER_ID, "nobody who can be asked is known by this hint")
    return account_id


def _sub(hint: str, client: Client, provider: Provider) -> str:
    """Return whom an ID token of ours to this client names, expired or not."""
    refusal = TokenError(ErrorCode.INVALID_REQUEST, "id_token_hint was not issued here to this client")
    try:
        hinted = own_id_token(hint, provider)
    except TokenInvalid as error:
        raise refusal from error
    if hinted["aud"] != client.client_id:
        raise refusal
    return str(hinted["sub"])


def _check_patience(account_id: str, client: Client, stores: Stores, now: datetime) -> None:
    waiting = stores.deferred.waiting_for(account_id, now)
    if sum(asked.client_id == client.client_id for asked in waiting) >= MAX_WAITING:
        raise RequestDenied(
            ErrorCode.ACCESS_DENIED, "this person has not answered earlier requests of this client"
        )


def _waits(
    asked: Asked, account_id: str, client: Client, settings: Settings, now: datetime
) -> DeferredRequest:
    return DeferredRequest(
        id=new_id(),
        digest=b"",
        grant_type=GrantType.CIBA,
        client_id=client.client_id,
        account_id=account_id,
        scope=asked.scope,
        acr_values=asked.acr_values,
        binding_message=asked.binding_message,
        authorization_details=asked.authorization_details,
        asked_at=now,
        expires_at=now + asked.lifetime,
        interval=settings.polling_interval,
        next_poll_at=now,
    )


def _remember(
    waits: DeferredRequest, notification_token: str | None, stores: Stores, now: datetime
) -> BackchannelResponse:
    """Keep the request under a new secret, and the secret itself only sealed, for a ping."""
    auth_req_id = new_secret()
    notification = None if notification_token is None else Notification(auth_req_id, notification_token)
    stores.deferred.add(replace(waits, digest=digest(auth_req_id)), notification)
    event = DeferredRequested(
        client_id=waits.client_id,
        account_id=waits.account_id,
        grant_type=waits.grant_type.value,
        scope=waits.scope,
        acr_values=waits.acr_values,
    )
    stores.audit.append(event, now)
    lifetime = int((waits.expires_at - now).total_seconds())
    return BackchannelResponse(auth_req_id, lifetime, int(waits.interval.total_seconds()))
