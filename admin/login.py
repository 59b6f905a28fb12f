"""Sign-in at the hub: the only door to Authlib. Code flow with PKCE, private_key_jwt, both kinds of logout.

OpenID Connect Core 1.0 3.1, RFC 7636, RFC 7523 3, RP-Initiated Logout 1.0, Back-Channel Logout 1.0.
"""

import threading
from collections.abc import Mapping
from typing import Any

from authlib.common.urls import add_params_to_qs
from authlib.integrations.flask_client import OAuth, OAuthError
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from flask import Flask, Response, request, session
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from admin.officer_sessions import OfficerSession, Tokens
from admin.settings import SCOPE, Settings

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60
CLOCK_SKEW_SECONDS = 10
MAX_LOGOUT_TOKEN_LENGTH = 16_384
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYPES = ("logout+jwt", "application/logout+jwt")


class SignInFailed(Exception):
    """The hub refused, or its answer is not for us; `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class HubUnreachable(Exception):
    """The hub did not answer."""


class Login:
    """The console as a client of the hub."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._settings = settings
        self._seen = _SeenOnce()
        # Without a cache Authlib keeps state, nonce and verifier in the browser's own signed cookie: a shared
        # table could be filled by anybody until an officer's sign-in is forgotten.
        self._hub = OAuth(app).register(
            "hub",
            client_id=settings.client_id,
            client_secret=ECKey.import_key(settings.private_key),
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_auth_methods=[_IssuerAssertion(settings.issuer)],
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "private_key_jwt",
                "revocation_endpoint_auth_method": "private_key_jwt",
                "default_timeout": 10,
                "trust_env": False,
                "verify": settings.ca_file or True,
            },
        )

    def begin(self, language: str, max_age: int | None = None) -> Response:
        """Send the browser to the hub; with `max_age` it asks again when the sign-in is older, in seconds.

        Raises:
            HubUnreachable: its metadata cannot be read.
            SignInFailed: the metadata is another issuer's (Discovery 1.0 4.3).
        """
        if self._metadata().get("issuer") != self._settings.issuer:
            raise SignInFailed("issuer_mismatch")
        response: Response = self._hub.authorize_redirect(
            self._settings.address("/callback"),
            ui_locales=language,
            **({} if max_age is None else {"max_age": max_age}),
        )
        return response

    def finish(self, now: float) -> OfficerSession:
        """Redeem the code of the callback and return a session.

        Raises:
            SignInFailed: not our state, another issuer (RFC 9207), refused, or a bad ID token.
            HubUnreachable: no answer; the attempt is remembered, for the code may be good when it is back.
        """
        if self._hub.framework.get_state_data(session, request.args.get("state")) is None:
            raise SignInFailed("expired_page")
        if request.args.get("iss") != self._settings.issuer:
            raise SignInFailed("issuer_mismatch")
        names = {"iss": _required(self._settings.issuer), "aud": _required(self._settings.client_id)}
        attempt = dict(session)  # Authlib forgets it before it asks the hub
        try:
            token = self._hub.authorize_access_token(claims_options=names, leeway=CLOCK_SKEW_SECONDS)
        except OAuthError as error:
            raise SignInFailed(
                "access_denied" if error.error == "access_denied" else "sign_in_failed"
            ) from error
        except (JoseError, ValueError) as error:
            raise SignInFailed("id_token_invalid") from error
        except OSError as error:
            session.update(attempt)
            raise HubUnreachable from error
        claims = token.get("userinfo")
        if claims is None or not claims.get("sid"):
            raise SignInFailed("id_token_invalid")
        return OfficerSession(
            sub=str(claims["sub"]),
            sid=str(claims["sid"]),
            tokens=_tokens(token, now, token["id_token"], None),
            started_at=now,
            last_seen_at=now,
        )

    def refreshed(self, tokens: Tokens, now: float) -> Tokens | None:
        """Return fresh tokens, or None when the hub gives none any more.

        Raises:
            HubUnreachable: no answer.
        """
        if tokens.refresh_token is None:
            return None
        try:
            token = self._hub.fetch_access_token(
                grant_type="refresh_token", refresh_token=tokens.refresh_token
            )
        except OAuthError:
            return None
        except OSError as error:
            raise HubUnreachable from error
        return _tokens(token, now, tokens.id_token, tokens.refresh_token)

    def revoke(self, tokens: Tokens) -> None:
        """Give the refresh token back: it would outlive the session (RFC 7009). Best effort."""
        if tokens.refresh_token is None:
            return
        try:
            with self._hub._get_oauth_client(**self._metadata()) as client:
                client.revoke_token(
                    self._metadata()["revocation_endpoint"],
                    token=tokens.refresh_token,
                    token_type_hint="refresh_token",
                )
        except (OAuthError, OSError, HubUnreachable):
            return

    def sign_out(self, id_token: str, language: str) -> Response:
        """Send the browser to the hub to end the session there too."""
        self._metadata()
        response: Response = self._hub.logout_redirect(
            self._settings.address("/signed-out"),
            id_token_hint=id_token,
            client_id=self._settings.client_id,
            ui_locales=language,
        )
        return response

    def who_left(self, logout_token: str, now: float) -> tuple[str | None, str | None]:
        """Return the sub and sid that a logout token names (Back-Channel Logout 1.0 2.6).

        Raises:
            SignInFailed: the token is not good.
            HubUnreachable: the hub's keys cannot be read.
        """
        if not logout_token.isascii() or len(logout_token) > MAX_LOGOUT_TOKEN_LENGTH:
            raise SignInFailed("logout_token_invalid")
        names = {"iss": _required(self._settings.issuer), "aud": _required(self._settings.client_id)}
        try:
            claims = self._hub.parse_id_token(
                {"id_token": logout_token}, None, claims_options=names, claims_cls=_LogoutToken
            )
        except (JoseError, ValueError, TypeError) as error:
            raise SignInFailed("logout_token_invalid") from error
        except OSError as error:
            raise HubUnreachable from error
        if not _in_time(claims, now) or not self._seen.first(str(claims.get("jti")), now):
            raise SignInFailed("logout_token_invalid")
        return claims.get("sub"), claims.get("sid")

    def _metadata(self) -> Mapping[str, Any]:
        try:
            metadata: Mapping[str, Any] = self._hub.load_server_metadata()
        except (OSError, ValueError) as error:
            raise HubUnreachable from error
        return metadata


