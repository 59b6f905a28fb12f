"""An HTTP server on loopback that says what a test wants: what receivers and publishers are made of."""

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sso.cli.demo.certificate import CertificateWish, write_certificates


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    path: str
    headers: Message
    body: bytes


@dataclass
class Answer:
    """What is said: `content` as it is, or as JSON."""

    content: Any = b""
    status: int = 200
    media_type: str = "application/json"
    delay_seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


class LoopbackServer:
    """Answers GET and POST with what `respond` returns, each in a thread, while the block lasts.

    With a folder it speaks TLS: the folder then holds its certificate and `ca.pem`, the authority.
    """

    def __init__(self, respond: Callable[[Request], Answer], folder: Path | None = None) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(respond))
        self._server.daemon_threads = True
        scheme = "http"
        if folder is not None:
            scheme = "https"
            self._server.socket = _tls(folder).wrap_socket(self._server.socket, server_side=True)
        self.origin = f"{scheme}://127.0.0.1:{self._server.server_port}"

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


def _tls(folder: Path) -> ssl.SSLContext:
    folder.mkdir(parents=True, exist_ok=True)
    write_certificates(folder, CertificateWish(), datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def _handler(respond: Callable[[Request], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = respond(Request(self.path, self.headers, body))
            time.sleep(answer.delay_seconds)
            self.send_response(answer.status)
            headers = {"Content-Type": answer.media_type, "Content-Length": str(len(answer.body))}
            for name, value in (headers | answer.headers).items():
                self.send_header(name, value)
            with contextlib.suppress(OSError):  # who asked has heard enough
                self.end_headers()
                self.wfile.write(answer.body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
