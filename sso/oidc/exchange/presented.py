"""A token that is presented for exchange, as what it stands on: a live grant of a person (RFC 8693 2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sso.audit.record import JsonValue
from sso.oidc.account import Subject
from sso.oidc.bearer import TokenNotLive, live_access_token
from sso.oidc.client import Client
from sso.oidc.confirmation import Confirmation
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import Grant
from sso.oidc.jose import TokenInvalid, verify_own
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A live token about a person. `client` received it; `aud` and `scope` are what it is good for.

    `may_act` is the only client that may act, where the token or its client's registration names one.
    """

    token_type: str
    client: Client
    grant: Grant
    subject: Subject
    aud: tuple[str, ...]
    scope: frozenset[str]
    expires_at: datetime
    may_act: str | None
    confirmation: Confirmation | None = None


class _NotUsable(Exception):
    """The token cannot be exchanged; the text is private."""


def presented(text: str, token_type: str, stores: Stores, provider: Provider, now: datetime) -> Presented:
    """Return what a token stands on.

    Raises:
        TokenError: invalid_request (RFC 8693 2.2.2), whatever is wrong with it.
    """
    if token_type == REFRESH_TOKEN:
        raise TokenError(ErrorCode.INVALID_REQUEST, "refresh tokens are not exchanged")
    if token_type not in (ACCESS_TOKEN, ID_TOKEN, JWT):
        raise TokenError(ErrorCode.INVALID_REQUEST, "this token type is not exchanged")
    read = _of_id_token if token_type == ID_TOKEN else _of_access_token
    try:
        return read(text, stores, provider, now)
    except (_NotUsable, TokenInvalid, TokenNotLive) as error:
        raise TokenError(
            ErrorCode.INVALID_REQUEST, "the token to exchange is not valid here", str(error)
        ) from error


def _of_access_token(text: str, stores: Stores, provider: Provider, now: datetime) -> Presented:
    token = live_access_token(text, stores, provider, now)
    if token.grant is None or token.subject is None:
        raise _NotUsable("the token speaks of no person")
    return Presented(
        token_type=ACCESS_TOKEN,
        client=token.client,
        grant=token.grant,
        subject=token.subject,
        aud=token.aud,
        scope=token.scope,
        expires_at=_expiry(token.claims),
        may_act=_may_act(token.claims.get("may_act")),
        confirmation=token.confirmation,
    )


def _of_id_token(text: str, stores: Stores, provider: Provider, now: datetime) -> Presented:
    """An ID token names a session and a client; the grant behind it is the one that they still share."""
    claims = verify_own(text, provider.keys, ("JWT",))
    expires_at, aud, sid = _expiry(claims), claims.get("aud"), claims.get("sid")
    if claims.get("iss") != provider.settings.issuer or now >= expires_at:
        raise _NotUsable("expired, or of another issuer")
    client = stores.clients.get(aud) if isinstance(aud, str) else None
    if client is None or not isinstance(sid, str):
        raise _NotUsable("the ID token names no client or no session")
    grant = stores.grants.of_session(sid, client.client_id)
    subject = stores.subjects.get(grant.account_id) if grant is not None else None
    if grant is None or subject is None or grant.sub != claims.get("sub"):
        raise _NotUsable("nothing of that session is in force")
    if not subject.active:
        raise _NotUsable("the account is disabled")
    return Presented(
        token_type=ID_TOKEN,
        client=client,
        grant=grant,
        subject=subject,
        aud=(),
        scope=grant.scope,
        expires_at=expires_at,
        may_act=client.may_act,
    )


def _expiry(claims: Mapping[str, JsonValue]) -> datetime:
    exp = claims.get("exp")
    if not isinstance(exp, int):
        raise _NotUsable("no exp")
    return datetime.fromtimestamp(exp, UTC)


def _may_act(claim: JsonValue) -> str | None:
    """RFC 8693 4.4: one party, by the client_id that we wrote there."""
    if not isinstance(claim, Mapping):
        return None
    return str(claim.get("client_id"))
