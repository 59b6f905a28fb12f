"""The command line of the web server that the configuration names: granian, or gunicorn."""

import sys
from collections.abc import Sequence
from pathlib import Path

from sso.config.schema import Server, split_listen

APPLICATION = "sso.wsgi:app"
GRANIAN = "sso.cli.granian_server"
BACKPRESSURE_PER_THREAD = 32
HEADER_MILLISECONDS = 10_000
RESPAWN_SECONDS = 1.0


def web_command(server: Server, log_file: Path) -> Sequence[str]:
    """Return the command; `log_file` is what `sso.config.logs.server_logging` says, as JSON."""
    if server.software == "gunicorn":
        return _gunicorn(server, log_file)
    return _granian(server, log_file)


def _granian(server: Server, log_file: Path) -> Sequence[str]:
    host, port = split_listen(server.listen)
    return [
        *(sys.executable, "-m", GRANIAN, APPLICATION, "--interface", "wsgi", "--http", "1", "--no-ws"),
        *("--host", host, "--port", str(port), "--workers", str(server.workers)),
        *("--blocking-threads", str(server.threads)),
        *("--backpressure", str(server.threads * BACKPRESSURE_PER_THREAD)),
        *("--http1-header-read-timeout", str(HEADER_MILLISECONDS)),
        *("--respawn-failed-workers", "--respawn-interval", str(RESPAWN_SECONDS)),
        *("--workers-kill-timeout", str(server.drain_seconds)),
        *("--log-level", "warning", "--log-config", str(log_file)),
    ]


def _gunicorn(server: Server, log_file: Path) -> Sequence[str]:
    return [
        *(sys.executable, "-m", "gunicorn", APPLICATION, "--bind", server.listen),
        *("--worker-class", "gthread", "--workers", str(server.workers), "--threads", str(server.threads)),
        *("--graceful-timeout", str(server.drain_seconds), "--no-control-socket"),
        *("--log-level", "warning", "--log-config-json", str(log_file)),
    ]
