"""Tell whether an access token of ours is live, and what it says (RFC 9068 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sso.audit.record import JsonValue
from sso.oidc.account import Subject
from sso.oidc.client import Client
from sso.oidc.confirmation import Confirmation
from sso.oidc.digest import digest
from sso.oidc.grant import Grant
from sso.oidc.jose import TokenInvalid, verify_own
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores
from sso.oidc.token_scheme import TokenScheme

ACCESS_TOKEN_TYPES = ("at+jwt", "application/at+jwt")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A live access token: signed by us or kept here, not expired, not revoked, its account in use.

    `client` is the one that it was issued to. `grant` and `subject` are None for a client acting for itself.
    `confirmation` are the keys that its bearer must prove to hold.
    """

    jti: str
    expires_at: datetime
    client: Client
    aud: tuple[str, ...]
    scope: frozenset[str]
    grant: Grant | None
    subject: Subject | None
    claims: Mapping[str, JsonValue]
    confirmation: Confirmation | None = None

    @property
    def client_id(self) -> str:
        """The id of the client."""
        return self.client.client_id

    @property
    def scheme(self) -> TokenScheme:
        """How the token must be shown; as a bearer token also where it is bound to a certificate alone."""
        return TokenScheme.of(self.confirmation)


class TokenNotLive(Exception):
    """The token is not, or no longer, good; the text is private."""


def live_access_token(text: str, stores: Stores, provider: Provider, now: datetime) -> AccessToken:
    """Return what an access token says, if it may still be used.

    Raises:
        TokenNotLive: malformed, foreign, expired, revoked, its account disabled, or its client removed.
    """
    claims = _claims(text, stores, provider)
    exp = claims.get("exp")
    if claims.get("iss") != provider.settings.issuer or not isinstance(exp, int) or now.timestamp() >= exp:
        raise TokenNotLive("expired, or of another issuer")
    jti = str(claims.get("jti"))
    if stores.denied_tokens.denied(jti):
        raise TokenNotLive("revoked by its jti")
    client = stores.clients.get(str(claims.get("client_id")))
    if client is None:
        raise TokenNotLive("the client was removed")
    grant, subject = _grant(jti, stores)
    return AccessToken(
        jti=jti,
        expires_at=datetime.fromtimestamp(exp, UTC),
        client=client,
        aud=_audience(claims.get("aud")),
        scope=frozenset(str(claims.get("scope", "")).split()),
        grant=grant,
        subject=subject,
        claims=claims,
        confirmation=_confirmation(claims.get("cnf")),
    )


def _claims(text: str, stores: Stores, provider: Provider) -> Mapping[str, JsonValue]:
    """Read a JWT, or what is kept for an opaque token: the one has dots, the other none."""
    if "." not in text:
        kept = stores.access_tokens.get(digest(text))
        if kept is None:
            raise TokenNotLive("unknown opaque token")
        return kept.claims
    try:
        return verify_own(text, provider.keys, ACCESS_TOKEN_TYPES)
    except TokenInvalid as error:
        raise TokenNotLive(str(error)) from error


def _grant(jti: str, stores: Stores) -> tuple[Grant | None, Subject | None]:
    """The jti of a token about a person begins with its grant's id."""
    grant_id, dot, _ = jti.partition(".")
    if not dot:
        return None, None
    grant = stores.grants.get(grant_id)
    if grant is None or grant.revoked_at is not None:
        raise TokenNotLive("the grant is revoked")
    subject = stores.subjects.get(grant.account_id)
    if subject is None or not subject.active:
        raise TokenNotLive("the account is disabled")
    return grant, subject


def _audience(aud: JsonValue) -> tuple[str, ...]:
    return tuple(str(value) for value in aud) if isinstance(aud, list) else (str(aud),)


def _confirmation(cnf: JsonValue) -> Confirmation | None:
    return Confirmation.of_json(cnf) if isinstance(cnf, dict) else None
