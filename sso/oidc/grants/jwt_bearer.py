"""grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer (RFC 7523 2.1, 3): a trusted issuer vouches.

No browser takes part, so there is no session, no ID token and no refresh token: the client comes back with
a new assertion.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from sso.audit.event import AssertionAccepted
from sso.audit.record import JsonValue
from sso.oidc.account import Subject
from sso.oidc.assertion_issuer import AssertionIssuer, KnownBy
from sso.oidc.claim_times import OutOfTime, end_of
from sso.oidc.claims import SIGN_IN_SCOPES, ClaimsRequest
from sso.oidc.client import Client, GrantType
from sso.oidc.digest import new_id
from sso.oidc.errors import ErrorCode, TokenError
from sso.oidc.grant import Grant
from sso.oidc.issuance import Issuance, issue
from sso.oidc.jose import ASSERTION_ALGORITHMS, TokenInvalid, unverified_claims, verify_with_keys
from sso.oidc.jti import JtiRefused, spend_jti
from sso.oidc.reach import reach_of
from sso.oidc.response import TokenResponse
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_request import TokenRequest

MAX_LIFETIME = timedelta(hours=1)
"""How far away the end of an assertion may be."""

UNPROVEN = "0"
"""`acr` of somebody who proved nothing here (OpenID Connect Core 2)."""


def grant(request: TokenRequest, stores: Stores, provider: Provider, now: datetime) -> TokenResponse:
    """Exchange an assertion about a person for an access token.

    Raises:
        TokenError: invalid_grant for the assertion (RFC 7523 3.1), invalid_scope, invalid_target.
    """
    text = request.required("assertion")
    issuer = issuer_of(text, provider)
    if issuer is None or (issuer.clients and request.client.client_id not in issuer.clients):
        raise _refusal("unknown issuer, or not for this client")
    claims = _verified(text, issuer, provider)
    expires_at = _check(claims, issuer, provider, now)
    scope, reach = _scope(request), reach_of(request, None)
    subject = _person(claims, issuer, stores)
    _spend(claims.get("jti"), issuer, expires_at, stores)
    given = _grant(request.client, subject, scope, stores, now)
    given = replace(given, ends_at=now + provider.settings.access_token_lifetime)
    stores.grants.add(given)
    event = AssertionAccepted(
        client_id=given.client_id, account_id=given.account_id, grant_id=given.id, issuer=issuer.issuer
    )
    stores.audit.append(event, now)
    return issue(
        Issuance(
            grant_type=GrantType.JWT_BEARER,
            client=request.client,
            grant=given,
            subject=subject,
            scope=scope,
            confirmation=request.confirmation,
            reach=reach,
        ),
        stores,
        provider,
        now,
    )


def issuer_of(text: str, provider: Provider) -> AssertionIssuer | None:
    """Return the trusted issuer that an assertion claims to be of: only to know whose keys to try."""
    try:
        claimed = unverified_claims(text).get("iss")
    except TokenInvalid:
        return None
    return next((each for each in provider.settings.assertion_issuers if each.issuer == claimed), None)


def _verified(text: str, issuer: AssertionIssuer, provider: Provider) -> Mapping[str, JsonValue]:
    try:
        claims = verify_with_keys(text, provider.client_keys(issuer), ASSERTION_ALGORITHMS)
    except TokenInvalid as error:
        raise _refusal(str(error)) from error
    if claims.get("iss") != issuer.issuer:
        raise _refusal("iss is another one")
    return claims


def _check(
    claims: Mapping[str, JsonValue], issuer: AssertionIssuer, provider: Provider, now: datetime
) -> datetime:
    """RFC 7523 3: for us alone, and for now."""
    aud, settings = claims.get("aud"), provider.settings
    if isinstance(aud, list) and len(aud) == 1:
        aud = aud[0]
    if aud not in (settings.issuer, settings.endpoint("/oauth2/token")):
        raise _refusal("aud must be the issuer alone")
    try:
        return end_of(claims, ("exp",), MAX_LIFETIME, settings.clock_skew, now)
    except OutOfTime as error:
        raise _refusal(str(error)) from error


def _spend(jti: JsonValue, issuer: AssertionIssuer, expires_at: datetime, stores: Stores) -> None:
    """RFC 7523 3: an assertion is good once."""
    try:
        spend_jti(jti, f"jwt_bearer {issuer.issuer}", expires_at, stores)
    except JtiRefused as error:
        raise _refusal(str(error)) from error


def _person(claims: Mapping[str, JsonValue], issuer: AssertionIssuer, stores: Stores) -> Subject:
    """Return whom the issuer means; nobody is made up who is not known here."""
    name = claims.get(issuer.claim)
    if not isinstance(name, str) or not name or not isinstance(claims.get("sub"), str):
        raise _refusal(f"sub or {issuer.claim} is missing")
    account_id = _account(name, issuer, stores)
    subject = stores.subjects.get(account_id) if account_id is not None else None
    if subject is None or not subject.active:
        raise _refusal("nobody of this name can be used")
    return subject


def _account(name: str, issuer: AssertionIssuer, stores: Stores) -> str | None:
    match issuer.known_by:
        case KnownBy.SUB:
            return stores.subjects.account_of(name, issuer.realm)
        case KnownBy.DIRECTORY:
            return stores.subjects.named(issuer.realm, name)
        case KnownBy.CITIZEN:
            return stores.subjects.named(None, name)
        case _:
            assert_never(issuer.known_by)


def _scope(request: TokenRequest) -> frozenset[str]:
    allowed = request.client.scope - SIGN_IN_SCOPES
    asked = request.optional("scope")
    scope = allowed if asked is None else frozenset(asked.split())
    if not scope <= allowed:
        raise TokenError(ErrorCode.INVALID_SCOPE, "a requested scope is not registered for this client")
    return scope


def _grant(client: Client, subject: Subject, scope: frozenset[str], stores: Stores, now: datetime) -> Grant:
    return Grant(
        id=new_id(),
        client_id=client.client_id,
        account_id=subject.account_id,
        sub=stores.subjects.sub(subject.account_id, client.sector, now),
        session_id=None,
        scope=scope,
        claims=ClaimsRequest(),
        nonce=None,
        auth_time=now,
        acr=UNPROVEN,
        amr=(),
        offline=False,
        created_at=now,
    )


def _refusal(reason: str) -> TokenError:
    return TokenError(ErrorCode.INVALID_GRANT, "the assertion is not accepted", reason)
