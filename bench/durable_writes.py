"""Events that are durable when their caller goes on, in turns beside plain INSERTs into the same database.

Those are rows of the size of an entry with one key, and ready-made entries with all the indexes of the log.
All come from threads of one process, each row a transaction of its own; the worker gives events their places.
"""

import random
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import psycopg

from bench.filled_log import event, origin
from bench.latencies import Latencies
from sso.audit.record import new_event_id
from sso.hub import Hub

WAITERS = (1, 8, 32)
BODY_BYTES = 900
"""About what one row of the log holds, with what finds it."""
ROUNDS = 3
_PATIENCE_SECONDS = 120.0


class _Plain:
    """Tables beside the log in its database, into which a writer does nothing but insert."""

    def __init__(self, url: str) -> None:
        self._url = url
        with psycopg.connect(url) as connection:
            connection.execute("CREATE SCHEMA plain")
            connection.execute("CREATE TABLE plain.bare (id text PRIMARY KEY, body bytea)")
            connection.execute("CREATE TABLE plain.same (LIKE public.audit_event INCLUDING INDEXES)")

    def bare(self) -> Callable[[], object]:
        """Return what inserts a row of the size of an entry, with one key."""
        connection = psycopg.connect(self._url, autocommit=True)

        def write() -> None:
            row = (secrets.token_hex(16), secrets.token_bytes(BODY_BYTES))
            connection.execute("INSERT INTO plain.bare VALUES (%s, %s)", row)

        return write

    def same(self) -> Callable[[], object]:
        """Return what inserts an entry that was made before, under an id of its own."""
        connection = psycopg.connect(self._url, autocommit=True)
        found = connection.execute("SELECT * FROM public.audit_event LIMIT 500")
        names = [column.name for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        values = ", ".join(f"%({name})s" for name in names)
        statement = f"INSERT INTO plain.same ({', '.join(names)}) VALUES ({values})".encode()

        def write() -> None:
            row = {**random.choice(rows), "id": new_event_id(datetime.now(UTC))}
            connection.execute(statement, row)

        return write


def measure(hub: Hub, url: str, seconds: float) -> None:
    """Print how many of each are durable a second, and how long an event waits for its place.

    `url` is the database of the hub, whose worker is at work.
    """
    plain = _Plain(url)
    print(f"{'durable writes':34} {'per s':>7} {'p50 ms':>8} {'p99 ms':>8}  ratio")
    for waiters in WAITERS:
        ours, same, bare = Latencies("events"), Latencies("the same rows"), Latencies("bare inserts")
        for _ in range(ROUNDS):  # in turns, so that all see the same machine
            _add(bare, _at_once(waiters, seconds, plain.bare))
            _add(same, _at_once(waiters, seconds, plain.same))
            _add(ours, _at_once(waiters, seconds, lambda: partial(_write_event, hub)))
        for one in (ours, same, bare):
            ratio = f"{one.per_second / bare.per_second:6.2f}"
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
