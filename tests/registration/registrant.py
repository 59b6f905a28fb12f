"""An application that registers itself at a real hub, and remembers what it was told."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from tests.servers.hub import HubServer

TRUST = ec.generate_private_key(ec.SECP256R1())
"""Signs software statements; the hub of these tests trusts it."""
REDIRECT_URI = "https://housing.example/cb"


@dataclass
class Registrant:
    """Bare HTTP: what is sent is what the test says."""

    hub: HubServer
    told: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, url: str, token: str | None = None, **request: Any) -> httpx.Response:
        headers = request.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        # Nothing here is TLS, and loading the authorities takes longer than a registration.
        return httpx.request(
            method, url, headers=headers, trust_env=False, verify=False, timeout=20, **request
        )

    def post(self, document: Any, token: str | None = None, **request: Any) -> httpx.Response:
        sent = {"json": document} if "content" not in request else {}
        return self.ask("POST", f"{self.hub.issuer}/oauth2/register", token, **sent, **request)

    def register(self, token: str | None = None, **metadata: Any) -> dict[str, Any]:
        """Register with good metadata and these changes."""
        answer = self.post({"redirect_uris": [REDIRECT_URI], "client_name": "Housing", **metadata}, token)
        assert answer.status_code == 201, answer.text
        self.told = answer.json()
        return self.told

    @property
    def uri(self) -> str:
        return str(self.told["registration_client_uri"])

    @property
    def token(self) -> str:
        return str(self.told["registration_access_token"])

    def read(self, token: str | None = None) -> httpx.Response:
        return self.ask("GET", self.uri, token or self.token)

    def replace(self, token: str | None = None, **metadata: Any) -> httpx.Response:
        """Put a registration in place of the present one; what is told anew is remembered."""
        document = {"client_id": self.told["client_id"], "redirect_uris": [REDIRECT_URI], **metadata}
        answer = self.ask("PUT", self.uri, token or self.token, json=document)
        if answer.status_code == 200:
            self.told = self.told | answer.json()
        return answer

    def remove(self, token: str | None = None) -> httpx.Response:
        return self.ask("DELETE", self.uri, token or self.token)


def discovered(hub: HubServer) -> dict[str, Any]:
    address = f"{hub.issuer}/.well-known/openid-configuration"
    return dict(httpx.get(address, trust_env=False, verify=False, timeout=20).json())
