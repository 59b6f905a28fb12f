"""A department's application as bare HTTP: every code and token that it receives is remembered.

What it sends and gets is plain httpx, so that a dead connection is seen as what it is.
"""

import base64
import hashlib
import json
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer

REDIRECT_URI = "http://127.0.0.1:9/cb"
"""Nobody listens there: the code is read from the redirect."""


def registered(hub: HubServer, *more: str, name: str = "Housing") -> "Application":
    """Register a trusted client that may do every grant."""
    grants = ("authorization_code", "refresh_token", "client_credentials")
    client = hub.add_client(
        *("--redirect-uri", REDIRECT_URI, "--scope", "openid profile offline_access", "--trusted"),
        *("--auth-method", "client_secret_post"),
        *(part for grant in grants for part in ("--grant-type", grant)),
        *more,
        name=name,
    )
    return Application(hub.issuer, client["client_id"], client["client_secret"])


def signed_in(
    application: "Application", login_name: str = "tuya", password: str = PASSWORD
) -> dict[str, str]:
    """Sign a person in through the pages and return the cookies of that browser."""
    with Visitor() as visitor:
        visitor.open(application.authorization_url(secrets.token_urlsafe(32)))
        visitor.sign_in(login_name, password, until=REDIRECT_URI)
        return visitor.cookies()


@dataclass
class Application:
    """One client of a hub. Safe for threads."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(verify=False, trust_env=False, timeout=15)
    )
    codes: list[str] = field(default_factory=list)
    access_tokens: list[str] = field(default_factory=list)
    redemptions: list[str] = field(default_factory=list)
    """A code once for every 200 that redeeming it brought."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def authorization_url(self, verifier: str, **more: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid profile offline_access",
            "state": secrets.token_urlsafe(8),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.issuer}/oauth2/authorize?{urlencode(asked | more)}"

    def ask_code(self, cookies: dict[str, str], verifier: str, **more: str) -> str | None:
        """Ask for a code with the cookies of a signed-in browser; None when the answer is no redirect."""
        sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
        response = self.http.get(self.authorization_url(verifier, **more), headers={"Cookie": sent})
        if response.status_code != 303 or not response.headers["Location"].startswith(REDIRECT_URI):
            return None
        code = parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]
        with self._lock:
            self.codes.append(code)
        return code

    def redeem(self, code: str, verifier: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
        response = self.token(form | {"code": code})
        if response.status_code == 200:
            with self._lock:
                self.redemptions.append(code)
        return response

    def refresh(self, refresh_token: str) -> httpx.Response:
        return self.token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def client_credentials(self) -> httpx.Response:
        return self.token({"grant_type": "client_credentials"})

    def token(self, form: dict[str, str]) -> httpx.Response:
        credentials = {"client_id": self.client_id, "client_secret": self.client_secret}
        response = self.http.post(f"{self.issuer}/oauth2/token", data=form | credentials)
        if response.status_code == 200:
            with self._lock:
                self.access_tokens.append(response.json()["access_token"])
        return response


def jti_of(token: str) -> str:
    return str(claims_of(token)["jti"])


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def code_prefix_of(code: str) -> str:
    """How `code.issued` names a code."""
    return hashlib.sha256(code.encode()).hexdigest()[:16]
