"""A site of an application: publishes documents over real HTTPS on loopback, and counts who asks."""

import json
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sso.cli.demo.certificate import CertificateWish, write_certificates


@dataclass
class Document:
    """What is at a path: `content` as it is, or as JSON."""

    content: Any
    status: int = 200
    media_type: str = "application/json"
    delay_seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


class Publisher:
    """Serves `documents` by path while the block lasts; `asked` counts the requests."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_certificates(folder, CertificateWish(), datetime.now(UTC))
        self.ca_file = folder / "ca.pem"
        self.documents: dict[str, Document] = {}
        self.asked: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self._server.server_port}"

    def publish(self, path: str, content: Any, **more: Any) -> str:
        """Put a document at a path and return its address."""
        self.documents[path] = Document(content, **more)
        return self.origin + path

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
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked[self.path] += 1
                found = publisher.documents.get(self.path, Document({}, status=404))
                time.sleep(found.delay_seconds)
                self.send_response(found.status)
                headers = {"Content-Type": found.media_type, "Content-Length": str(len(found.body))}
                for name, value in (headers | found.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(found.body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
