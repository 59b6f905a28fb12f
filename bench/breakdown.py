"""Where the time of a request goes: samples of the running stack, sorted by whose code it is.

The hub's WSGI application runs in this process, one request after the other on the database of the run; a
timer interrupts every half millisecond of wall clock, waiting included, and notes the innermost frame that
belongs to one of the parts below. HTTP server and sockets are not in it.
"""

import io
import logging
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit

from flask import Flask

from bench.load import Unexpected
from bench.providers import REDIRECT_URI, VERIFIER, Provider, authorization_path
from sso.config import load
from sso.config.logs import configure
from sso.hub import build
from sso.web.app import create_app
from tests.servers.hub import HubServer

INTERVAL_SECONDS = 0.0005
_PARTS = (
    ("/psycopg", "PostgreSQL and its driver"),
    ("/sqlalchemy/", "SQLAlchemy"),
    ("/sso/storage/", "our storage"),
    ("/jwt/", "signing and verifying"),
    ("/cryptography/", "signing and verifying"),
    ("/sso/oidc/jose", "signing and verifying"),
    ("/sso/oidc/", "protocol core"),
    ("/sso/audit/", "audit records"),
    ("/logging/", "log and counters"),
    ("/sso/config/logs", "log and counters"),
    ("/prometheus_client/", "log and counters"),
    ("/sso/web/access_log", "log and counters"),
    ("/sso/web/", "our endpoints"),
    ("/flask/", "Flask and Werkzeug"),
    ("/werkzeug/", "Flask and Werkzeug"),
)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One call: milliseconds of a request in this process, and the share of each part, largest first."""

    call: str
    milliseconds: float
    shares: list[tuple[str, float]]


def breakdowns(hub: HubServer, provider: Provider, seconds: float) -> list[Breakdown]:
    """Sample client_credentials, then code redemption."""
    os.environ["SSO_CONFIG"] = str(hub.config_file)
    built = build(load())
    nowhere = _log_as_the_hub_does(built.configuration.settings.log.level)
    try:
        app = create_app(built)
        caller = _Caller(app, provider)
        return [
            _sampled("client_credentials", [caller.client_credentials()], seconds, app),
            _sampled("code redemption", caller.redemptions(int(seconds * 150)), seconds, app),
        ]
    finally:
        built.close()
        logging.getLogger().handlers.clear()
        nowhere.close()
        del os.environ["SSO_CONFIG"]


def _log_as_the_hub_does(level: str) -> TextIO:
    """Write the hub's log lines, which are part of what a request costs, to nowhere."""
    configure(level)
    nowhere = Path(os.devnull).open("w", encoding="utf-8")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(nowhere)
    return nowhere


class _Caller:
    """Makes WSGI environments without any server."""

    def __init__(self, app: Flask, provider: Provider) -> None:
        self._client = app.test_client(use_cookies=False)
        self._app, self._provider = app, provider

    def client_credentials(self) -> dict[str, Any]:
        return self._token({"grant_type": "client_credentials", "scope": "api"})

    def redemptions(self, number: int) -> list[dict[str, Any]]:
        return [self._redemption() for _ in range(number)]

    def _redemption(self) -> dict[str, Any]:
        given = self._provider
        path = authorization_path(given.paths, given.client_id, given.scope)
        response = self._client.get(path, base_url=f"http://{given.host}", headers={"Cookie": given.cookies})
        code = parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]
        return self._token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT_URI,
                "code_verifier": VERIFIER,
            }
        )

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        given = self._provider
        with self._app.test_request_context(
            given.paths.token,
            base_url=f"http://{given.host}",
            method="POST",
            data=form,
            auth=(given.client_id, given.client_secret),
            environ_base={"REMOTE_ADDR": "127.0.0.1"},
        ) as context:
            environ = {
                name: value
                for name, value in context.request.environ.items()
                if not name.startswith("werkzeug.")
            }
            environ["body"] = context.request.get_data()
        return environ


def _sampled(call: str, environs: list[dict[str, Any]], seconds: float, app: Flask) -> Breakdown:
    """Run requests, a single one again and again, and sample from the second on."""
    counted: Counter[str] = Counter()

    def note(_number: int, frame: FrameType | None) -> None:
        counted[_part(frame)] += 1

    _ask(app, environs[0])
    rest = environs[1:] or environs
    previous = signal.signal(signal.SIGALRM, note)
    done, began = 0, time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, INTERVAL_SECONDS, INTERVAL_SECONDS)
    try:
        while time.perf_counter() - began < seconds and (len(rest) == 1 or done < len(rest)):
            _ask(app, rest[done % len(rest)])
            done += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    elapsed, total = time.perf_counter() - began, max(1, counted.total())
    shares = [(part, samples / total) for part, samples in counted.most_common()]
    return Breakdown(call, elapsed / done * 1000, shares)


def _ask(app: Flask, environ: dict[str, Any]) -> None:
    statuses: list[str] = []
    fresh = {**environ, "wsgi.input": io.BytesIO(environ["body"]), "wsgi.errors": sys.stderr}
    answer = app(fresh, lambda status, _headers, _error=None: statuses.append(status))  # type: ignore[arg-type]
    body = b"".join(answer)
    if not statuses[0].startswith("200"):
        raise Unexpected(f"{statuses[0]}: {body[:300]!r}")


def _part(frame: FrameType | None) -> str:
    """Whose code runs: the innermost frame that belongs to a part; a standard module counts to its caller."""
    while frame is not None:
        for path, part in _PARTS:
            if path in frame.f_code.co_filename:
                return part
        frame = frame.f_back
    return "the rest"
