"""Who may act for the subject of a token, and the chain of those who do (RFC 8693 1.1, 4.1, 4.4).

A grant keeps its chain by account and client, for it outlives one sector; a token shows it with the `sub`
under which the token's readers may know an actor, and no other.
"""

from collections.abc import Mapping
from datetime import datetime

from sso.audit.record import JsonValue
from sso.oidc.client import Client
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.exchange.presented import Presented
from sso.oidc.settings import Settings
from sso.oidc.stores import Subjects
from sso.oidc.target import is_meant_for
from sso.oidc.token_request import TokenRequest

MAX_ACTORS = 5
Act = Mapping[str, JsonValue]


def check_may_exchange(subject: Presented, request: TokenRequest, settings: Settings) -> None:
    """Accept the token's own client, whom the token names, or else whom the token is for.

    Raises:
        TokenError: invalid_request (RFC 8693 2.2.2).
    """
    client = request.client
    if client.client_id == subject.client.client_id:
        _check_key(subject, request)
    elif subject.may_act is not None:
        if subject.may_act != client.client_id:
            raise _refusal("may_act names another client")
    elif not is_meant_for(client, subject.aud, settings):
        raise _refusal("the token is not for this client")


def check_may_present(actor: Presented, request: TokenRequest, settings: Settings) -> None:
    """Accept an actor's token from the client that it was issued to, or that it is for.

    Raises:
        TokenError: invalid_request.
    """
    client = request.client
    if client.client_id == actor.client.client_id:
        _check_key(actor, request)
    elif not is_meant_for(client, actor.aud, settings):
        raise _refusal("the actor's token is not for this client")


def chain(subject: Presented, actor: Presented | None, client: Client) -> Act | None:
    """Return who acts now, before whom the earlier ones stand; None where the subject acts alone.

    A client that exchanges its own token acts for nobody else. One that may impersonate adds itself to no
    chain, and never removes anyone from it.

    Raises:
        TokenError: invalid_request, the chain is too long.
    """
    before = subject.grant.act
    if actor is None and (client.client_id == subject.client.client_id or client.may_impersonate):
        return before
    act: dict[str, JsonValue] = {"client_id": client.client_id}
    if actor is not None:
        act["account_id"] = actor.grant.account_id
    if before is not None:
        act["act"] = before
    if len(actors(act)) > MAX_ACTORS:
        raise _refusal("the chain of actors is too long")
    return act


def actors(act: Act | None) -> tuple[str, ...]:
    """Return the accounts and clients of a chain, the one that acts now first."""
    found: list[str] = []
    while act is not None:
        found.append(str(act.get("account_id") or act.get("client_id")))
        earlier = act.get("act")
        act = earlier if isinstance(earlier, Mapping) else None
    return tuple(found)


def shown(act: Act, sector: str, subjects: Subjects, now: datetime) -> dict[str, JsonValue]:
    """Return a chain as a token of a sector shows it: people by their `sub` there, clients by their id."""
    account_id, client_id, earlier = act.get("account_id"), str(act.get("client_id")), act.get("act")
    sub = client_id if account_id is None else subjects.sub(str(account_id), sector, now)
    claim: dict[str, JsonValue] = {"sub": sub, "client_id": client_id}
    if isinstance(earlier, Mapping):
        claim["act"] = shown(earlier, sector, subjects, now)
    return claim


def _check_key(token: Presented, request: TokenRequest) -> None:
    """A client's own bound token is worth nothing without the key (RFC 9449 7, RFC 8705 3)."""
    if token.confirmation is not None and request.confirmation != token.confirmation:
        raise _refusal("the token is bound to another key")


def _refusal(reason: str) -> TokenError:
    return TokenError(ErrorCode.INVALID_REQUEST, "the token to exchange is not valid here", reason)
