"""Polling for a person's answer: device_code (RFC 8628 3.4, 3.5) and auth_req_id (CIBA Core 10.1, 11)."""

from datetime import datetime

from sso.audit.event import CodeReused
from sso.oidc.client import GrantType
from sso.oidc.deferred import MAX_INTERVAL, SLOW_DOWN, DeferredRequest
from sso.oidc.digest import digest
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import Grant
from sso.oidc.issuance import Issuance, issue
from sso.oidc.reach import reach_of
from sso.oidc.refresh_family import begin_family
from sso.oidc.response import TokenResponse
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest

_REFUSED = "the code is unknown, already used, or not yours"


def redeem_device_code(
    request: TokenRequest, stores: Stores, provider: Provider, now: datetime
) -> TokenResponse:
    """Exchange a device_code for tokens once the person has allowed it.

    Raises:
        TokenError: authorization_pending, slow_down, access_denied, expired_token, invalid_grant.
    """
    asked = _asked(request, "device_code", GrantType.DEVICE_CODE, stores)
    return _redeem(asked, request, stores, provider, now)


def redeem_auth_req_id(
    request: TokenRequest, stores: Stores, provider: Provider, now: datetime
) -> TokenResponse:
    """Exchange an auth_req_id for tokens once the person has allowed it (CIBA Core 10.1).

    Raises:
        TokenError: authorization_pending, slow_down, access_denied, expired_token, invalid_grant.
    """
    asked = _asked(request, "auth_req_id", GrantType.CIBA, stores)
    return _redeem(asked, request, stores, provider, now)


def _asked(request: TokenRequest, name: str, grant_type: GrantType, stores: Stores) -> DeferredRequest:
    asked = stores.deferred.get(digest(request.required(name)))
    if asked is None or asked.grant_type is not grant_type:
        raise _refusal(f"unknown {name}")
    if asked.client_id != request.client.client_id:
        raise _refusal(f"{name} of another client")
    return asked


def _redeem(
    asked: DeferredRequest, request: TokenRequest, stores: Stores, provider: Provider, now: datetime
) -> TokenResponse:
    if asked.redeemed_at is not None:
        _revoke(asked, stores, now)
        raise _refusal("code used again")
    if now >= asked.expires_at:
        raise TokenError(ErrorCode.EXPIRED_TOKEN, "the code has expired: ask for a new one")
    if asked.decided_at is None:
        raise _not_yet(asked, stores, now)
    if asked.grant is None:
        raise TokenError(ErrorCode.ACCESS_DENIED, "the person refused")
    reach_of(request, asked.grant)  # asking for too much spends nothing
    if not stores.deferred.redeem(asked.digest, now):
        _revoke(asked, stores, now)
        raise _refusal("code used twice at once")
    return _issue(asked.grant, request, stores, provider, now)


def _not_yet(asked: DeferredRequest, stores: Stores, now: datetime) -> TokenError:
    """Count the poll: one that comes too early lengthens the interval for good (RFC 8628 3.5)."""
    early = now < asked.next_poll_at
    interval = min(asked.interval + SLOW_DOWN, MAX_INTERVAL) if early else asked.interval
    alone = stores.deferred.polled(asked, interval, now + interval)
    if early or not alone:
        return TokenError(ErrorCode.SLOW_DOWN, "wait five seconds longer between two requests")
    return TokenError(ErrorCode.AUTHORIZATION_PENDING, "the person has not answered yet")


def _issue(
    grant: Grant, request: TokenRequest, stores: Stores, provider: Provider, now: datetime
) -> TokenResponse:
    subject = stores.subjects.get(grant.account_id)
    if subject is None or not subject.active or grant.revoked_at is not None:
        raise _refusal("the account or the grant is no longer usable")
    return issue(
        Issuance(
            grant_type=GrantType(request.required("grant_type")),
            client=request.client,
            grant=grant,
            subject=subject,
            scope=grant.scope,
            refresh_token=begin_family(grant, request, stores, provider, now),
            confirmation=request.confirmation,
            reach=reach_of(request, grant),
        ),
        stores,
        provider,
        now,
    )


def _revoke(asked: DeferredRequest, stores: Stores, now: datetime) -> None:
    """A code that comes back was seen by two: what the first one got is revoked, as for any code."""
    if asked.grant is None:
        return
    grant = asked.grant
    stores.grants.revoke(grant.id, now)
    stores.audit.append(
        CodeReused(
            client_id=grant.client_id,
            account_id=grant.account_id,
            session_id=grant.session_id,
            grant_id=grant.id,
        ),
        now,
    )


def _refusal(reason: str) -> TokenError:
    return TokenError(ErrorCode.INVALID_GRANT, _REFUSED, reason)
