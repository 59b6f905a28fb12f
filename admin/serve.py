"""`sso-console serve`: one process with threads, because the sessions live in it."""

import logging
import signal
import sys
import threading
from types import FrameType

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from admin.app import create_app
from admin.settings import Settings


class PortTaken(Exception):
    """Somebody else listens there."""


class _QuietRequests(WSGIRequestHandler):
    """One short line a request: never the address, whose parameters say what an auditor looks for."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log method, first part of the path and status."""
        path = self.path.partition("?")[0]
        room = "/".join(path.split("/")[:2])
        logging.getLogger("admin.access").info("%s %s %s", self.command, room, code)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        PortTaken: the address is in use, or not ours.
    """
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines hold what an auditor searches for
    server = _server(settings)
    thread = threading.Thread(target=server.serve_forever, name="console", daemon=True)
    over = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    thread.start()
    logging.getLogger("admin").info("the console is at %s", settings.base_url)
    over.wait()
    server.shutdown()
    thread.join(timeout=20)
    server.server_close()


def _server(settings: Settings) -> BaseWSGIServer:
    host, port = settings.listen
    try:
        return make_server(host, port, create_app(settings), threaded=True, request_handler=_QuietRequests)
    except SystemExit as error:  # what werkzeug raises after printing, when the port is taken
        raise PortTaken(f"port {port} of {host} is taken: stop who listens there, or set listen") from error
    except OSError as error:
        raise PortTaken(f"cannot listen on port {port} of {host}: {error.strerror}") from error
