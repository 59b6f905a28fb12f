"""`python -m bench.audit_log [--quick] [--events N] [--hub FILE]`: the audit log on PostgreSQL.

Events a second that are durable when their caller goes on, beside plain INSERTs (`bench.durable_writes`);
proofs made and verified; the whole log verified; and questions over a month with N events. With --hub only
these, of the log of a hub that is filled already.
"""

import argparse
import os
import random
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import durable_writes
from bench.audit_questions import questions
from bench.filled_log import BATCH, Filled, fill, know_everybody, placed, working
from bench.latencies import Latencies
from bench.providers import postgresql
from sso.audit.merkle.proofs import inclusion_proof
from sso.audit.merkle.verification import includes
from sso.audit.query import AuditQuery
from sso.audit.record import first_id_of
from sso.config import load
from sso.hub import Hub, build
from sso.storage.audit_check import LogCheck
from tests.servers.hub import HubServer

EVENTS, FEW = 200_000, 3_000


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit_log", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few events: only to see that it runs")
    parser.add_argument(
        "--events", type=int, default=EVENTS, help=f"in the searched log, {EVENTS} unless told"
    )
    parser.add_argument(
        "--hub", help="the configuration of a hub with a log: it is asked, nothing is written"
    )
    asked = parser.parse_args()
    if asked.hub is not None:
        hub = build(load(asked.hub, {}))
        _asking(hub, _already(hub))
        hub.close()
        return
    events, seconds = (FEW, 0.3) if asked.quick else (asked.events, 3.0)
    print(f"The audit log on PostgreSQL, {os.cpu_count()} cores shared with it and the worker\n", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sso-bench-audit-")))
        database = stack.enter_context(postgresql())
        url = database.new_database()
        server = HubServer(folder / "hub", database_url=url)
        server.initialise()
        hub = build(load(str(server.config_file), {}))
        stack.callback(hub.close)
        know_everybody(hub)
        with working(server):
            durable_writes.measure(hub, url, seconds)
        filled = _this_month(hub, events)
        with working(server):
            _sequencing(hub, filled)
        _proving(hub, seconds)
        _verifying(hub)
        _asking(hub, filled)


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


def _already(hub: Hub) -> Filled:
    """What a log holds that somebody else has filled."""
    with hub.database.read() as stores:
        hours = stores.audit_hours.known()
        assert hours is not None, "the log is empty"
        whole = AuditQuery(since=hours.begin, until=hours.end, limit=1)
        [bar] = stores.audit_search.histogram(whole, 1)
        half = first_id_of(hours.begin + (hours.end - hours.begin) / 2)
        [middle] = stores.audit_search.search(replace(whole, before=half))
    return Filled(bar.success + bar.failure, hours.begin, hours.end, middle.id, 0.0)


def _asking(hub: Hub, filled: Filled) -> None:
    print(f"{'questions, a page of 100':37}   p50 ms   p95 ms   over {filled.events} events of a month")
    whole = AuditQuery(since=filled.since, until=filled.until + timedelta(days=1))
    late = AuditQuery(since=filled.since, until=filled.until + timedelta(days=1), before=filled.middle)
    for name, ask in questions(whole, late, filled):
        told = Latencies(name)
        for number in range(20):
            with hub.database.read() as stores:
                began = time.perf_counter()
                ask(stores, number)
                told.each.append(time.perf_counter() - began)
        print(f"{name:37} {told.p50 * 1000:8.1f} {told.percentile(95) * 1000:8.1f}", flush=True)


if __name__ == "__main__":
    main()
