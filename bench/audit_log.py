"""`python -m bench.audit_log [--quick] [--events N]`: the audit log on PostgreSQL with durable commits.

Events a second that are durable when their caller goes on, beside rows of the same size that are nothing but
inserted into the same database, in turns; how long an event waits for its place while the worker sequences;
proofs made and verified; the whole log verified; and questions over a month with N events.
"""

import argparse
import os
import random
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg

from bench.filled_log import BATCH, Filled, event, fill, know_everybody, origin, placed, working
from bench.providers import postgresql
from sso.audit.merkle.proofs import inclusion_proof
from sso.audit.merkle.verification import includes
from sso.audit.query import AuditQuery
from sso.audit.record import Outcome, Severity
from sso.config import load
from sso.hub import Hub, build
from sso.storage.audit_check import LogCheck
from sso.storage.stores import SqlStores
from tests.servers.hub import HubServer

EVENTS, FEW = 200_000, 3_000
WAITERS = (1, 8, 32)
BODY_BYTES = 900
"""About what one row of the log holds, with what finds it."""
FOUND_NOWHERE: dict[str, Any] = {
    "severity": Severity.MEDIUM,
    **dict.fromkeys(("text", "claim", "status_code", "trace_id", "acr", "directory_id"), "nothing like it"),
}
"""Facets without an index, and what is not in the log: all of it is read."""
ROUNDS = 3
_PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class Latencies:
    """Seconds that callers waited, in one stretch of time."""

    name: str
    seconds: float = 0.0
    each: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Calls a second."""
        return len(self.each) / self.seconds

    @property
    def p50(self) -> float:
        """Half of the callers waited at most so long, in seconds."""
        return median(self.each)

    def percentile(self, number: int) -> float:
        """So many of a hundred callers waited at most so long, in seconds."""
        return quantiles(self.each, n=100)[number - 1] if len(self.each) > 1 else self.each[0]


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit_log", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few events: only to see that it runs")
    parser.add_argument(
        "--events", type=int, default=EVENTS, help=f"in the searched log, {EVENTS} unless told"
    )
    asked = parser.parse_args()
    events, seconds = (FEW, 0.3) if asked.quick else (asked.events, 3.0)
    print(f"The audit log on PostgreSQL, {os.cpu_count()} cores shared with it and the worker\n", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sso-bench-audit-")))
        database = stack.enter_context(postgresql())
        server = HubServer(folder / "hub", database_url=database.new_database())
        server.initialise()
        hub = build(load(str(server.config_file), {}))
        stack.callback(hub.close)
        know_everybody(hub)
        with working(server):
            _writing(hub, database.new_database(), seconds)
        filled = _this_month(hub, events)
        with working(server):
            _sequencing(hub, filled)
        _proving(hub, seconds)
        _verifying(hub)
        _asking(hub, filled)


# ---------------------------------------------------------------- writing


def _writing(hub: Hub, bare_url: str, seconds: float) -> None:
    print(f"{'durable writes':34} {'per s':>7} {'p50 ms':>8} {'p99 ms':>8}  ratio")
    with psycopg.connect(bare_url) as connection:
        connection.execute("CREATE TABLE bare (id text PRIMARY KEY, body bytea)")
    for waiters in WAITERS:
        ours, bare = Latencies("events"), Latencies("bare inserts")
        for _ in range(ROUNDS):  # in turns, so that both see the same machine
            _add(bare, _at_once(waiters, seconds, partial(_bare_writer, bare_url)))
            _add(ours, _at_once(waiters, seconds, lambda: partial(_write_event, hub)))
        for one in (ours, bare):
            ratio = f"{ours.per_second / bare.per_second:6.2f}" if one is ours else ""
            name = f"{one.name}, {waiters} waiting"
            print(f"{name:34} {one.per_second:7.0f} {_milliseconds(one)} {ratio}", flush=True)
    lag = Latencies("")
    stop = threading.Event()
    load = [threading.Thread(target=_until, args=(stop, partial(_write_event, hub))) for _ in range(4)]
    for thread in load:
        thread.start()
    try:
        ends = time.monotonic() + seconds * 2
        while time.monotonic() < ends:
            lag.each.append(_seconds_to_its_place(hub))
    finally:
        stop.set()
        for thread in load:
            thread.join()
    print(f"{'until an event has its place':34} {'':7} {_milliseconds(lag)}\n", flush=True)


def _milliseconds(told: Latencies) -> str:
    return f"{told.p50 * 1000:8.1f} {told.percentile(99) * 1000:8.1f}"


def _add(whole: Latencies, part: Latencies) -> None:
    whole.seconds += part.seconds
    whole.each += part.each


def _at_once(waiters: int, seconds: float, caller: Callable[[], Callable[[], object]]) -> Latencies:
    """Call from so many threads for so long; each goes on when its call has returned."""
    each: list[list[float]] = [[] for _ in range(waiters)]
    calls = [caller() for _ in range(waiters)]
    calls[0]()
    began = time.perf_counter()

    def run(place: int) -> None:
        while (start := time.perf_counter()) - began < seconds:
            calls[place]()
            each[place].append(time.perf_counter() - start)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(waiters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Latencies("", time.perf_counter() - began, [value for values in each for value in values])


def _bare_writer(url: str) -> Callable[[], object]:
    connection = psycopg.connect(url, autocommit=True)

    def write() -> None:
        row = (secrets.token_hex(16), secrets.token_bytes(BODY_BYTES))
        connection.execute("INSERT INTO bare VALUES (%s, %s)", row)

    return write


def _write_event(hub: Hub) -> str:
    with hub.database.begin(origin()) as stores:
        return stores.audit.append(event(), datetime.now(UTC))


def _until(stop: threading.Event, call: Callable[[], object]) -> None:
    while not stop.is_set():
        call()


def _seconds_to_its_place(hub: Hub) -> float:
    event_id = _write_event(hub)
    began = time.perf_counter()
    while time.perf_counter() - began < _PATIENCE_SECONDS:
        with hub.database.read() as stores:
            if stores.audit_tree.place_of(event_id) is not None:
                break
        time.sleep(0.005)
    return time.perf_counter() - began


# ---------------------------------------------------------------- a log to ask


def _this_month(hub: Hub, events: int) -> Filled:
    until = datetime.now(UTC)
    since = max(until - timedelta(days=28), until.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    filled = fill(hub, events, since, until)
    rate = events / filled.seconds
    print(f"{events} events written in {filled.seconds:.0f} s, {rate:.0f} per s in transactions of {BATCH}")
    return filled


def _sequencing(hub: Hub, filled: Filled) -> None:
    seconds = placed(hub, filled.events)
    print(f"{'given their places by the worker':34} {filled.events / seconds:7.0f} per s", flush=True)
    time.sleep(1)  # a checkpoint over all of them


# ---------------------------------------------------------------- proving


def _proving(hub: Hub, seconds: float) -> None:
    with hub.database.read() as stores:
        head = stores.audit_tree.head()
        assert head is not None
        size, root = head.frontier.size, head.frontier.root
        made: list[tuple[int, list[bytes]]] = []
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            index = random.randrange(size)
            made.append((index, inclusion_proof(stores.audit_tree.nodes(head.epoch).node, index, size)))
        leaves = {
            index: stores.audit_tree.leaves(head.epoch, index, index + 1)[0].leaf_hash for index, _ in made
        }
    began = time.perf_counter()
    good = sum(includes(leaves[index], index, size, proof, root) for index, proof in made)
    taken = time.perf_counter() - began
    assert good == len(made)
    print(f"{'inclusion proofs made':34} {len(made) / seconds:7.0f} per s, of {size} entries")
    print(f"{'inclusion proofs verified':34} {len(made) / taken:7.0f} per s", flush=True)


def _verifying(hub: Hub) -> None:
    check, began = LogCheck(hub.database), time.perf_counter()
    found = list(check.findings())
    seconds = time.perf_counter() - began
    assert found == [], found[:3]
    print(f"{'the whole log verified':34} {check.entries / seconds:7.0f} entries per s\n", flush=True)


# ---------------------------------------------------------------- asking


def _asking(hub: Hub, filled: Filled) -> None:
    print(f"{'questions, a page of 100':34}   p50 ms   p95 ms   over {filled.events} events of a month")
    whole = AuditQuery(since=filled.since, until=filled.until + timedelta(days=1))
    late = AuditQuery(since=filled.since, until=filled.until + timedelta(days=1), before=filled.middle)
    for name, ask in _questions(whole, late, filled):
        told = Latencies(name)
        for number in range(20):
            with hub.database.read() as stores:
                began = time.perf_counter()
                ask(stores, number)
                told.each.append(time.perf_counter() - began)
        print(f"{name:34} {told.p50 * 1000:8.1f} {told.percentile(95) * 1000:8.1f}", flush=True)


Ask = Callable[[SqlStores, int], object]


def _questions(whole: AuditQuery, late: AuditQuery, filled: Filled) -> Sequence[tuple[str, Ask]]:
    day = timedelta(days=1)

    def search(query: AuditQuery, **facets: Callable[[int], object]) -> Ask:
        return lambda stores, number: stores.audit_search.look(
            replace(query, **{name: of(number) for name, of in facets.items()})  # type: ignore[arg-type]
        )

    return (
        ("the newest of all", search(whole)),
        ("a page in the middle", search(late)),
        ("of a person", search(whole, account_id=lambda n: f"account-{n}")),
        ("that a person is part of", search(whole, involving=lambda n: (f"account-{n}",))),
        ("of an application", search(whole, client_id=lambda n: f"client-{n}")),
        ("of a session", search(whole, session_id=lambda n: f"session-{n}")),
        ("from an address", search(whole, address=lambda n: f"198.51.100.{n + 1}")),
        ("from a network", search(whole, address=lambda _: "198.51.100.0/24")),
        ("failures only, there are none", search(whole, outcome=lambda _: Outcome.FAILURE)),
        ("of severity 4 on, there are none", search(whole, severity=lambda _: Severity.HIGH)),
        ("of a transaction", search(whole, transaction=lambda _: filled.middle)),
        *(
            (f"{facet}, none, no index", search(replace(whole, **{facet: value})))
            for facet, value in FOUND_NOWHERE.items()
        ),
        ("one event in the middle", lambda stores, _: stores.audit_search.find(filled.middle)),
        (
            "histogram of a day",
            lambda stores, n: stores.audit_search.histogram(
                AuditQuery(since=filled.since + day * (n % 5), until=filled.since + day * (n % 5 + 1)), 24
            ),
        ),
        ("histogram of the month", lambda stores, _: stores.audit_search.histogram(whole, 30)),
    )


if __name__ == "__main__":
    main()
