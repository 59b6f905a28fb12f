"""A person answers a deferred request: what they allow becomes a grant, once (RFC 8628 3.3, CIBA Core 8)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sso.audit.event import ConsentDenied, DeferredAllowed, DeferredWithdrawn
from sso.oidc.claims import ClaimsRequest
from sso.oidc.client import Client
from sso.oidc.consenting import Shared, remember
from sso.oidc.deferred import DeferredRequest
from sso.oidc.digest import new_id
from sso.oidc.grant import Grant
from sso.oidc.logout_cap import grantable
from sso.oidc.session import Session
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores


@dataclass(frozen=True, slots=True)
class Waiting:
    """A deferred request and the client that waits for its answer."""

    request: DeferredRequest
    client: Client


def waiting(request_id: str, stores: Stores, now: datetime) -> Waiting | None:
    """Return a request that can still be answered, with its client."""
    request = stores.deferred.by_id(request_id)
    client = stores.clients.get(request.client_id) if request is not None else None
    if request is None or client is None or not request.open(now):
        return None
    return Waiting(request, client)


def may_answer(asked: Waiting, session: Session, began_at: datetime, now: datetime) -> bool:
    """Whether this session is the right one to answer: its account, recent enough for the client.

    `began_at` is when the person came to answer: whoever has signed in since then is recent.
    """
    request, max_age = asked.request, asked.client.default_max_age
    if request.account_id is not None and request.account_id != session.account_id:
        return False
    if max_age is None or session.auth_time >= began_at:
        return True
    return now - session.auth_time <= timedelta(seconds=max_age)


def allow(asked: Waiting, session: Session, stores: Stores, provider: Provider, now: datetime) -> bool:
    """Give the client what it asked for; false if it was answered before: keep nothing then."""
    request, client = asked.request, asked.client
    scope = grantable(client, request.scope)
    grant = Grant(
        id=new_id(),
        client_id=client.client_id,
        account_id=session.account_id,
        sub=stores.subjects.sub(session.account_id, client.sector, now),
        session_id=session.id,
        scope=scope,
        claims=ClaimsRequest(),
        nonce=None,
        auth_time=session.auth_time,
        acr=session.acr,
        amr=session.amr,
        offline="offline_access" in scope,
        created_at=now,
        resource=request.resource,
        authorization_details=request.authorization_details,
    )
    stores.grants.add(grant)
    if not stores.deferred.decide(request.id, grant, now):
        return False
    _ping(asked, stores, now)
    stores.sessions.join(session.id, client.client_id, now)
    shared = Shared(client.client_id, request.scope, authorization_details=request.authorization_details)
    remember(shared, session, stores, provider, now)
    stores.audit.append(
        DeferredAllowed(
            client_id=client.client_id,
            account_id=session.account_id,
            session_id=session.id,
            grant_id=grant.id,
            grant_type=request.grant_type.value,
            scope=request.scope,
        ),
        now,
    )
    return True


def refuse(asked: Waiting, session: Session, stores: Stores, now: datetime) -> bool:
    """Note the person's refusal; false if it was answered before."""
    if not stores.deferred.decide(asked.request.id, None, now):
        return False
    _ping(asked, stores, now)
    stores.audit.append(
        ConsentDenied(
            client_id=asked.client.client_id,
            account_id=session.account_id,
            session_id=session.id,
            scope=asked.request.scope,
        ),
        now,
    )
    return True


def withdraw_requests(account_id: str, stores: Stores, now: datetime) -> None:
    """Refuse what clients wait for and only this account could answer: nobody will."""
    for request in stores.deferred.waiting_for(account_id, now):
        client = stores.clients.get(request.client_id)
        if not stores.deferred.decide(request.id, None, now):
            continue
        if client is not None:
            _ping(Waiting(request, client), stores, now)
        stores.audit.append(DeferredWithdrawn(client_id=request.client_id, account_id=account_id), now)


def _ping(asked: Waiting, stores: Stores, now: datetime) -> None:
    """Tell a client that wants to be told that its answer is there, whatever it is (CIBA Core 10.2)."""
    uri = asked.client.backchannel_client_notification_endpoint
    if uri is not None:
        stores.pings.add(asked.request, uri, now)
