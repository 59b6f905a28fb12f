"""Make the tokens of one answer: access token (RFC 9068), ID token (Core 2), and their audit event."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sso.audit.event import TokenIssued
from sso.audit.record import JsonValue
from sso.oidc import claims as claim
from sso.oidc.account import Subject
from sso.oidc.client import Client, GrantType
from sso.oidc.client_jwt import client_jwt, id_token_protection
from sso.oidc.confirmation import Confirmation
from sso.oidc.details import types_of
from sso.oidc.digest import digest, new_id, new_secret
from sso.oidc.grant import Grant
from sso.oidc.jose import half_hash, sign
from sso.oidc.logout_cap import lifetimes
from sso.oidc.opaque_token import OpaqueToken
from sso.oidc.reach import Reach
from sso.oidc.response import TokenResponse
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_scheme import TokenScheme

ACCESS_TOKEN_ALG = "ES256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """What is to be issued: by which grant type, for which client, out of which grant.

    `scope` may be narrower than the grant's. `refresh_token` is the one to hand out, if any.
    `confirmation` are the keys that the access token is bound to.
    """

    grant_type: GrantType
    client: Client
    grant: Grant | None
    subject: Subject | None
    scope: frozenset[str]
    refresh_token: str | None = None
    confirmation: Confirmation | None = None
    reach: Reach = Reach()


@dataclass(frozen=True, slots=True)
class _AccessToken:
    jti: str
    aud: tuple[str, ...]
    lifetime: timedelta
    expires_at: datetime
    text: str


def issue(issuance: Issuance, stores: Stores, provider: Provider, now: datetime) -> TokenResponse:
    """Record and return the tokens; the event's id becomes `txn` of the ID token (RFC 8417 2.2)."""
    access_token = _access_token(issuance, stores, provider, now)
    wants_id_token = issuance.grant is not None and "openid" in issuance.scope
    released = _released_claims(issuance) if wants_id_token else {}
    txn = stores.audit.append(_event(issuance, access_token, released, wants_id_token), now)
    id_token = None
    if issuance.grant is not None and wants_id_token:
        alg = issuance.client.id_token_signed_response_alg
        released |= {"txn": txn, "at_hash": half_hash(access_token.text, alg)}
        claims = _id_token_claims(issuance, issuance.grant, released, provider, now)
        id_token = client_jwt(claims, "JWT", id_token_protection(issuance.client), provider, now)
    lifetime = int(access_token.lifetime.total_seconds())
    return TokenResponse(
        access_token=access_token.text,
        token_type=TokenScheme.of(issuance.confirmation),
        expires_in=lifetime,
        scope=issuance.scope,
        id_token=id_token,
        refresh_token=issuance.refresh_token,
        authorization_details=issuance.reach.authorization_details,
    )


def _event(
    issuance: Issuance, access_token: _AccessToken, released: dict[str, JsonValue], id_token: bool
) -> TokenIssued:
    grant = issuance.grant
    return TokenIssued(
        client_id=issuance.client.client_id,
        account_id=grant.account_id if grant else None,
        session_id=grant.session_id if grant else None,
        grant_id=grant.id if grant else None,
        grant_type=issuance.grant_type.value,
        jti=access_token.jti,
        aud=access_token.aud,
        scope=issuance.scope,
        expires_at=access_token.expires_at,
        claims_released=frozenset(released),
        id_token=id_token,
        refresh_token=issuance.refresh_token is not None,
        authorization_details=types_of(issuance.reach.authorization_details),
    )


def _access_token(issuance: Issuance, stores: Stores, provider: Provider, now: datetime) -> _AccessToken:
    settings, client, grant = provider.settings, issuance.client, issuance.grant
    issued_at = int(now.timestamp())
    lifetime = lifetimes(client, settings, about_person=grant is not None).access_token
    jti = f"{grant.id}.{new_id()}" if grant else new_id()
    aud = issuance.reach.resources or client.audience or (settings.issuer,)
    claims: dict[str, JsonValue] = {
        "iss": settings.issuer,
        "sub": grant.sub if grant else client.client_id,
        "aud": aud[0] if len(aud) == 1 else list(aud),
        "client_id": client.client_id,
        "iat": issued_at,
        "exp": issued_at + int(lifetime.total_seconds()),
        "jti": jti,
        "scope": " ".join(sorted(issuance.scope)),
    }
    if grant is not None:
        claims |= {"auth_time": int(grant.auth_time.timestamp()), "acr": grant.acr, "amr": list(grant.amr)}
        claims |= _sid(grant)
    if issuance.reach.authorization_details:
        claims["authorization_details"] = [dict(each) for each in issuance.reach.authorization_details]
    if issuance.confirmation is not None:
        claims["cnf"] = issuance.confirmation.as_json()
    key, expires_at = provider.keys.signing(ACCESS_TOKEN_ALG, now), now + lifetime
    opaque = client.access_token_format == "opaque"
    text = _kept(claims, expires_at, stores) if opaque else sign(claims, key, "at+jwt")
    return _AccessToken(jti, aud, lifetime, expires_at, text)


def _kept(claims: dict[str, JsonValue], expires_at: datetime, stores: Stores) -> str:
    """Keep what an opaque token says, and return it."""
    text = new_secret()
    stores.access_tokens.add(OpaqueToken(digest=digest(text), claims=claims, expires_at=expires_at))
    return text


def _released_claims(issuance: Issuance) -> dict[str, JsonValue]:
    """Claims about the person for the ID token: those demanded there, or all by the client's switch."""
    if issuance.grant is None or issuance.subject is None:
        return {}
    names = claim.scope_claims(issuance.scope) if issuance.client.claims_in_id_token else frozenset[str]()
    return claim.release(issuance.subject.claims, names, issuance.grant.claims.id_token)


def _id_token_claims(
    issuance: Issuance, grant: Grant, extra: dict[str, JsonValue], provider: Provider, now: datetime
) -> dict[str, JsonValue]:
    issued_at = int(now.timestamp())
    lifetime = lifetimes(issuance.client, provider.settings, about_person=True).id_token
    nonce: dict[str, JsonValue] = {} if grant.nonce is None else {"nonce": grant.nonce}
    return {
        **extra,
        **nonce,
        "iss": provider.settings.issuer,
        "sub": grant.sub,
        "aud": grant.client_id,
        "iat": issued_at,
        "exp": issued_at + int(lifetime.total_seconds()),
        "auth_time": int(grant.auth_time.timestamp()),
        "acr": grant.acr,
        "amr": list(grant.amr),
        **_sid(grant),
    }


def _sid(grant: Grant) -> dict[str, JsonValue]:
    """The session that a sign-out names, where a browser took part."""
    return {} if grant.session_id is None else {"sid": grant.session_id}
