"""Gauges of one web process, sampled once a second: which directory is down.

They live beside the counters of `access_log` and of the storage; `sso serve` adds up all processes at
/metrics of the management listener.
"""

import threading

from prometheus_client import Gauge

from sso.directory.breaker import BreakerState
from sso.hub import Hub

SAMPLE_SECONDS = 1.0

DIRECTORY_UP = Gauge(
    "sso_directory_up",
    "1 while a server of the directory answers, 0 while every one is taken for down by some process",
    ["directory"],
    multiprocess_mode="livemin",
)


def sample(hub: Hub) -> None:
    """Set the gauges to what is so now."""
    for directory_id, directory in hub.ldap.items():
        up = any(state is BreakerState.CLOSED for state in directory.breaker_states())
        DIRECTORY_UP.labels(directory_id).set(1 if up else 0)


def keep_sampling(hub: Hub) -> None:
    """Sample in a thread that lasts as long as the process."""

    def forever() -> None:
        pause = threading.Event()
        while not pause.wait(SAMPLE_SECONDS):
            sample(hub)

    threading.Thread(target=forever, name="measures", daemon=True).start()
