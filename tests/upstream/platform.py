"""A platform that says whatever a test wants: real HTTP on loopback, and nothing true in it."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from sso.oidc.jose import sign
from sso.oidc.keys import SigningKey
from tests.oidc.examples import signing_key
from tests.servers.loopback import Answer, LoopbackServer, Request

CLIENT_ID = "provincial-hub"
ACCESS_TOKEN = "access-token-of-the-platform"


class Platform(LoopbackServer):
    """Answers at its paths while the block lasts; `claims` and `key` make its ID tokens."""

    def __init__(self) -> None:
        super().__init__(self._respond)
        self.forms: list[dict[str, str]] = []
        self.asked: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Be a good platform again."""
        self.key: SigningKey = signing_key("ES256")
        self.typ = "JWT"
        self.nonce = ""
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.jwks: dict[str, Any] = {"keys": [dict(signing_key("ES256").public_jwk)]}
        self.userinfo: dict[str, Any] = {"sub": "citizen-1", "name": "Tuya Bat", "email": "tuya@example.org"}
        self.said: dict[str, Answer] = {}
        self.others = Answer({}, status=404)
        self.id_token: Callable[[], str] = self.good_id_token
        self.forms.clear()
        self.asked.clear()

    @property
    def issuer(self) -> str:
        return self.origin

    def good_id_token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "citizen-1",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "auth_time": now - 30,
            "nonce": self.nonce,
            "acr": "high",
            "sid": "session-there",
            **self.claims,
            **changes,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        return sign(told, self.key, self.typ)

    def _respond(self, request: Request) -> Answer:
        self.asked[request.path] += 1
        if request.body:
            form = parse_qs(request.body.decode())
            self.forms.append({name: values[0] for name, values in form.items()})
        return self._at(request.path)

    def _at(self, path: str) -> Answer:
        if path in self.said:
            return self.said[path]
        if path == "/.well-known/openid-configuration":
            return Answer(self._metadata())
        if path == "/jwks":
            return Answer(self.jwks)
        if path == "/token":
            return Answer(
                {
                    "access_token": ACCESS_TOKEN,
                    "token_type": "Bearer",
                    "expires_in": 60,
                    "id_token": self.id_token(),
                }
            )
        if path == "/userinfo":
            return Answer(self.userinfo)
        return self.others

    def _metadata(self) -> dict[str, Any]:
        paths = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/jwks",
            "userinfo_endpoint": "/userinfo",
            "end_session_endpoint": "/end",
        }
        return {
            "issuer": self.issuer,
            **{name: f"{self.issuer}{path}" for name, path in paths.items()},
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }
