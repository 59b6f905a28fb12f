"""grant_type=refresh_token (RFC 6749 6, RFC 9700 4.14.2, OpenID Connect Core 12).

Rotation: the presented token is spent by one UPDATE, and its successor is kept sealed under a key that
only the bearer of the spent token can derive. Within a short grace the same successor is handed out
again (two tabs, a lost answer); after it, a spent token revokes the whole family.
"""

import hashlib
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sso.audit.event import RefreshTokenReused, TokenRefreshed
from sso.oidc.client import GrantType
from sso.oidc.digest import digest, new_secret
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import RefreshToken
from sso.oidc.issuance import Issuance, issue
from sso.oidc.reach import reach_of
from sso.oidc.response import TokenResponse
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest

_REFUSED = "the refresh token is unknown, expired, revoked, already used, or not yours"
_NONCE = bytes(12)  # each sealing key is used once: it is derived from a token that is spent once


def refresh(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> TokenResponse:
    """Exchange a refresh token for new tokens; sub, auth_time, acr, amr, sid and nonce stay.

    Raises:
        TokenError: invalid_grant; invalid_scope, invalid_target or invalid_authorization_details when more
            is asked than was granted.
    """
    presented = request.required("refresh_token")
    token = stores.refresh_tokens.get(digest(presented))
    if token is None or token.grant.client_id != request.client.client_id:
        raise _refusal("unknown refresh token" if token is None else "refresh token of another client")
    _check(token, request, now)
    subject = stores.subjects.get(token.grant.account_id)
    if subject is None or not subject.active:
        raise _refusal("the account is disabled")
    scope = _scope(request.optional("scope"), token.grant.scope & request.client.scope)
    reach = reach_of(request, token.grant)
    successor, within_grace = presented, False
    if _rotates(token, request):
        successor, within_grace = _rotate(token, presented, stores, provider, now)
    _record(token, within_grace, stores, now)
    return issue(
        Issuance(
            grant_type=GrantType.REFRESH_TOKEN,
            client=request.client,
            grant=token.grant,
            subject=subject,
            scope=scope,
            refresh_token=successor,
            confirmation=request.confirmation,
            reach=reach,
        ),
        stores,
        provider,
        now,
    )


def _rotates(token: RefreshToken, request: TokenRequest) -> bool:
    """A public client's token is rotated unless it is bound to the client's key (RFC 9700 2.2.2)."""
    unbound = request.client.public and token.grant.confirmation is None
    return request.client.rotate_refresh_tokens or unbound or token.used_at is not None


def _check(token: RefreshToken, request: TokenRequest, now: datetime) -> None:
    """Without the key that it is bound to, a token is neither spent nor revoked."""
    bound_to = token.grant.confirmation
    if bound_to is not None and not bound_to.proven_by(request.confirmation):
        raise _refusal("the refresh token is bound to another key")
    if token.grant.revoked_at is not None:
        raise _refusal("the grant is revoked")
    if now >= token.expires_at:
        raise _refusal("refresh token expired")


def _scope(text: str | None, granted: frozenset[str]) -> frozenset[str]:
    """Return the scope asked for: what was granted and is still registered, or a part of it (RFC 6749 6)."""
    if text is None:
        return granted
    scope = frozenset(text.split())
    if not scope or not scope <= granted:
        raise TokenError(ErrorCode.INVALID_SCOPE, "more was asked for than was granted")
    return scope


def _rotate(
    token: RefreshToken, presented: str, stores: Stores, provider: Provider, now: datetime
) -> tuple[str, bool]:
    """Return the token to hand out, and whether a spent one was forgiven."""
    successor = new_secret()
    if token.used_at is None and stores.refresh_tokens.use(token.digest, _seal(successor, presented), now):
        _add_successor(token, successor, stores, provider, now)
        return successor, False
    spent = stores.refresh_tokens.get(token.digest)
    if spent is None or spent.used_at is None or spent.successor is None:
        raise _refusal("the token vanished while it was rotated")
    if now - spent.used_at > provider.settings.refresh_grace:
        _revoke_family(spent, stores, now)
        raise _refusal("spent refresh token used after its grace")
    return _open(spent.successor, presented), True


def _add_successor(
    token: RefreshToken, successor: str, stores: Stores, provider: Provider, now: datetime
) -> None:
    stores.refresh_tokens.add(
        RefreshToken(
            digest=digest(successor),
            grant=token.grant,
            generation=token.generation + 1,
            expires_at=token.expires_at,  # a family ends when its first token would have (RFC 9700 4.14)
        )
    )


def _revoke_family(token: RefreshToken, stores: Stores, now: datetime) -> None:
    grant = token.grant
    stores.grants.revoke(grant.id, now)
    stores.audit.append(
        RefreshTokenReused(
            client_id=grant.client_id,
            account_id=grant.account_id,
            session_id=grant.session_id,
            grant_id=grant.id,
            generation=token.generation,
        ),
        now,
    )


def _record(token: RefreshToken, within_grace: bool, stores: Stores, now: datetime) -> None:
    grant = token.grant
    stores.audit.append(
        TokenRefreshed(
            client_id=grant.client_id,
            account_id=grant.account_id,
            session_id=grant.session_id,
            grant_id=grant.id,
            generation=token.generation,
            within_grace=within_grace,
        ),
        now,
    )


def _sealing_key(presented: str) -> bytes:
    return hashlib.sha256(b"sso refresh successor\0" + presented.encode()).digest()


def _seal(successor: str, presented: str) -> bytes:
    return AESGCM(_sealing_key(presented)).encrypt(_NONCE, successor.encode(), None)


def _open(sealed: bytes, presented: str) -> str:
    try:
        return AESGCM(_sealing_key(presented)).decrypt(_NONCE, sealed, None).decode()
    except InvalidTag as error:
        raise _refusal("the sealed successor does not open") from error


def _refusal(reason: str) -> TokenError:
    return TokenError(ErrorCode.INVALID_GRANT, _REFUSED, reason)
