"""Sign-out: RP-Initiated Logout 1.0, and the logout tokens of Back-Channel Logout 1.0."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

from sso.audit.event import LogoutRejected
from sso.audit.record import JsonValue
from sso.oidc.client import Client, is_client_id
from sso.oidc.client_jwt import DEFAULT_SIGNATURE, client_jwt, id_token_protection
from sso.oidc.digest import new_id
from sso.oidc.id_token_hint import own_id_token
from sso.oidc.jose import TokenInvalid, is_encrypted, sign
from sso.oidc.notice import LogoutNotice
from sso.oidc.settings import Provider
from sso.oidc.stores import Stores

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN_TYPE = "logout+jwt"
LOGOUT_TOKEN_LIFETIME = timedelta(minutes=2)
MAX_STATE_LENGTH = 2_048
"""In characters of an address; a longer state is not returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """What a sign-out request may be trusted for.

    `session_id` and `sub` come from a valid hint. `return_to` is a registered
    post_logout_redirect_uri of `client`, and `problem` says in private why it is missing though asked for.
    `logout_hint` is what anyone may have written: it ends nothing and is never shown.
    """

    client: Client | None = None
    session_id: str | None = None
    sub: str | None = None
    return_to: str | None = None
    state: str | None = None
    logout_hint: str | None = None
    problem: str | None = None

    @property
    def way_back(self) -> str | None:
        """The address to return to, with the state as it came; None where nobody may be sent anywhere."""
        if self.return_to is None or self.state is None:
            return self.return_to
        mark = "&" if urlsplit(self.return_to).query else "?"
        return f"{self.return_to}{mark}{urlencode({'state': self.state})}"


def parse_logout(
    params: Mapping[str, str], stores: Stores, provider: Provider, now: datetime
) -> LogoutRequest:
    """Return what can be trusted of a sign-out request; what cannot is recorded, never redirected to.

    An expired hint is fine (RP-Initiated Logout 1.0, 2): its signature is what counts.
    """
    params = {name: value for name, value in params.items() if value}
    hint = params.get("id_token_hint")
    hinted = _hinted(hint, provider)
    client_id = str(hinted["aud"]) if hinted else params.get("client_id", "")
    client = stores.clients.get(client_id) if is_client_id(client_id) else None
    problem = _problem(params, hinted, client)
    if problem is not None:
        stores.audit.append(
            LogoutRejected(client_id=client.client_id if client else None, reason=problem), now
        )
        return LogoutRequest(client=client, logout_hint=params.get("logout_hint"), problem=problem)
    state = params.get("state")
    return LogoutRequest(
        client=client,
        session_id=str(hinted["sid"]) if hinted and "sid" in hinted else None,
        sub=str(hinted["sub"]) if hinted else None,
        return_to=params.get("post_logout_redirect_uri"),
        state=state if state is not None and len(quote(state)) <= MAX_STATE_LENGTH else None,
        logout_hint=params.get("logout_hint"),
    )


def means_someone_else(asked: LogoutRequest, sub: str | None, names: Collection[str]) -> bool:
    """Whether a request speaks of another person than the one with this `sub` and these names.

    The hint's own subject decides; without one it is logout_hint, whose meaning is ours to define
    (RP-Initiated Logout 1.0, 2): a session id, a sub, a sign-in name, a mail address or a telephone number.
    """
    if asked.sub is not None:
        return asked.sub != sub
    hint = asked.logout_hint
    return hint is not None and hint.casefold() not in {name.casefold() for name in names}


def _hinted(hint: str | None, provider: Provider) -> Mapping[str, JsonValue] | None:
    if hint is None:
        return None
    try:
        return own_id_token(hint, provider)
    except TokenInvalid:
        return None


def _problem(
    params: Mapping[str, str], hinted: Mapping[str, JsonValue] | None, client: Client | None
) -> str | None:
    if "id_token_hint" in params and hinted is None:
        encrypted = is_encrypted(params["id_token_hint"])
        return f"id_token_hint {'is encrypted to the client' if encrypted else 'was not issued here'}"
    if hinted is not None and params.get("client_id", hinted["aud"]) != hinted["aud"]:
        return "client_id is not the audience of id_token_hint"
    wanted = params.get("post_logout_redirect_uri")
    if wanted is None:
        return None
    if client is None:
        return "post_logout_redirect_uri without a known client"
    if wanted not in client.post_logout_redirect_uris:
        return "post_logout_redirect_uri is not registered"
    return None


def logout_token(notice: LogoutNotice, client: Client | None, provider: Provider, now: datetime) -> str:
    """Return a logout token (Back-Channel Logout 1.0, 2.4): no nonce, one event, typ logout+jwt.

    It is signed and encrypted as the client's ID tokens are (2.6); one that was removed gets RS256.

    Raises:
        NoSigningKey: no key of the algorithm is active.
        SignerUnavailable: it cannot be reached.
        KeySetInvalid: the client has no key to encrypt to.
    """
    issued_at = int(now.timestamp())
    claims: dict[str, JsonValue] = {
        "iss": provider.settings.issuer,
        "aud": notice.client_id,
        "iat": issued_at,
        "exp": issued_at + int(LOGOUT_TOKEN_LIFETIME.total_seconds()),
        "jti": new_id(),
        "sub": notice.sub,
        "events": {LOGOUT_EVENT: {}},
    }
    if notice.include_sid:
        claims["sid"] = notice.session_id
    if client is None:
        return sign(claims, provider.keys.signing(DEFAULT_SIGNATURE, now), LOGOUT_TOKEN_TYPE)
    return client_jwt(claims, LOGOUT_TOKEN_TYPE, id_token_protection(client), provider, now)
