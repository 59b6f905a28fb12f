"""End an authorization request: grant what it asks for, or bring the person's refusal to the client.

OpenID Connect Core 3.1.2.5 and 3.1.2.6, RFC 6749 4.1.2, RFC 9207.
"""

from datetime import datetime
from urllib.parse import urlsplit

from sso.audit.event import AuthorizationAccepted, CodeIssued, ConsentDenied, SessionReused
from sso.oidc.consenting import Shared, remember
from sso.oidc.details import types_of
from sso.oidc.digest import digest, new_id, new_secret
from sso.oidc.errors import AuthorizationError, ErrorCode
from sso.oidc.front_channel import as_params, check_front_channel, issuance_in_front
from sso.oidc.grant import AuthorizationCode, Grant
from sso.oidc.issuance import make
from sso.oidc.request import AuthorizationRequest
from sso.oidc.request.response_type import TOKENS
from sso.oidc.response import AuthorizationResponse, authorization_response
from sso.oidc.session import Session
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores


def accept(request: AuthorizationRequest, pushed: bytes | None, stores: Stores, now: datetime) -> None:
    """Record that a request is valid and waits for a person or for its answer.

    `pushed` is the digest of the request_uri it came by.
    """
    stores.audit.append(
        AuthorizationAccepted(
            client_id=request.client.client_id,
            redirect_host=urlsplit(request.to.redirect_uri).hostname or "",
            scope=request.scope,
            claims_requested=request.claims.names,
            acr_values=request.acr_values,
            prompt=request.prompt,
            pkce=request.code_challenge is not None,
            reference_prefix=pushed.hex()[:16] if pushed is not None else None,
            authorization_details=types_of(request.authorization_details),
        ),
        now,
    )


def grant(
    request: AuthorizationRequest, session: Session, stores: Stores, provider: Provider, now: datetime
) -> AuthorizationResponse:
    """Remember a new grant, and return the response that carries what was asked for.

    A code, tokens, or both; nothing is granted for response_type none (Multiple Response Types 4).

    Raises:
        AuthorizationError: an ID token cannot be encrypted to this client.
    """
    to, issuer = request.to, provider.settings.issuer
    if "none" in request.response_type:
        return authorization_response(to, issuer)
    check_front_channel(request, provider)
    given = _grant(request, session, stores, now)
    code = _code(request, given, stores, provider, now)
    stores.sessions.join(session.id, request.client.client_id, now)
    answer = {} if code is None else {"code": code}
    if request.response_type & TOKENS:
        issuance = issuance_in_front(request, given, code, stores)
        answer |= as_params(make(issuance, stores, provider, now), request.scope)
    return authorization_response(to, issuer, **answer)


def _code(
    request: AuthorizationRequest, given: Grant, stores: Stores, provider: Provider, now: datetime
) -> str | None:
    """Remember the code and its grant. Where none is asked for, one that nobody knows, spent already.

    A grant lives as long as its code and its refresh tokens are remembered: so it has one in any case.
    """
    code, asked = new_secret(), "code" in request.response_type
    stores.codes.add(
        AuthorizationCode(
            digest=digest(code),
            grant=given,
            redirect_uri=request.to.redirect_uri,
            code_challenge=request.code_challenge,
            expires_at=now + provider.settings.code_lifetime,
            redeemed_at=None if asked else now,
            dpop_jkt=request.dpop_jkt,
        )
    )
    if not asked:
        return None
    stores.audit.append(
        CodeIssued(
            client_id=given.client_id,
            account_id=given.account_id,
            session_id=given.session_id,
            grant_id=given.id,
            scope=request.scope,
            code_prefix=digest(code).hex()[:16],
            pkce=request.code_challenge is not None,
        ),
        now,
    )
    return code


def _grant(request: AuthorizationRequest, session: Session, stores: Stores, now: datetime) -> Grant:
    return Grant(
        id=new_id(),
        client_id=request.client.client_id,
        account_id=session.account_id,
        sub=stores.subjects.sub(session.account_id, request.client.sector, now),
        session_id=session.id,
        scope=request.scope,
        claims=request.claims,
        nonce=request.nonce,
        auth_time=session.auth_time,
        acr=session.acr,
        amr=session.amr,
        offline="offline_access" in request.scope,
        created_at=now,
        resource=request.resource,
        authorization_details=request.authorization_details,
    )


def record_reuse(request: AuthorizationRequest, session: Session, stores: Stores, now: datetime) -> None:
    """Record that a service was reached by a session that began before this request."""
    stores.audit.append(
        SessionReused(
            client_id=request.client.client_id,
            account_id=session.account_id,
            session_id=session.id,
            auth_age_seconds=max(0, int((now - session.auth_time).total_seconds())),
        ),
        now,
    )


def allow(
    request: AuthorizationRequest, session: Session, stores: Stores, provider: Provider, now: datetime
) -> None:
    """Remember that the person allowed what the page listed, in addition to what was allowed before."""
    shared = Shared(
        request.client.client_id, request.scope, request.claims.names, request.authorization_details
    )
    remember(shared, session, stores, provider, now)


def deny(
    request: AuthorizationRequest, session: Session | None, stores: Stores, now: datetime
) -> AuthorizationError:
    """Record that the person refused or cancelled, and return the error for the client to raise."""
    stores.audit.append(
        ConsentDenied(
            client_id=request.client.client_id,
            account_id=session.account_id if session else None,
            session_id=session.id if session else None,
            scope=request.scope,
        ),
        now,
    )
    return AuthorizationError(ErrorCode.ACCESS_DENIED, "the person refused", request.to)
