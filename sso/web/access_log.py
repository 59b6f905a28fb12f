"""One log line and one count for each request: the route, never the address with its parameters."""

import logging
import time

from flask import Flask, Response, request
from prometheus_client import Counter, Histogram

from sso.hub import Hub
from sso.web.visit import origin_of, request_id_of

log = logging.getLogger("sso.access")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are counted by name: anybody may invent others, and each would be a series of its own."""

_STARTED_KEY = "sso.started_at"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
REQUESTS = Counter(
    "sso_requests_total", "Requests by route, method and status", ["route", "method", "status"]
)
SECONDS = Histogram(
    "sso_request_seconds", "Seconds from the first line to the answer", ["route"], buckets=_BUCKETS
)


def register(app: Flask, hub: Hub) -> None:
    """Log and count every request of an application."""
    trusted = hub.configuration.settings.server.trusted_proxies

    def start() -> None:
        request.environ[_STARTED_KEY] = time.perf_counter()
        request_id_of(request)

    def finish(response: Response) -> Response:
        seconds = time.perf_counter() - request.environ.get(_STARTED_KEY, time.perf_counter())
        route = request.url_rule.rule if request.url_rule is not None else "unknown"
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(route, method, str(response.status_code)).inc()
        SECONDS.labels(route).observe(seconds)
        if log.isEnabledFor(logging.INFO):
            fields = {
                "request_id": request_id_of(request),
                "trace_id": origin_of(request, trusted).trace_id,
                "method": method,
                "route": route,
                "status": response.status_code,
                "duration_ms": round(seconds * 1000, 1),
            }
            log.info("request", extra=fields)
        return response

    app.before_request(start)
    app.after_request(finish)
