"""`sso serve`: the web workers, the background worker and the management listener, as one service."""

import errno
import json
import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from sso import __version__
from sso.audit.event import NodeStarted, NodeStopped
from sso.audit.record import Origin
from sso.cli.context import EXIT_TRY_LATER, fail, hub_of
from sso.cli.management import Management
from sso.cli.signals import Signals
from sso.cli.supervisor import Child, TooManyRestarts
from sso.cli.web_command import web_command
from sso.config import ConfigurationError, load
from sso.config.logs import configure, server_logging
from sso.config.schema import Server, split_listen
from sso.hub import Hub
from sso.storage.errors import StorageUnavailable
from sso.storage.schema import pending_migrations
from sso.worker.configuration_change import record_difference

log = logging.getLogger("sso.serve")

WATCH_SECONDS = 0.25
_STOP = frozenset({signal.SIGTERM, signal.SIGINT})


@click.command()
@click.option("--no-worker", is_flag=True, help="Leave the background work to `sso worker`.")
@click.pass_context
def serve(context: click.Context, no_worker: bool) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are finished."""
    signals = Signals((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    with hub_of(context) as hub:
        configure(hub.configuration.settings.log.level)
        if waiting := pending_migrations(hub.database):
            fail(f"the database waits for `sso migrate`: {', '.join(waiting)}", EXIT_TRY_LATER)
        _check_free(hub.configuration.settings.server)
        with tempfile.TemporaryDirectory(prefix="sso-serve-") as folder:
            code = _Service(hub, Path(folder), with_worker=not no_worker).run(signals)
    sys.exit(code)


def _check_free(server: Server) -> None:
    """Say clearly which address cannot be had, before anything is started."""
    for name, listen in (("listen", server.listen), ("management_listen", server.management_listen)):
        host, port = split_listen(listen)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                hint = "; is another hub running?" if error.errno == errno.EADDRINUSE else ""
                fail(f"server.{name} = {listen}: {error.strerror or error}{hint}", EXIT_TRY_LATER)


class _Service:
    def __init__(self, hub: Hub, folder: Path, *, with_worker: bool) -> None:
        self._hub = hub
        self._server = hub.configuration.settings.server
        self._node = secrets.token_hex(6)
        log_file = folder / "logging.json"
        log_file.write_text(json.dumps(server_logging(hub.configuration.settings.log.level)))
        environment = {
            **os.environ,
            "SSO_CONFIG": str(hub.configuration.file.resolve()),
            "SSO_SUPERVISED": "1",
            "PROMETHEUS_MULTIPROC_DIR": str(folder),
        }
        self._children = [Child("web", web_command(self._server, log_file), environment)]
        if with_worker:
            self._children.append(Child("worker", [sys.executable, "-m", "sso", "worker"], environment))
        places = split_listen(self._server.management_listen), split_listen(self._server.listen)
        self._management = Management(hub, *places, folder)

    def run(self, signals: Signals) -> int:
        """Serve, watch the children, drain; return the exit code."""
        with self._hub.database.begin(Origin(actor="serve")) as stores:
            stores.audit.append(NodeStarted(node=self._node, version=__version__), datetime.now(UTC))
            record_difference(self._hub.configuration, stores, datetime.now(UTC))
        for child in self._children:
            child.start()
        self._management.start()
        log.info("serving %s", self._server.issuer, extra={"node": self._node})
        try:
            return self._watch(signals)
        finally:
            self._drain()

    def _watch(self, signals: Signals) -> int:
        while True:
            came = signals.wait(WATCH_SECONDS)
            if came & _STOP:
                return 0
            if signal.SIGHUP in came:
                self._reload()
            for child in self._children:
                try:
                    child.restart_if_fallen()
                except TooManyRestarts:
                    log.critical("%s falls again and again: giving up", child.name)
                    return 1

    def _reload(self) -> None:
        """SIGHUP: read configuration, keys and templates again, without losing a request.

        A configuration that cannot be used changes nothing: the hub goes on with the one it has.
        """
        try:
            configuration = load(str(self._hub.configuration.file))
            with self._hub.database.begin(Origin(actor="serve")) as stores:
                record_difference(configuration, stores, datetime.now(UTC))
        except ConfigurationError as error:
            log.error("the configuration cannot be used, nothing is reloaded: %s", error)  # noqa: TRY400
            return
        except StorageUnavailable as error:
            log.error("the configuration cannot be put on record, nothing is reloaded", exc_info=error)  # noqa: TRY400
            return
        log.info("reloading", extra={"node": self._node})
        self._hub.keys.forget()
        self._management.renew(configuration)
        for child in self._children:
            if child.name == "web":
                child.signal(signal.SIGHUP)
            else:
                child.renew()

    def _drain(self) -> None:
        """Not ready, no new connections, finish what is under way, end."""
        self._management.drain()
        for child in self._children:
            child.signal(signal.SIGTERM)
        for child in self._children:
            if not child.wait(self._server.drain_seconds + 5):
                log.error("%s did not end in time", child.name)
                child.kill()
        try:
            with self._hub.database.begin(Origin(actor="serve")) as stores:
                stores.audit.append(NodeStopped(node=self._node), datetime.now(UTC))
        except StorageUnavailable as error:
            log.error("the end of this node is not on record", exc_info=error)  # noqa: TRY400
        self._management.stop()
