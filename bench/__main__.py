"""`python -m bench [--quick]`: measure every call of both providers in turns, and print one table."""

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import psutil

from bench import directories
from bench.breakdown import breakdowns
from bench.calls import CONNECTIONS, calls
from bench.leaver import leaver_text
from bench.leaver import measure as measure_leaver
from bench.providers import THREADS, WORKERS, Provider, hub_server, ours, postgresql, theirs
from bench.report import HEAD, Row, breakdown_text, line, sign_in_text
from bench.sign_in import measure as measure_sign_in

EXPLANATION = f"""\
sso-hub: {WORKERS} workers of {THREADS} threads behind granian, PostgreSQL with durable commits, audit and
access log on. oidc-provider: one process, its store in memory. Both on loopback with {CONNECTIONS}
connections that ask again at once; the load generator and the database share the cores with them.
Median of the rounds, ours and theirs in turns; "ratio" is the median of ours by theirs a pair;
"CPU" is what one call costs all processes of a side, the database's included. Access tokens are ES256,
ID tokens RS256 on both sides, but for userinfo and introspection, where oidc-provider takes only its
opaque tokens."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done: rounds of each call on each side, seconds of each, of the warm-up, of sampling.

    `leavers` is how often a clerk leaves while the worker asks every `poll_seconds`, `clerks` how often
    clerks sign in at each directory in each phase.
    """

    rounds: int
    round_seconds: float
    warm_up_seconds: float
    sign_ins: int
    sample_seconds: float
    leavers: int
    poll_seconds: int
    clerks: int


FULL = Plan(
    rounds=5,
    round_seconds=1.5,
    warm_up_seconds=1.5,
    sign_ins=30,
    sample_seconds=3.0,
    leavers=20,
    poll_seconds=5,
    clerks=75,
)
QUICK = Plan(
    rounds=2,
    round_seconds=0.2,
    warm_up_seconds=0.1,
    sign_ins=3,
    sample_seconds=0.3,
    leavers=1,
    poll_seconds=1,
    clerks=2,
)


def main() -> None:
    """Run the whole benchmark; SIGTERM ends it as Ctrl-C does, with every server that it started."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: only to see that it runs")
    parser.add_argument("--directories", action="store_true", help="only what is measured of directories")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    with ExitStack() as stack:
        database = stack.enter_context(postgresql())
        if options.directories:
            told = directories.measure(plan.clerks, plan.sample_seconds, database.new_database())
            print(directories.text(*told))
            return
        hub = stack.enter_context(hub_server(database.new_database()))
        their_provider = stack.enter_context(theirs())
        our_provider = ours(hub, database)
        print(
            f"{os.cpu_count()} cores, Python {platform.python_version()}. {EXPLANATION}\n\n{HEAD}", flush=True
        )
        for row in rows(our_provider, their_provider, plan):
            print(line(row), flush=True)
        print(f"\n{sign_in_text(measure_sign_in(our_provider, hub.issuer, plan.sign_ins))}", flush=True)
        print(f"\n{leaver_text(measure_leaver(plan.leavers, plan.poll_seconds))}", flush=True)
        print(f"\n{breakdown_text(breakdowns(hub, our_provider, plan.sample_seconds))}", flush=True)
        told = directories.measure(plan.clerks, plan.sample_seconds, database.new_database())
        print(f"\n{directories.text(*told)}", flush=True)
    print(f"\n{time.monotonic() - began:.0f} s")


def rows(our_provider: Provider, their_provider: Provider, plan: Plan) -> Iterator[Row]:
    """Measure call by call, each warmed up and then ours and theirs in turns."""
    our_calls, their_calls = calls(our_provider), calls(their_provider)
    for name, our_call in our_calls.items():
        row = Row(name)
        their_call = their_calls[name]
        our_call.prepare(plan.warm_up_seconds).measure(plan.warm_up_seconds)
        their_call.prepare(plan.warm_up_seconds).measure(plan.warm_up_seconds)
        for _ in range(plan.rounds):
            our_round = our_call.prepare(plan.round_seconds)
            spent = cpu_seconds(our_provider)
            row.ours.append(our_round.measure(plan.round_seconds))
            row.our_cpu += cpu_seconds(our_provider) - spent
            their_round = their_call.prepare(plan.round_seconds)
            spent = cpu_seconds(their_provider)
            row.theirs.append(their_round.measure(plan.round_seconds))
            row.their_cpu += cpu_seconds(their_provider) - spent
        yield row


def cpu_seconds(provider: Provider) -> float:
    """Return the CPU seconds that a provider's processes have spent so far."""
    total = 0.0
    for first in map(psutil.Process, provider.processes):
        for process in (first, *first.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
    return total


if __name__ == "__main__":
    main()
