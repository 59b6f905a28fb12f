"""A developer at the keyboard: asks a real hub for a sign-in by hand, and reads what comes back."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer

REDIRECT_URI = "http://127.0.0.1:9/cb"
"""Nobody listens there: the visitor turns back at its door."""


@dataclass
class Developer:
    """One application of a hub, registered and tried out by hand."""

    hub: HubServer
    client: dict[str, Any]
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def params(self, **changes: str | None) -> dict[str, str]:
        """A good authorization request; None leaves a parameter out."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        values: dict[str, str | None] = {
            "client_id": self.client["client_id"],
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "openid email",
            "state": "af0ifjsldkj",
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (values | changes).items() if value is not None}

    def post(self, path: str, form: dict[str, Any], *, proven: bool = True) -> httpx.Response:
        """Call an endpoint as the client, by its secret."""
        auth = (self.client["client_id"], self.client["client_secret"]) if proven else None
        url = f"{self.hub.issuer}{path}"
        return httpx.post(url, data=form, auth=auth, trust_env=False, verify=False, timeout=20)

    def push(self, **changes: str | None) -> str:
        """Push a request and return its request_uri."""
        answer = self.post("/oauth2/par", self.params(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["request_uri"])

    def address(self, **params: str | list[str]) -> str:
        """The address to which the application sends the browser."""
        return f"{self.hub.issuer}/oauth2/authorize?{urlencode(params, doseq=True)}"

    def pushed_address(self, request_uri: str) -> str:
        return self.address(client_id=self.client["client_id"], request_uri=request_uri)

    def redeem(self, code: str, **changes: str | list[str]) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        return self.post("/oauth2/token", form | {"code_verifier": self.verifier} | changes)


def answer_of(url: str, *, part: str = "query") -> dict[str, str]:
    """The parameters that came back at the application's address."""
    assert url.startswith(REDIRECT_URI), url
    return dict(parse_qsl(getattr(urlsplit(url), part), keep_blank_values=True))


def registered(hub: HubServer, *options: str, **metadata: Any) -> Developer:
    """A developer whose application has these fields of client metadata."""
    fields = (
        part for name, value in metadata.items() for part in ("--metadata", f"{name}={json.dumps(value)}")
    )
    return Developer(hub, hub.add_client("--redirect-uri", REDIRECT_URI, *options, *fields))


def signed_in(hub: HubServer) -> Visitor:
    """A citizen's browser that is signed in at the hub."""
    visitor = Visitor()
    visitor.open(f"{hub.issuer}/sign-in")
    visitor.sign_in("tuya", PASSWORD)
    return visitor
