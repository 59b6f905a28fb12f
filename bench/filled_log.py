"""A log with many events: written in the hub's own way, given their places by the real worker."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sso.audit.event import TokenIssued
from sso.audit.record import Origin
from sso.hub import Hub
from sso.oidc.digest import new_id
from tests.servers.hub import HubServer

BATCH = 1_000
CLIENTS, ACCOUNTS = 40, 500
_PATIENCE_SECONDS = 120.0
_PLACES_A_SECOND = 500
"""At least; a worker that is slower is not waited for."""


@dataclass(frozen=True, slots=True)
class Filled:
    """How many events were written, from when to when they are said to be, one of them in the middle.

    `seconds` is what writing them took.
    """

    events: int
    since: datetime
    until: datetime
    middle: str
    seconds: float


def event(number: int | None = None) -> TokenIssued:
    """A token that was issued to one of the applications for one of the people."""
    chosen = random.randrange(CLIENTS * ACCOUNTS) if number is None else number * 7_919
    now = datetime.now(UTC)
    return TokenIssued(
        client_id=f"client-{chosen % CLIENTS}",
        account_id=f"account-{chosen % ACCOUNTS}",
        session_id=f"session-{chosen % (ACCOUNTS * 3)}",
        grant_id=f"grant-{chosen % (ACCOUNTS * 5)}",
        grant_type="authorization_code",
        jti=new_id(),
        aud=("https://api.example.org",),
        scope=frozenset({"openid", "profile"}),
        expires_at=now + timedelta(minutes=5),
        claims_released=frozenset({"name", "email"}),
        id_token=True,
    )


def origin() -> Origin:
    """A request from one of some addresses."""
    return Origin(address=f"198.51.100.{random.randrange(1, 250)}", request_id=new_id())


def know_everybody(hub: Hub) -> None:
    """Record something of everybody: the first event of a person in a year makes a key, which is rare."""
    with hub.database.begin(origin()) as stores:
        for number in range(ACCOUNTS):
            stores.audit.append(event(number), datetime.now(UTC))


def fill(hub: Hub, events: int, since: datetime, until: datetime) -> Filled:
    """Write events that are said to be of a time, spread evenly over it."""
    step, began, middle = (until - since) / events, time.perf_counter(), ""
    for first in range(0, events, BATCH):
        with hub.database.begin(origin()) as stores:
            for number in range(first, min(first + BATCH, events)):
                written = stores.audit.append(event(number), since + step * number)
                middle = written if number <= events // 2 else middle
    return Filled(events, since, until, middle, time.perf_counter() - began)


def placed(hub: Hub, events: int) -> float:
    """Wait until every event has its place in the log; return the seconds.

    Raises:
        RuntimeError: it took too long.
    """
    began = time.perf_counter()
    while time.perf_counter() - began < _PATIENCE_SECONDS + events / _PLACES_A_SECOND:
        with hub.database.read() as stores:
            if stores.audit_tree.nothing_waits():
                return time.perf_counter() - began
        time.sleep(0.05)
    message = "the worker does not give events their places"
    raise RuntimeError(message)


@contextmanager
def working(server: HubServer) -> Iterator[None]:
    """The real worker, which sequences and signs."""
    with (server.folder / "worker.log").open("ab") as log:
        command = [sys.executable, "-m", "sso", "worker"]
        process = subprocess.Popen(command, cwd=server.folder, env=server.environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)
