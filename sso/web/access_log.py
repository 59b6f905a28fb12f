"""One log line and one count for each request: the route, never the address with its parameters."""

import logging
import time
from typing import TYPE_CHECKING

from flask import Request as RoutedRequest
from flask import Response
from prometheus_client import Counter, Histogram
from werkzeug import Request

from sso.web.visit import request_id_of, trace_id_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger("sso.access")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are counted by name: anybody may invent others, and each would be a series of its own."""

ROUTE_KEY = "sso.route"
"""What the path is an instance of, where Flask did not find it."""
_STARTED_KEY = "sso.started_at"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
REQUESTS = Counter(
    "sso_requests_total", "Requests by route, method and status", ["route", "method", "status"]
)
SECONDS = Histogram(
    "sso_request_seconds", "Seconds from the first line to the answer", ["route"], buckets=_BUCKETS
)


def begin(environ: "WSGIEnvironment") -> None:
    """Note when a request began."""
    environ[_STARTED_KEY] = time.perf_counter()


def finish(request: Request, response: Response) -> None:
    """Log and count a request that is about to be answered."""
    seconds = time.perf_counter() - request.environ.get(_STARTED_KEY, time.perf_counter())
    route = _route_of(request)
    method = request.method if request.method in _METHODS else "other"
    REQUESTS.labels(route, method, str(response.status_code)).inc()
    SECONDS.labels(route).observe(seconds)
    if log.isEnabledFor(logging.INFO):
        fields = {
            "request_id": request_id_of(request),
            "trace_id": trace_id_of(request),
            "method": method,
            "route": route,
            "status": response.status_code,
            "duration_ms": round(seconds * 1000, 1),
        }
        log.info("request", extra=fields)


def _route_of(request: Request) -> str:
    if isinstance(request, RoutedRequest):
        return "unknown" if request.url_rule is None else request.url_rule.rule
    return str(request.environ[ROUTE_KEY])
