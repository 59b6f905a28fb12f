"""The code flow as a client of another provider, through Authlib: PKCE, nonce, and the proof of the hub.

OpenID Connect Core 3.1.2.1, 3.1.3; RFC 7636; RFC 7523 3. Authlib makes the request and reads the answer; what
carries both is the one fetcher, so that no request of its own leaves the hub.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from authlib.common.urls import add_params_to_qs
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from sso.audit.record import JsonValue
from sso.authentication.upstream.settings import ClientProof, UpstreamSettings
from sso.oidc.digest import new_id
from sso.oidc.jose import sign
from sso.oidc.keys import KeyRing
from sso.outbound.fetcher import Answer, Form, NoAnswer
from sso.outbound.upstream.published import Metadata, UpstreamUnavailable

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_JWT_TYPE = "client-authentication+jwt"
ASSERTION_LIFETIME = timedelta(minutes=1)
MAX_TOKEN_LENGTH = 16_384
MAX_ERROR_LENGTH = 64

Call = Callable[[str, Form | None, str | None], Answer]
"""Post a form to an address, or read it without one, with an Authorization header."""


class UpstreamRefused(Exception):
    """The provider refused; `error` is its code, in our characters."""

    def __init__(self, error: object) -> None:
        self.error = "".join(c for c in str(error)[:MAX_ERROR_LENGTH] if c.isalnum() or c in "_-.")
        super().__init__(self.error)


@dataclass(frozen=True, slots=True)
class Question:
    """What a browser asks of the provider: its secrets, and what the person's service wants."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    wishes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave."""

    id_token: str = field(repr=False)
    access_token: str | None = field(repr=False)


class CodeFlow:
    """The hub as a client of one provider; `redirect_uri` is where browsers come back to."""

    def __init__(
        self, settings: UpstreamSettings, redirect_uri: str, keys: Callable[[], KeyRing], call: Call
    ) -> None:
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._keys = keys
        self._call = call

    def address(self, metadata: Metadata, question: Question) -> str:
        """Return where to send the browser."""
        address, _ = self._client(None).create_authorization_url(
            metadata.authorization_endpoint,
            state=question.state,
            code_verifier=question.verifier,
            nonce=question.nonce,
            **question.wishes,
        )
        return str(address)

    def redeem(self, metadata: Metadata, code: str, verifier: str, now: datetime) -> Tokens:
        """Return the tokens of a code.

        Raises:
            UpstreamRefused: with the provider's error.
            UpstreamUnavailable: no answer, or none that can be read.
        """
        client = self._client(_Assertion(self._settings, self._keys(), metadata, now))
        try:
            told = client.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                redirect_uri=self._redirect_uri,
            )
        except OAuth2Error as error:
            raise UpstreamRefused(error.error) from error
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise UpstreamUnavailable(f"token endpoint: no token response, {type(error).__name__}") from error
        return Tokens(_token(told, "id_token") or "", _token(told, "access_token"))

    def userinfo(self, address: str, access_token: str) -> Mapping[str, JsonValue]:
        """Return what the userinfo endpoint says (Core 5.3).

        Raises:
            UpstreamUnavailable: it says nothing that can be read.
        """
        answer = self._call(address, None, f"Bearer {access_token}")
        if answer.status != 200:
            raise UpstreamUnavailable(f"userinfo: the answer has status {answer.status}")
        try:
            told = answer.json()
        except NoAnswer as error:
            raise UpstreamUnavailable(f"userinfo: {error}") from error
        if not isinstance(told, Mapping):
            raise UpstreamUnavailable("userinfo: the answer is not a JSON object")
        return told

    def _client(self, proof: "_Assertion | None") -> Any:
        settings = self._settings
        client = OAuth2Client(
            session=_Session(self._call),
            client_id=settings.client_id,
            client_secret=settings.secret or None,
            token_endpoint_auth_method=settings.proof.value,
            scope=" ".join(settings.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )
        if proof is not None and settings.proof is ClientProof.PRIVATE_KEY_JWT:
            client.register_client_auth_method((settings.proof.value, proof))
        return client


@dataclass(frozen=True, slots=True, eq=False)
class _Assertion:
    """private_key_jwt by the hub's own signing key: the provider finds it at the hub's jwks_uri.

    Authlib's own lives an hour, reuses its jti, and wants the private key in its hands, which a hardware
    module does not give away.
    """

    settings: UpstreamSettings
    keys: KeyRing
    metadata: Metadata
    now: datetime

    def __call__(self, _auth: Any, _method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, str]:
        """Add the assertion to a request's form (RFC 7523 2.2)."""
        issued_at, settings = int(self.now.timestamp()), self.settings
        claims = {
            "iss": settings.client_id,
            "sub": settings.client_id,
            "aud": settings.assertion_audience or settings.issuer,
            "iat": issued_at,
            "exp": issued_at + int(ASSERTION_LIFETIME.total_seconds()),
            "jti": new_id(),
        }
        key = self.keys.signing(settings.assertion_algorithm, self.now)
        fields = [
            ("client_id", settings.client_id),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", sign(claims, key, ASSERTION_JWT_TYPE)),
        ]
        return uri, headers, add_params_to_qs(body or "", fields)


@dataclass(frozen=True, slots=True)
class _Session:
    """What Authlib takes for a session: it posts through the one fetcher."""

    call: Call

    def post(self, url: str, data: Mapping[str, str], headers: dict[str, str], auth: Any) -> "_Response":
        """Post a form with the client's proof."""
        fields = add_params_to_qs("", list(data.items()))
        url, proven, body = auth.prepare("POST", url, {**headers}, fields)
        form = Form(url, dict(parse_qsl(body, keep_blank_values=True)))
        return _Response(self.call(url, form, proven.get("Authorization")))


@dataclass(frozen=True, slots=True)
class _Response:
    """What Authlib takes for a response."""

    answer: Answer

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.answer.status

    def json(self) -> JsonValue:
        """The document; ValueError where there is none."""
        if not self.answer.complete:
            raise ValueError("the answer is too long")
        found: JsonValue = json.loads(self.answer.body)
        return found

    def raise_for_status(self) -> None:
        """Refuse anything but 200."""
        if self.status_code != 200:
            raise ValueError(f"the answer has status {self.status_code}")


def _token(told: Mapping[str, object], name: str) -> str | None:
    value = told.get(name)
    if isinstance(value, str) and value.isascii() and 0 < len(value) <= MAX_TOKEN_LENGTH:
        return value
    if name == "id_token":
        raise UpstreamRefused("no_id_token")
    return None
