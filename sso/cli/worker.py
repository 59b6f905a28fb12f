"""`sso worker`: the background work of one node, beside `sso serve --no-worker` or another node's."""

import signal
import sys
import threading

import click

from sso.cli.context import EXIT_FAILURE, hub_of
from sso.cli.signals import Signals
from sso.config.logs import configure
from sso.worker.run import run

WATCH_SECONDS = 0.5


@click.command()
@click.pass_context
def worker(context: click.Context) -> None:
    """Deliver logout notices, end expired sessions, rotate keys, clean up; until SIGTERM."""
    signals = Signals((signal.SIGTERM, signal.SIGINT))
    stop = threading.Event()
    with hub_of(context) as hub:
        configure(hub.configuration.settings.log.level)
        working = threading.Thread(target=run, args=(hub, stop), name="worker")
        working.start()
        while working.is_alive() and not signals.wait(WATCH_SECONDS):
            pass
        fell = not working.is_alive()
        stop.set()
        working.join()
    sys.exit(EXIT_FAILURE if fell else 0)
