"""A platform that says whatever a test wants: real HTTP on loopback, and nothing true in it."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from sso.oidc.jose import sign
from sso.oidc.keys import SigningKey
from tests.oidc.examples import signing_key

CLIENT_ID = "provincial-hub"
ACCESS_TOKEN = "access-token-of-the-platform"


@dataclass
class Said:
    """One answer: JSON, or bytes as they are."""

    content: Any
    status: int = 200
    media_type: str = "application/json"
    delay_seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


class Platform:
    """Answers at its paths while the block lasts; `claims` and `key` make its ID tokens."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
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
        self.said: dict[str, Said] = {}
        self.others = Said({}, status=404)
        self.id_token: Callable[[], str] = self.good_id_token
        self.forms.clear()
        self.asked.clear()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

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

    def answer(self, path: str) -> Said:
        """What is at a path."""
        if path in self.said:
            return self.said[path]
        if path == "/.well-known/openid-configuration":
            return Said(self._metadata())
        if path == "/jwks":
            return Said(self.jwks)
        if path == "/token":
            return Said(
                {
                    "access_token": ACCESS_TOKEN,
                    "token_type": "Bearer",
                    "expires_in": 60,
                    "id_token": self.id_token(),
                }
            )
        if path == "/userinfo":
            return Said(self.userinfo)
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

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(platform.answer(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                platform.forms.append({name: values[0] for name, values in parse_qs(body).items()})
                self._say(platform.answer(self.path))

            def _say(self, said: Said) -> None:
                platform.asked[self.path] += 1
                time.sleep(said.delay_seconds)
                body = said.content if isinstance(said.content, bytes) else json.dumps(said.content).encode()
                self.send_response(said.status)
                headers = {"Content-Type": said.media_type, "Content-Length": str(len(body))}
                for name, value in (headers | said.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # the hub has heard enough

            def log_message(self, *_: object) -> None:
                pass

        return Handler
