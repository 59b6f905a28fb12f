"""Make the tokens of one answer: access token (RFC 9068), ID token (Core 2), and their audit event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
from sso.oidc.known_state import require_known_state
from sso.oidc.logout_cap import lifetimes
from sso.oidc.opaque_token import OpaqueToken
from sso.oidc.reach import Reach
from sso.oidc.response import TokenResponse
from sso.oidc.roles import claims_for
from sso.oidc.settings import Provider, Settings
from sso.oidc.stores import Stores
from sso.oidc.token_scheme import TokenScheme

ACCESS_TOKEN_ALG = "ES256"


@dataclass(frozen=True, slots=True)
class FrontChannel:
    """What passes through the browser: the words of the response type, and what an ID token there vouches
    for.

    OpenID Connect Core 3.2 and 3.3; `state` by FAPI 1.0 Advanced 5.2.2.1.
    """

    response_type: frozenset[str]
    code: str | None = field(default=None, repr=False)
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What is said of a token that came by exchange (RFC 8693 2.2.1): its type, its end, and who acts.

    `act` is as the token's readers know the actors; None where the subject acts alone.
    """

    token_type: str
    not_after: datetime
    act: Mapping[str, JsonValue] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """What is to be issued: by which grant type, for which client, out of which grant.

    `scope` may be narrower than the grant's. `refresh_token` is the one to hand out, if any.
    `confirmation` are the keys that the access token is bound to. `front` is None for the token endpoint,
    `exchanged` for what did not come by token exchange.
    """

    grant_type: GrantType
    client: Client
    grant: Grant | None
    subject: Subject | None
    scope: frozenset[str]
    refresh_token: str | None = None
    confirmation: Confirmation | None = None
    reach: Reach = Reach()
    front: FrontChannel | None = None
    exchanged: Exchanged | None = None

    @property
    def wants_access_token(self) -> bool:
        """Whether an access token is part of the answer."""
        return self.front is None or "token" in self.front.response_type

    @property
    def wants_id_token(self) -> bool:
        """Whether an ID token is part of the answer."""
        about_person = self.grant is not None and "openid" in self.scope
        return about_person and (self.front is None or "id_token" in self.front.response_type)


@dataclass(frozen=True, slots=True)
class AccessTokenMade:
    """An access token and what is said about it beside it."""

    jti: str
    aud: tuple[str, ...]
    lifetime: timedelta
    expires_at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Made:
    """The tokens of one answer, those that are part of it."""

    access_token: AccessTokenMade | None
    id_token: str | None = field(repr=False)


def issue(issuance: Issuance, stores: Stores, provider: Provider, now: datetime) -> TokenResponse:
    """Record the tokens, and return the answer of the token endpoint that carries them.

    Raises:
        StateUnknown: the directory of the person has to be asked first.
    """
    if issuance.subject is not None:
        require_known_state(issuance.subject, provider, now)
    made = make(issuance, stores, provider, now)
    assert made.access_token is not None  # noqa: S101 - at the token endpoint there always is one
    return TokenResponse(
        access_token=made.access_token.text,
        token_type=TokenScheme.of(issuance.confirmation),
        expires_in=int(made.access_token.lifetime.total_seconds()),
        scope=issuance.scope,
        id_token=made.id_token,
        refresh_token=issuance.refresh_token,
        authorization_details=issuance.reach.authorization_details,
        issued_token_type=None if issuance.exchanged is None else issuance.exchanged.token_type,
    )


def make(issuance: Issuance, stores: Stores, provider: Provider, now: datetime) -> Made:
    """Record and return the tokens; the event's id becomes `txn` of the ID token (RFC 8417 2.2)."""
    access_token = _access_token(issuance, stores, provider, now) if issuance.wants_access_token else None
    released = _released_claims(issuance) if issuance.wants_id_token else {}
    txn = stores.audit.append(_event(issuance, access_token, released, provider, now), now)
    if issuance.grant is None or not issuance.wants_id_token:
        return Made(access_token, None)
    released |= {"txn": txn} | _hashes(issuance, access_token)
    claims = _id_token_claims(issuance, issuance.grant, released, provider, now)
    return Made(access_token, client_jwt(claims, "JWT", id_token_protection(issuance.client), provider, now))


def _hashes(issuance: Issuance, access_token: AccessTokenMade | None) -> dict[str, JsonValue]:
    """What the ID token vouches for: at_hash (Core 3.1.3.6), c_hash (3.3.2.11), s_hash (FAPI 1.0)."""
    front = issuance.front or FrontChannel(frozenset())
    vouched = {"at_hash": access_token and access_token.text, "c_hash": front.code, "s_hash": front.state}
    alg = issuance.client.id_token_signed_response_alg
    return {name: half_hash(text, alg) for name, text in vouched.items() if text and text.isascii()}


def _event(
    issuance: Issuance,
    access_token: AccessTokenMade | None,
    released: dict[str, JsonValue],
    provider: Provider,
    now: datetime,
) -> TokenIssued:
    """Without an access token, the audience and the end are the ID token's."""
    grant, client = issuance.grant, issuance.client
    id_token_ends = now + lifetimes(client, provider.settings, about_person=True).id_token
    return TokenIssued(
        client_id=client.client_id,
        account_id=grant.account_id if grant else None,
        session_id=grant.session_id if grant else None,
        grant_id=grant.id if grant else None,
        grant_type=issuance.grant_type.value,
        jti=access_token.jti if access_token else None,
        aud=access_token.aud if access_token else (client.client_id,),
        scope=issuance.scope,
        expires_at=access_token.expires_at if access_token else id_token_ends,
        claims_released=frozenset(released),
        id_token=issuance.wants_id_token,
        refresh_token=issuance.refresh_token is not None,
        authorization_details=types_of(issuance.reach.authorization_details),
    )


def _access_token(issuance: Issuance, stores: Stores, provider: Provider, now: datetime) -> AccessTokenMade:
    settings, client, grant = provider.settings, issuance.client, issuance.grant
    issued_at = int(now.timestamp())
    lifetime = _lifetime(issuance, settings, now)
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
        claims |= (
            _sign_in(grant) | _delegation(issuance) | (_sid(grant) if issuance.exchanged is None else {})
        )
    if issuance.reach.authorization_details:
        claims["authorization_details"] = [dict(each) for each in issuance.reach.authorization_details]
    if issuance.confirmation is not None:
        claims["cnf"] = issuance.confirmation.as_json()
    key, expires_at = provider.keys.signing(ACCESS_TOKEN_ALG, now), now + lifetime
    opaque = client.access_token_format == "opaque"
    text = _kept(claims, expires_at, stores) if opaque else sign(claims, key, "at+jwt")
    return AccessTokenMade(jti, aud, lifetime, expires_at, text)


def _sign_in(grant: Grant) -> dict[str, JsonValue]:
    """How and when the person proved who they are; nothing where somebody else vouched (RFC 9068 2.2.1)."""
    if not grant.amr:
        return {}
    return {"auth_time": int(grant.auth_time.timestamp()), "acr": grant.acr, "amr": list(grant.amr)}


def _lifetime(issuance: Issuance, settings: Settings, now: datetime) -> timedelta:
    whole = lifetimes(issuance.client, settings, about_person=issuance.grant is not None).access_token
    if issuance.exchanged is None:
        return whole
    left = int(issuance.exchanged.not_after.timestamp()) - int(now.timestamp())
    return min(whole, timedelta(seconds=left))


def _delegation(issuance: Issuance) -> dict[str, JsonValue]:
    """Who acts for the subject, and who alone may begin to (RFC 8693 4.1, 4.4)."""
    act = None if issuance.exchanged is None else issuance.exchanged.act
    may_act = issuance.client.may_act
    acting: dict[str, JsonValue] = {} if act is None else {"act": act}
    return acting if may_act is None else {**acting, "may_act": {"sub": may_act, "client_id": may_act}}


def _kept(claims: dict[str, JsonValue], expires_at: datetime, stores: Stores) -> str:
    """Keep what an opaque token says, and return it."""
    text = new_secret()
    stores.access_tokens.add(OpaqueToken(digest=digest(text), claims=claims, expires_at=expires_at))
    return text


def _released_claims(issuance: Issuance) -> dict[str, JsonValue]:
    """Claims about the person for the ID token: those demanded there, or all by the client's switch.

    All as well where there is no access token to ask for them with (Core 5.4).
    """
    if issuance.grant is None or issuance.subject is None:
        return {}
    alone = issuance.front is not None and issuance.front.response_type == {"id_token"}
    whole = alone or issuance.client.claims_in_id_token
    names = claim.scope_claims(issuance.scope) if whole else frozenset[str]()
    known = claims_for(issuance.client, issuance.subject)
    return claim.release(known, names, issuance.grant.claims, "id_token")


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
