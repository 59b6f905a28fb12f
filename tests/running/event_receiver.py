"""A receiver of pushed security events (RFC 8935 2.2) over real HTTPS on loopback, as bad as wanted."""

import json
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sso.cli.demo.certificate import CertificateWish, write_certificates


@dataclass
class Pushed:
    """One request as it came."""

    media_type: str
    accept: str
    token: str


class EventReceiver:
    """Listens while the block lasts; answers with `status` and, when it refuses, with `refusal`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_certificates(folder, CertificateWish(), datetime.now(UTC))
        self.ca_file = folder / "ca.pem"
        self.pushed: list[Pushed] = []
        self.status = 202
        self.refusal: dict[str, Any] = {"err": "invalid_request", "description": "not today"}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def uri(self) -> str:
        return f"https://127.0.0.1:{self._server.server_port}/events"

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
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
                receiver.pushed.append(Pushed(self.headers["Content-Type"], self.headers["Accept"], body))
                answer = b"" if receiver.status == 202 else json.dumps(receiver.refusal).encode()
                self.send_response(receiver.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler
