"""Gauges of one web process, sampled once a second: who waits for a hash, which directory is down.

They live beside the counters of `access_log` and of the storage; `sso serve` adds up all processes at
/metrics of the management listener.
"""

import threading

from prometheus_client import Gauge

from sso.directory.breaker import BreakerState
from sso.hub import Hub

SAMPLE_SECONDS = 1.0

HASHES_WAITING = Gauge(
    "sso_password_hashes_waiting", "Sign-ins waiting for a place at argon2", multiprocess_mode="livesum"
)
HASHES_RUNNING = Gauge(
    "sso_password_hashes_running", "Passwords being hashed by argon2", multiprocess_mode="livesum"
)
DIRECTORY_UP = Gauge(
    "sso_directory_up",
    "1 while a server of the directory answers, 0 while every one is taken for down by some process",
    ["directory"],
    multiprocess_mode="livemin",
)


DIRECTORY_UNDER_WAY = Gauge(
    "sso_directory_under_way",
    "Sign-ins and look-ups that hold a place of the directory",
    ["directory"],
    multiprocess_mode="livesum",
)
DIRECTORY_PLACES = Gauge(
    "sso_directory_places",
    "Places of the directory in all processes",
    ["directory"],
    multiprocess_mode="livesum",
)
DIRECTORY_SERVER = Gauge(
    "sso_directory_server_breaker",
    "Of the process that sees it worst: 0 closed, 1 one trial under way, 2 open",
    ["directory", "server"],
    multiprocess_mode="livemax",
)
_BREAKER = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


def sample(hub: Hub) -> None:
    """Set the gauges to what is so now."""
    HASHES_WAITING.set(hub.passwords.waiting)
    HASHES_RUNNING.set(hub.passwords.running)
    for directory_id, directory in hub.ldap.items():
        up = any(state is BreakerState.CLOSED for state in directory.breaker_states())
        DIRECTORY_UP.labels(directory_id).set(1 if up else 0)
        DIRECTORY_UNDER_WAY.labels(directory_id).set(directory.bulkhead.in_use)
        DIRECTORY_PLACES.labels(directory_id).set(directory.bulkhead.limit)
        for server, state in directory.servers.items():
            DIRECTORY_SERVER.labels(directory_id, server).set(_BREAKER[state])


def keep_sampling(hub: Hub) -> None:
    """Sample in a thread that lasts as long as the process."""

    def forever() -> None:
        pause = threading.Event()
        while not pause.wait(SAMPLE_SECONDS):
            sample(hub)

    threading.Thread(target=forever, name="measures", daemon=True).start()
