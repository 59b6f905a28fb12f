"""An issuer of a few lines that lies when it is told to: to see that the sample refuses what it must refuse.

The hub never does any of this, so no hub can show it. Everyone who comes here is signed in at once.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "housing"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)


@dataclass
class SmallIssuer:
    """What it says of the person, and the lies: values that replace what would be true."""

    url: str
    key: RSAKey = field(default_factory=_key)
    next_key: RSAKey = field(default_factory=_key)
    published: list[RSAKey] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "tuya-4711", "sid": "session-1"})
    answer: dict[str, str] = field(default_factory=dict)
    id_token: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    asked_for_keys: int = 0
    _pending: dict[str, dict[str, str]] = field(default_factory=dict)

    def signed(self, claims: dict[str, Any], typ: str = "JWT", key: RSAKey | None = None) -> str:
        """Return a JWT of these claims; those that are None are left out."""
        key = key or self.key
        there = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": key.kid, "typ": typ}, there, key)

    def logout_token(self, *, typ: str = "logout+jwt", key: RSAKey | None = None, **changes: Any) -> str:
        """Return a logout token (Back-Channel Logout 1.0, 2.4), good but for the changes."""
        now = int(time.time())
        good = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(8),
            "events": {LOGOUT_EVENT: {}},
            **self.claims,
        }
        return self.signed(good | changes, typ, key)

    def discovery(self) -> dict[str, Any]:
        told = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return told | self.metadata

    def jwks(self) -> dict[str, Any]:
        self.asked_for_keys += 1
        return {"keys": [key.as_dict(private=False) for key in self.published or [self.key]]}

    def authorized(self, asked: dict[str, str]) -> str:
        """Return where the browser is sent: back, with a code."""
        code = secrets.token_urlsafe(8)
        self._pending[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.url} | self.answer
        return (
            f"{asked['redirect_uri']}?{urlencode({name: value for name, value in answer.items() if value})}"
        )

    def tokens(self, form: dict[str, str]) -> dict[str, Any]:
        asked = self._pending.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        now = int(time.time())
        good = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "auth_time": now}
        id_token = self.signed(good | self.claims | {"nonce": asked["nonce"]} | self.id_token)
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": id_token}


@contextmanager
def small_issuer(port: int) -> Iterator[SmallIssuer]:
    """Serve one on a loopback port while the block lasts."""
    issuer = SmallIssuer(f"http://127.0.0.1:{port}")

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            match parts.path:
                case "/.well-known/openid-configuration":
                    self._json(issuer.discovery())
                case "/jwks":
                    self._json(issuer.jwks())
                case "/userinfo":
                    self._json({"sub": issuer.claims["sub"], "name": "Tuya Bat"} | issuer.userinfo)
                case "/authorize":
                    self._redirect(issuer.authorized(asked))
                case "/logout":
                    back = {"state": asked["state"]} | issuer.answer
                    self._redirect(f"{asked['post_logout_redirect_uri']}?{urlencode(back)}")
                case _:
                    self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._json(issuer.tokens({name: values[0] for name, values in parse_qs(body).items()}))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _json(self, value: dict[str, Any]) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _redirect(self, address: str) -> None:
            self.send_response(303)
            self.send_header("Location", address)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
