"""Token introspection (RFC 7662): only callers whose audience the token is learn anything.

A resource server learns the `sub` of its own sector, never that of the application that calls it: two
departments cannot put their files together by way of a third one's interface (OpenID Connect Core 8.1).
"""

from datetime import datetime

from sso.audit.event import TokenIntrospected
from sso.audit.record import JsonValue
from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client
from sso.oidc.client_jwt import (
    NoKeyToEncryptTo,
    client_jwt,
    introspection_protection,
    require_key_to_encrypt_to,
)
from sso.oidc.digest import digest
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import Grant, RefreshToken
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.target import is_meant_for

INTROSPECTION_TYPE = "token-introspection+jwt"
"""The `typ` of an answer that is kept as evidence (RFC 9701 5)."""

_INACTIVE: dict[str, JsonValue] = {"active": False}


def introspect(
    text: str, caller: Client, stores: Stores, provider: Provider, now: datetime
) -> dict[str, JsonValue]:
    """Return the introspection response; anything but a live token of the caller's is `{"active": false}`."""
    grant: Grant | None
    jti: str | None
    refresh_token = None if "." in text else stores.refresh_tokens.get(digest(text))  # a JWT has dots
    if refresh_token is not None:
        answer, grant, jti = _of_refresh_token(refresh_token, caller, stores, now), refresh_token.grant, None
    else:
        answer, grant, jti = _of_access_token(text, caller, stores, provider, now)
    event = TokenIntrospected(
        client_id=caller.client_id,
        account_id=grant.account_id if grant else None,
        grant_id=grant.id if grant else None,
        jti=jti,
        active=answer["active"] is True,
    )
    stores.audit.append(event, now)
    return answer


def introspect_as_jwt(text: str, caller: Client, stores: Stores, provider: Provider, now: datetime) -> str:
    """Return the introspection response as a JWT for the caller, to be kept as evidence (RFC 9701 5).

    Without `sub` and `exp` at its top it cannot be taken for an access token.

    Raises:
        TokenError: the caller wants it encrypted and has no key for it.
    """
    protection = introspection_protection(caller)
    try:
        require_key_to_encrypt_to(protection, provider)
    except NoKeyToEncryptTo as error:
        raise TokenError(
            ErrorCode.INVALID_REQUEST, "the client has no key to encrypt the answer to", f"for {error}"
        ) from error
    answer: dict[str, JsonValue] = {
        "iss": provider.settings.issuer,
        "aud": caller.client_id,
        "iat": int(now.timestamp()),
        "token_introspection": introspect(text, caller, stores, provider, now),
    }
    return client_jwt(answer, INTROSPECTION_TYPE, protection, provider, now)


def _of_access_token(
    text: str, caller: Client, stores: Stores, provider: Provider, now: datetime
) -> tuple[dict[str, JsonValue], Grant | None, str | None]:
    try:
        token = live_access_token(text, stores, provider, now)
    except TokenNotLive:
        return _INACTIVE, None, None
    is_own = caller.client_id == token.client_id
    if not is_own and not is_meant_for(caller, token.aud, provider.settings):
        return _INACTIVE, token.grant, token.jti
    answer = {**token.claims, "active": True, "token_type": token.scheme.value}
    if token.grant is not None and not is_own:
        answer["sub"] = stores.subjects.sub(token.grant.account_id, caller.sector, now)
    return answer, token.grant, token.jti


def _of_refresh_token(
    token: RefreshToken, caller: Client, stores: Stores, now: datetime
) -> dict[str, JsonValue]:
    grant = token.grant
    live = token.used_at is None and grant.revoked_at is None and now < token.expires_at
    subject = stores.subjects.get(grant.account_id)
    if not live or grant.client_id != caller.client_id or subject is None or not subject.active:
        return _INACTIVE
    answer: dict[str, JsonValue] = {
        "active": True,
        "client_id": grant.client_id,
        "sub": grant.sub,
        "scope": " ".join(sorted(grant.scope)),
        "exp": int(token.expires_at.timestamp()),
    }
    return answer if grant.confirmation is None else {**answer, "cnf": grant.confirmation.as_json()}
