"""`sso worker`: the background work of one node, beside `sso serve --no-worker` or another node's."""

import signal
import threading

import click

from sso.cli.context import hub_of
from sso.config.logs import configure
from sso.worker.run import run


@click.command()
@click.pass_context
def worker(context: click.Context) -> None:
    """Deliver logout notices, end expired sessions, rotate keys, clean up; until SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with hub_of(context) as hub:
        configure(hub.configuration.settings.log.level)
        run(hub, stop)
