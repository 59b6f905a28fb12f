"""The management listener, on loopback: /livez, /readyz with reasons, /metrics."""

import http.client
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from sso.hub import Hub
from sso.storage.errors import StorageUnavailable
from sso.web.readiness import findings

ANSWER_SECONDS = 2.0


class Management:
    """Serves the three addresses in threads of the supervising process."""

    def __init__(self, hub: Hub, place: tuple[str, int], web: tuple[str, int], metrics_folder: Path) -> None:
        self._hub = hub
        self._web = web
        self._metrics_folder = metrics_folder
        self._draining = threading.Event()
        self._server = ThreadingHTTPServer(
            place,
            _handler(
                {
                    "/livez": self._livez,
                    "/readyz": self._readyz,
                    "/healthz": self._readyz,
                    "/metrics": self._metrics,
                }
            ),
        )
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="management", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def drain(self) -> None:
        """Answer /readyz with 503 from now on."""
        self._draining.set()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def _livez(self) -> tuple[int, str, bytes]:
        return 200, "application/json", b'{"status":"alive"}'

    def _readyz(self) -> tuple[int, str, bytes]:
        wrong = dict(findings(self._hub))
        if self._draining.is_set():
            wrong["process"] = "shutting down"
        elif not self._web_answers():
            wrong["web"] = "does not answer yet"
        body: Mapping[str, object] = (
            {"status": "not ready", "reasons": wrong} if wrong else {"status": "ready"}
        )
        return (503 if wrong else 200), "application/json", json.dumps(body).encode()

    def _web_answers(self) -> bool:
        connection = http.client.HTTPConnection(*self._web, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _metrics(self) -> tuple[int, str, bytes]:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._metrics_folder))  # type: ignore[no-untyped-call]  # untyped there
        waiting = Gauge("sso_logout_notices_waiting", "Logout notices not yet confirmed", registry=registry)
        try:
            with self._hub.database.read() as stores:
                waiting.set(stores.outbox.pending_count())
        except StorageUnavailable:
            waiting.set(float("nan"))
        return 200, CONTENT_TYPE_LATEST, generate_latest(registry)


def _handler(routes: Mapping[str, Callable[[], tuple[int, str, bytes]]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET by the table of routes."""

        def do_GET(self) -> None:
            """Answer one request."""
            route = routes.get(self.path.partition("?")[0])
            status, kind, body = (
                (404, "application/json", b'{"status":"not found"}') if route is None else route()
            )
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Log nothing: probes come every second."""

    return Handler
