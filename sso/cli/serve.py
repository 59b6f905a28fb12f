"""`sso serve`: the web workers, the background worker and the management listener, as one service."""

import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from sso import __version__
from sso.audit.event import NodeStarted, NodeStopped
from sso.audit.record import Origin
from sso.cli.context import EXIT_TRY_LATER, fail, hub_of
from sso.cli.management import Management
from sso.cli.supervisor import Child, TooManyRestarts
from sso.config.logs import configure
from sso.config.schema import Server, split_listen
from sso.hub import Hub
from sso.storage.schema import pending_migrations

log = logging.getLogger("sso.serve")

WATCH_SECONDS = 0.5
BACKPRESSURE_PER_THREAD = 32


@click.command()
@click.option("--no-worker", is_flag=True, help="Leave the background work to `sso worker`.")
@click.pass_context
def serve(context: click.Context, no_worker: bool) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are finished."""
    with hub_of(context) as hub:
        configure(hub.configuration.settings.log.level)
        if waiting := pending_migrations(hub.database):
            fail(f"the database waits for `sso migrate`: {', '.join(waiting)}", EXIT_TRY_LATER)
        _check_free(hub.configuration.settings.server)
        with tempfile.TemporaryDirectory(prefix="sso-metrics-") as folder:
            code = _Service(hub, Path(folder), with_worker=not no_worker).run()
    sys.exit(code)


def _check_free(server: Server) -> None:
    """Say clearly which address is taken, before anything is started."""
    for name, listen in (("listen", server.listen), ("management_listen", server.management_listen)):
        host, port = split_listen(listen)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                fail(f"server.{name} = {listen}: {error.strerror}; is another hub running?", EXIT_TRY_LATER)


class _Service:
    def __init__(self, hub: Hub, metrics_folder: Path, *, with_worker: bool) -> None:
        self._hub = hub
        self._server = hub.configuration.settings.server
        self._node = secrets.token_hex(6)
        environment = {
            **os.environ,
            "SSO_CONFIG": str(hub.configuration.file.resolve()),
            "PROMETHEUS_MULTIPROC_DIR": str(metrics_folder),
        }
        self._children = [Child("web", web_command(self._server), environment)]
        if with_worker:
            self._children.append(Child("worker", [sys.executable, "-m", "sso", "worker"], environment))
        places = split_listen(self._server.management_listen), split_listen(self._server.listen)
        self._management = Management(hub, *places, metrics_folder)
        self._stop = threading.Event()

    def run(self) -> int:
        """Serve, watch the children, drain; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        signal.signal(signal.SIGHUP, lambda *_: self._reload())
        with self._hub.database.begin(Origin(actor="serve")) as stores:
            stores.audit.append(NodeStarted(node=self._node, version=__version__), datetime.now(UTC))
        for child in self._children:
            child.start()
        self._management.start()
        log.info("serving %s", self._server.issuer, extra={"node": self._node})
        try:
            return self._watch()
        finally:
            self._drain()

    def _watch(self) -> int:
        while not self._stop.wait(WATCH_SECONDS):
            for child in self._children:
                try:
                    if not self._stop.is_set():
                        child.restart_if_fallen()
                except TooManyRestarts:
                    log.exception("%s falls again and again: giving up", child.name)
                    return 1
        return 0

    def _reload(self) -> None:
        """SIGHUP: read configuration, keys and templates again, without losing a request."""
        self._hub.keys.forget()
        for child in self._children:
            child.signal(signal.SIGHUP if child.name == "web" else signal.SIGTERM)

    def _drain(self) -> None:
        """Not ready, no new connections, finish what is under way, end."""
        self._management.drain()
        for child in self._children:
            child.signal(signal.SIGTERM)
        for child in self._children:
            if not child.wait(self._server.drain_seconds + 5):
                child.kill()
        with self._hub.database.begin(Origin(actor="serve")) as stores:
            stores.audit.append(NodeStopped(node=self._node), datetime.now(UTC))
        self._management.stop()


def web_command(server: Server) -> Sequence[str]:
    """Return the command line of the web server that the configuration names."""
    host, port = split_listen(server.listen)
    if server.software == "gunicorn":
        return [
            *(sys.executable, "-m", "gunicorn", "sso.wsgi:app", "--bind", server.listen),
            *(
                "--workers",
                str(server.workers),
                "--worker-class",
                "gthread",
                "--threads",
                str(server.threads),
            ),
            *(
                "--graceful-timeout",
                str(server.drain_seconds),
                "--no-control-socket",
                "--log-level",
                "warning",
            ),
        ]
    return [
        *(sys.executable, "-m", "granian", "sso.wsgi:app", "--interface", "wsgi", "--http", "1"),
        *("--host", host, "--port", str(port), "--workers", str(server.workers)),
        *("--blocking-threads", str(server.threads), "--no-ws", "--respawn-failed-workers"),
        *("--backpressure", str(server.threads * BACKPRESSURE_PER_THREAD)),
        *("--workers-kill-timeout", str(server.drain_seconds), "--log-level", "warning"),
    ]
