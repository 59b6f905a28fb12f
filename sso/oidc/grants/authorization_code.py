"""grant_type=authorization_code (RFC 6749 4.1.3, OpenID Connect Core 3.1.3)."""

from datetime import datetime

from sso.audit.event import CodeReused
from sso.oidc import pkce
from sso.oidc.client import GrantType
from sso.oidc.confirmation import Confirmation
from sso.oidc.digest import digest
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import AuthorizationCode, Grant
from sso.oidc.issuance import Issuance, issue
from sso.oidc.reach import reach_of
from sso.oidc.refresh_family import begin_family
from sso.oidc.response import TokenResponse
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest

_REFUSED = "the code is unknown, expired, already used, or not yours"


def redeem(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> TokenResponse:
    """Exchange a code for tokens; a second use revokes what the first one got (RFC 9700 2.1.1).

    Raises:
        TokenError: invalid_grant; invalid_target or invalid_authorization_details, which spend nothing.
    """
    code_digest = digest(request.required("code"))
    code = stores.codes.get(code_digest)
    if code is None or code.grant.client_id != request.client.client_id:
        raise _refusal("unknown code" if code is None else "code of another client")
    _check_binding(code, request)
    reach = reach_of(request, code.grant)
    if not stores.codes.redeem(code_digest, now):
        stores.grants.revoke(code.grant.id, now)
        stores.audit.append(_reuse(code.grant), now)
        raise _refusal("code used again")
    if now >= code.expires_at:
        raise _refusal("code expired")
    subject = stores.subjects.get(code.grant.account_id)
    if subject is None or not subject.active or code.grant.revoked_at is not None:
        raise _refusal("the account or the grant is no longer usable")
    return issue(
        Issuance(
            grant_type=GrantType.AUTHORIZATION_CODE,
            client=request.client,
            grant=code.grant,
            subject=subject,
            scope=code.grant.scope,
            refresh_token=begin_family(code.grant, request, stores, provider, now),
            confirmation=request.confirmation,
            reach=reach,
        ),
        stores,
        provider,
        now,
    )


def _check_binding(code: AuthorizationCode, request: TokenRequest) -> None:
    """Refuse whoever merely found the code: without proof it is neither spent nor revoked."""
    if request.optional("redirect_uri") != code.redirect_uri:
        raise _refusal("redirect_uri differs from the authorization request's")
    verifier = request.optional("code_verifier")
    if code.code_challenge is None:
        if verifier is not None:
            raise _refusal("code_verifier without code_challenge (PKCE downgrade)")
    elif verifier is None or not pkce.verifies(verifier, code.code_challenge):
        raise _refusal("code_verifier is missing or wrong")
    if code.dpop_jkt is not None and (request.confirmation or Confirmation()).jkt != code.dpop_jkt:
        raise _refusal("the code is bound to another key (dpop_jkt)")


def _reuse(grant: Grant) -> CodeReused:
    return CodeReused(
        client_id=grant.client_id, account_id=grant.account_id, session_id=grant.session_id, grant_id=grant.id
    )


def _refusal(reason: str) -> TokenError:
    return TokenError(ErrorCode.INVALID_GRANT, _REFUSED, reason)
