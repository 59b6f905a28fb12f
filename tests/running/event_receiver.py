"""A receiver of pushed security events (RFC 8935 2.2) over real HTTPS on loopback, as bad as wanted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.loopback import Answer, LoopbackServer, Request


@dataclass
class Pushed:
    """One request as it came."""

    media_type: str
    accept: str
    token: str


class EventReceiver(LoopbackServer):
    """Listens at `uri` while the block lasts; answers with `status` and, when it refuses, with `refusal`."""

    def __init__(self, folder: Path) -> None:
        self.ca_file = folder / "ca.pem"
        self.pushed: list[Pushed] = []
        self.status = 202
        self.refusal: dict[str, Any] = {"err": "invalid_request", "description": "not today"}
        super().__init__(self._keep, folder)
        self.uri = f"{self.origin}/events"

    def _keep(self, request: Request) -> Answer:
        headers, token = request.headers, request.body.decode("ascii")
        self.pushed.append(Pushed(headers["Content-Type"], headers["Accept"], token))
        return Answer(b"" if self.status == 202 else self.refusal, self.status)
