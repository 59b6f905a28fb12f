"""The management listener, on loopback: /livez, /readyz with reasons, /metrics."""

import http.client
import json
import logging
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from sso import __version__
from sso.cli.management_anchors import last_anchor, measure_anchors
from sso.cli.management_directories import measure_directories
from sso.cli.management_log import late_log, measure_unjudged, measure_waiting
from sso.cli.management_sinks import measure_sinks
from sso.config import Configuration
from sso.hub import Hub
from sso.storage.errors import StorageUnavailable
from sso.web.readiness import Readiness

log = logging.getLogger("sso.management")

ANSWER_SECONDS = 2.0
IDLE_SECONDS = 10.0
Answer = tuple[int, str, bytes]


class Management:
    """Serves the addresses in threads of the supervising process."""

    def __init__(self, hub: Hub, place: tuple[str, int], web: tuple[str, int], metrics_folder: Path) -> None:
        self._hub = hub
        self._readiness = Readiness(hub)
        self._web = web
        self._metrics_folder = metrics_folder
        self._draining = threading.Event()
        routes = {
            "/livez": self._livez,
            "/readyz": self._readyz,
            "/healthz": self._readyz,
            "/metrics": self._metrics,
        }
        listener = _ListenerOnIpv6 if ":" in place[0] else _Listener
        self._server = listener(place, _handler(routes))
        self._thread = threading.Thread(target=self._server.serve_forever, name="management", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def renew(self, configuration: Configuration) -> None:
        """Tell by another configuration from now on: its limits, its directories, sinks and witnesses."""
        self._hub = replace(self._hub, configuration=configuration, directories=configuration.directories)

    def drain(self) -> None:
        """Answer /readyz with 503 from now on."""
        self._draining.set()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def _livez(self) -> Answer:
        return 200, "application/json", b'{"status":"alive"}'

    def _readyz(self) -> Answer:
        wrong = {"process": "shutting down"} if self._draining.is_set() else self._wrong()
        body: Mapping[str, object] = (
            {"status": "not ready", "reasons": wrong} if wrong else {"status": "ready", **self._log()}
        )
        return (503 if wrong else 200), "application/json", json.dumps(body).encode()

    def _log(self) -> Mapping[str, object]:
        said = {**last_anchor(self._hub), **late_log(self._hub)}
        return {"audit": said} if said else {}

    def _wrong(self) -> dict[str, str]:
        wrong = dict(self._readiness.findings())
        if not wrong and not self._web_answers():
            wrong["web"] = "does not answer yet"
        return wrong

    def _web_answers(self) -> bool:
        connection = http.client.HTTPConnection(*self._web, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _metrics(self) -> Answer:
        self._forget_the_dead()
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._metrics_folder))  # type: ignore[no-untyped-call]  # untyped there
        Gauge("sso_build_info", "The release that runs", ["version"], registry=registry).labels(
            __version__
        ).set(1)
        ready = Gauge("sso_ready", "1 while /readyz answers 200", registry=registry)
        ready.set(0 if self._draining.is_set() or self._readiness.findings() else 1)
        waiting = Gauge("sso_logout_notices_waiting", "Logout notices not yet confirmed", registry=registry)
        try:
            with self._hub.database.read() as stores:
                waiting.set(stores.outbox.pending_count())
        except StorageUnavailable:
            waiting.set(float("nan"))
        measure_anchors(self._hub, registry)
        measure_waiting(self._hub, registry)
        measure_unjudged(self._hub, registry)
        measure_directories(self._hub, registry)
        measure_sinks(self._hub, registry)
        return 200, CONTENT_TYPE_LATEST, generate_latest(registry)

    def _forget_the_dead(self) -> None:
        """Remove the gauges of processes that ended: what they last said is no longer so."""
        for file in self._metrics_folder.glob("gauge_live*_*.db"):
            pid = file.stem.rpartition("_")[2]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists():
                mark_process_dead(int(pid), str(self._metrics_folder))  # type: ignore[no-untyped-call]  # untyped there


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Log what went wrong with one request; the next one is answered."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            log.error("a management request failed", exc_info=error)


class _ListenerOnIpv6(_Listener):
    address_family = socket.AF_INET6


def _handler(routes: Mapping[str, Callable[[], Answer]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET by the table of routes."""

        timeout = IDLE_SECONDS

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