class _IssuerAssertion:
    """private_key_jwt with the issuer as its audience and a minute to live, as the hub demands.

    Authlib's own names the token endpoint, lives an hour, and reuses one jti for every assertion.
    """

    name = "private_key_jwt"

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def __call__(self, auth: Any, method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, str]:
        """Add the assertion to a request's form."""
        assertion = private_key_jwt_sign(
            auth.client_secret,
            client_id=auth.client_id,
            token_endpoint=self._issuer,
            alg="ES256",
            expires_in=ASSERTION_SECONDS,
        )
        fields = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]
        return uri, headers, add_params_to_qs(body or "", fields)


class _LogoutToken(dict[str, Any]):
    """The claims of a logout token, in the shape in which Authlib checks those of an ID token."""

    def __init__(
        self, claims: Mapping[str, Any], header: Mapping[str, Any], options: Mapping[str, Any], _params: Any
    ) -> None:
        super().__init__(claims)
        self._header = header
        self._options = options

    def validate(self, leeway: int) -> None:
        """Raise ValueError unless this tells of a logout and cannot be an ID token."""
        audience = self.get("aud")
        events = self.get("events")
        if str(self._header.get("typ", "")).lower() not in LOGOUT_TYPES:
            raise ValueError("typ")
        if self.get("iss") != self._options["iss"]["value"]:
            raise ValueError("iss")
        if self._options["aud"]["value"] not in (audience if isinstance(audience, list) else [audience]):
            raise ValueError("aud")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in self:
            raise ValueError("events")
        if not any(isinstance(self.get(name), str) and self[name] for name in ("sub", "sid")):
            raise ValueError("sub and sid")


class _SeenOnce:
    """The jti of logout tokens: each is accepted once while it could still be valid."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}

    def first(self, jti: str, now: float) -> bool:
        """Whether a jti is seen for the first time."""
        with self._lock:
            self._seen = {known: at for known, at in self._seen.items() if now - at < 3600}
            if jti in self._seen:
                return False
            self._seen[jti] = now
            return True


def _in_time(claims: Mapping[str, Any], now: float) -> bool:
    iat, exp, jti = claims.get("iat"), claims.get("exp"), claims.get("jti")
    if not isinstance(iat, int | float) or not isinstance(exp, int | float) or not jti:
        return False
    return iat <= now + CLOCK_SKEW_SECONDS and now - CLOCK_SKEW_SECONDS < exp


def _required(value: str) -> dict[str, Any]:
    return {"essential": True, "value": value}


def _tokens(token: Mapping[str, Any], now: float, id_token: str, previous: str | None) -> Tokens:
    return Tokens(
        access_token=str(token["access_token"]),
        expires_at=now + float(token.get("expires_in", 60)),
        refresh_token=token.get("refresh_token") or previous,
        id_token=id_token,
    )
