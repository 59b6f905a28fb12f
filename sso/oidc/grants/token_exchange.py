"""grant_type=urn:ietf:params:oauth:grant-type:token-exchange (RFC 8693): delegation, and narrowing only."""

from dataclasses import dataclass
from datetime import datetime

from sso.audit.event import TokenExchanged
from sso.oidc.claims import ClaimsRequest
from sso.oidc.client import Client, GrantType
from sso.oidc.digest import new_id
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.exchange.acting import Act, actors, chain, check_may_exchange, check_may_present, shown
from sso.oidc.exchange.aim import Aim, aim_of
from sso.oidc.exchange.presented import ACCESS_TOKEN, JWT, Presented, presented
from sso.oidc.grant import Grant
from sso.oidc.issuance import Exchanged, Issuance, issue
from sso.oidc.reach import Reach
from sso.oidc.response import TokenResponse
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exchange:
    """One exchange that is allowed."""

    client: Client
    subject: Presented
    actor: Presented | None
    aim: Aim
    act: Act | None

    @property
    def expires_at(self) -> datetime:
        """No later than any token that it stands on."""
        tokens = (self.subject,) if self.actor is None else (self.subject, self.actor)
        return min(token.expires_at for token in tokens)

    @property
    def origins(self) -> tuple[str, ...]:
        """The grants that it stands on: it ends with any of them."""
        tokens = (self.subject,) if self.actor is None else (self.subject, self.actor)
        return tuple(dict.fromkeys(token.grant.id for token in tokens))


def exchange(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> TokenResponse:
    """Exchange a token about a person for one that is narrower or aimed elsewhere, and says who acts.

    Raises:
        TokenError: invalid_request for the tokens, invalid_target, invalid_scope (RFC 8693 2.2.2).
    """
    issued_type = _issued_type(request)
    subject = presented(
        request.required("subject_token"), request.required("subject_token_type"), stores, provider, now
    )
    check_may_exchange(subject, request, provider.settings)
    actor = _actor(request, stores, provider, now)
    allowed = _Exchange(
        client=request.client,
        subject=subject,
        actor=actor,
        aim=aim_of(subject, request, stores.clients, provider.settings),
        act=chain(subject, actor, request.client),
    )
    if not stores.grants.hold(allowed.origins):
        raise TokenError(ErrorCode.INVALID_REQUEST, "the token to exchange is not valid here", "revoked now")
    grant = _grant(allowed, stores, now)
    stores.grants.add(grant, allowed.origins)
    stores.audit.append(_event(allowed, grant), now)
    return issue(
        Issuance(
            grant_type=GrantType.TOKEN_EXCHANGE,
            client=request.client,
            grant=grant,
            subject=subject.subject,
            scope=grant.scope,
            confirmation=request.confirmation,
            reach=Reach(allowed.aim.resources),
            exchanged=Exchanged(
                issued_type,
                allowed.expires_at,
                None if grant.act is None else shown(grant.act, allowed.aim.sector, stores.subjects, now),
            ),
        ),
        stores,
        provider,
        now,
    )


def _issued_type(request: TokenRequest) -> str:
    """An access token; as a JWT only for a client whose access tokens are."""
    wanted = request.optional("requested_token_type") or ACCESS_TOKEN
    offered = (ACCESS_TOKEN, JWT) if request.client.access_token_format == "jwt" else (ACCESS_TOKEN,)
    if wanted not in offered:
        raise TokenError(ErrorCode.INVALID_REQUEST, "only access tokens are issued for a token")
    return wanted


def _actor(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> Presented | None:
    text, token_type = request.optional("actor_token"), request.optional("actor_token_type")
    if (text is None) is not (token_type is None):
        raise TokenError(ErrorCode.INVALID_REQUEST, "actor_token and actor_token_type go together")
    if text is None or token_type is None:
        return None
    actor = presented(text, token_type, stores, provider, now)
    check_may_present(actor, request, provider.settings)
    return actor


def _grant(allowed: _Exchange, stores: Stores, now: datetime) -> Grant:
    """A grant of its own, with everything about the sign-in as it was; nobody can refresh it."""
    before, aim = allowed.subject.grant, allowed.aim
    return Grant(
        id=new_id(),
        client_id=allowed.client.client_id,
        account_id=before.account_id,
        sub=stores.subjects.sub(before.account_id, aim.sector, now),
        session_id=before.session_id,
        scope=aim.scope,
        claims=ClaimsRequest(),
        nonce=None,
        auth_time=before.auth_time,
        acr=before.acr,
        amr=before.amr,
        offline=before.offline,
        created_at=now,
        resource=aim.resources,
        act=allowed.act,
        ends_at=allowed.expires_at,
    )


def _event(allowed: _Exchange, grant: Grant) -> TokenExchanged:
    own = allowed.client.client_id == allowed.subject.client.client_id
    return TokenExchanged(
        client_id=grant.client_id,
        account_id=grant.account_id,
        session_id=grant.session_id,
        grant_id=grant.id,
        subject_client_id=allowed.subject.client.client_id,
        subject_grant_id=allowed.subject.grant.id,
        subject_token_type=allowed.subject.token_type,
        actors=actors(grant.act),
        impersonation=grant.act == allowed.subject.grant.act and not own,
        aud=grant.resource,
        scope=grant.scope,
    )
