"""`python -m bench.month_drop [--quick] [--events N]`: tokens are issued while months of the log are dropped.

In turns: tokens alone, and tokens while another process drops a month of the audit log, as the worker does
when its retention is over. What counts is how much later the slowest hundredth of the answers comes.
"""

import argparse
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

from bench.calls import CONNECTIONS, Call, client_credentials
from bench.filled_log import event, fill, know_everybody, origin, placed
from bench.load import Measured
from bench.providers import hub_server, ours, postgresql
from sso.config import load
from sso.hub import Hub, build
from sso.storage.audit_months import MINIMUM_RETENTION, Month
from sso.worker.retention import keep_months
from tests.servers.hub import HubServer

TURNS = 3
EVENTS, FEW = 100_000, 1_000
SECONDS, SHORT = 8.0, 1.0
AIM_PERCENT = 20
_AGE = timedelta(days=400)
"""How long ago the months were that are dropped."""


@dataclass(frozen=True, slots=True)
class Phase:
    """The answers of all turns of one kind, in seconds each, and how many came in how many seconds."""

    name: str
    latencies: list[float]
    seconds: float

    @property
    def p99(self) -> float:
        """What one of a hundred callers waited at least."""
        return quantiles(self.latencies, n=100)[98]

    @property
    def line(self) -> str:
        """A row of the table."""
        rate = len(self.latencies) / self.seconds
        half, last = median(self.latencies) * 1000, max(self.latencies) * 1000
        return f"{self.name:34} {rate:7.0f} {half:8.1f} {self.p99 * 1000:8.1f} {last:8.1f}"


def main() -> None:
    """Run the measurement, or as its child drop one month."""
    parser = argparse.ArgumentParser(prog="python -m bench.month_drop", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few events: only to see that it runs")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"a month, {EVENTS} unless told")
    parser.add_argument("--drop", metavar="MONTH", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.drop:
        drop(asked.drop)
        return
    events, seconds = (FEW, SHORT) if asked.quick else (asked.events, SECONDS)
    print(f"Tokens on PostgreSQL, {CONNECTIONS} connections, {os.cpu_count()} cores;", end=" ")
    print(f"{TURNS} months of {events} events are dropped meanwhile\n", flush=True)
    with ExitStack() as stack:
        database = stack.enter_context(postgresql())
        server = stack.enter_context(hub_server(database.new_database()))
        hub = build(load(str(server.config_file), {}))
        stack.callback(hub.close)
        months = _old_months(hub, events)
        call = Call(ours(server, database), client_credentials)
        call.prepare(seconds).measure(seconds)  # warm
        alone, dropping = [], []
        for month in months:
            alone.append(call.prepare(seconds).measure(seconds))
            dropping.append(_while_dropping(server, call, month, seconds))
        _assert_dropped(hub, months)
    report(_phase("tokens alone", alone), _phase("while a month is dropped", dropping))


def drop(month: str) -> None:
    """Drop the months up to one, as the worker does, when standard input ends."""
    hub = build(load(None, os.environ))
    try:
        print("ready", flush=True)
        sys.stdin.readline()
        keep_months(hub, Month.parse(month).next.begin + MINIMUM_RETENTION)
    finally:
        hub.close()


def report(alone: Phase, dropping: Phase) -> None:
    """Print both, and by how much the slowest hundredth differs."""
    print(f"{'':34} {'per s':>7} {'p50 ms':>8} {'p99 ms':>8} {'worst':>8}")
    print(f"{alone.line}\n{dropping.line}")
    change = (dropping.p99 / alone.p99 - 1) * 100
    print(f"p99 changes by {change:+.0f} % (aim: less than {AIM_PERCENT} %)")


def _old_months(hub: Hub, events: int) -> list[Month]:
    know_everybody(hub)
    month, months = Month.of(datetime.now(UTC) - _AGE), list[Month]()
    for _ in range(TURNS):
        with hub.database.begin(origin()) as stores:
            stores.audit_months.lock()
            stores.audit_months.make(month)
            stores.audit.append(event(0), month.begin)
        fill(hub, events, month.begin, month.next.begin)
        months.append(month)
        month = month.next
    placed(hub, events * TURNS)
    return months


def _while_dropping(server: HubServer, call: Call, month: Month, seconds: float) -> Measured:
    """A process of its own, that has read its modules before, drops the month early in the round."""
    environment = {**server.environment, "SSO__AUDIT__RETENTION_DAYS": str(MINIMUM_RETENTION.days)}
    command = [sys.executable, "-m", "bench.month_drop", "--drop", str(month)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdout.readline()
        prepared = call.prepare(seconds)
        go = threading.Timer(seconds / 8, child.stdin.close)
        go.start()
        measured = prepared.measure(seconds)
        go.join()
    if child.returncode != 0:
        message = f"{month} was not dropped"
        raise RuntimeError(message)
    return measured


def _assert_dropped(hub: Hub, months: list[Month]) -> None:
    with hub.database.read() as stores:
        left = set(stores.audit_months.known()) & set(months)
    if left:
        message = f"these months are still there: {', '.join(map(str, sorted(left)))}"
        raise RuntimeError(message)


def _phase(name: str, turns: list[Measured]) -> Phase:
    return Phase(name, [each for turn in turns for each in turn.latencies], sum(t.elapsed for t in turns))


if __name__ == "__main__":
    main()
