"""`python -m bench.leaver`: from the moment at which a directory disables a person to the last one told.

One clerk is signed in to twenty applications through one session; slapd disables the account at a moment
that has nothing to do with the worker's pace. Two clocks run: until the hub gives that browser nothing any
more, and until the last of the twenty has its logout token. The bound that the documents publish is the poll
interval and five seconds.
"""

import argparse
import random
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from bench.providers import postgresql
from sso.audit.record import JsonValue, Origin
from sso.authentication.clients import add_client
from sso.config import load
from sso.directory.presets import Vendor
from sso.directory.state_rules import StateRules
from sso.hub import build
from tests.running.application import REDIRECT_URI, Application
from tests.running.leaving import sign_clerk_in
from tests.running.listening_client import ListeningClient
from tests.running.tuned_hub import running_hub
from tests.servers.directories import DirectoryServer, directory_of, disable, enable, settings_of
from tests.servers.hub import HubServer

APPLICATIONS = 20
ALLOWANCE_SECONDS = 5.0
"""What the bound adds to the poll interval."""

_CLERK = "alice"
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Leaving:
    """Seconds of each round: until the session was dead, until the last application was told."""

    poll_seconds: int
    dead: list[float]
    told: list[float]

    @property
    def bound_seconds(self) -> float:
        """What is published."""
        return self.poll_seconds + ALLOWANCE_SECONDS


def measure(rounds: int, poll_seconds: int) -> Leaving:
    """Let one clerk leave and return, again and again."""
    rules = StateRules(poll=timedelta(seconds=poll_seconds))
    with ExitStack() as stack:
        database = stack.enter_context(postgresql())
        server = stack.enter_context(directory_of(Vendor.OPENLDAP))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        listening = stack.enter_context(ListeningClient())
        hub = running_hub(
            folder,
            database_url=database.new_database(),
            directories=(settings_of(server, state=rules),),
            settings={"THROTTLE__ACCOUNT_LIMIT": "100", "THROTTLE__NETWORK_LIMIT": "1000"},
        )
        running = stack.enter_context(hub)
        applications = [stack.enter_context(each) for each in _registered(running, listening.uri)]
        seconds = [_round(server, applications, listening, poll_seconds) for _ in range(rounds)]
    return Leaving(poll_seconds, [dead for dead, _ in seconds], [told for _, told in seconds])


def _registered(hub: HubServer, uri: str) -> list[Application]:
    """Register the applications in this process: twenty commands would take longer than the rest."""
    metadata: dict[str, JsonValue] = {
        "redirect_uris": [REDIRECT_URI],
        "scope": "openid profile offline_access",
        "trusted": True,
        "token_endpoint_auth_method": "client_secret_post",
        "backchannel_logout_uri": uri,
    }
    built, made = build(load(str(hub.config_file), {})), []
    now = datetime.now(UTC)
    for number in range(APPLICATIONS):
        proposal = built.proposal({**metadata, "client_name": f"Application {number}"}, now)
        with built.database.begin(Origin(actor="bench")) as stores:
            client, secret = add_client(proposal, "bench", stores, now)
        made.append(Application(hub.issuer, client.client_id, secret or ""))
    built.close()
    return made


def _round(
    server: DirectoryServer, applications: list[Application], listening: ListeningClient, poll_seconds: int
) -> tuple[float, float]:
    first, *others = applications
    clerk = sign_clerk_in(first, _CLERK)
    for application in others:
        verifier = secrets.token_urlsafe(32)
        code = application.ask_code(clerk.cookies, verifier)
        application.redeem(code or "", verifier).raise_for_status()
    listening.received.clear()
    time.sleep(random.uniform(0, poll_seconds))
    began = time.monotonic()
    disable(server, _CLERK)
    clocks: dict[str, float] = {}
    watchers = [
        threading.Thread(target=_watch, args=(clocks, name, over, began))
        for name, over in (
            ("dead", lambda: not clerk.has_session()),
            ("told", lambda: len(listening.received) >= APPLICATIONS),
        )
    ]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    enable(server, _CLERK)
    return clocks["dead"], clocks["told"]


def _watch(clocks: dict[str, float], name: str, over: Callable[[], bool], began: float) -> None:
    while not over() and time.monotonic() - began < _PATIENCE_SECONDS:
        time.sleep(0.05)
    clocks[name] = time.monotonic() - began


def leaver_text(told: Leaving) -> str:
    """Return the table."""
    lines = [
        f"A leaver: one clerk in {APPLICATIONS} applications, {len(told.dead)} times; the worker asks every"
        f" {told.poll_seconds} s, the bound is {told.bound_seconds:.0f} s",
        f"  {'seconds after the directory disabled the account':50} {'p50':>6} {'p95':>6} {'worst':>6}",
    ]
    clocks = {"the last session is dead": told.dead, "the last application is told": told.told}
    for name, seconds in clocks.items():
        p95 = quantiles(seconds, n=20, method="inclusive")[18] if len(seconds) > 1 else seconds[0]
        share = f"{max(seconds) / told.bound_seconds:.0%} of the bound"
        lines.append(f"  {name:50} {median(seconds):6.2f} {p95:6.2f} {max(seconds):6.2f}  {share}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print; SIGTERM ends it with every server that it started."""
    parser = argparse.ArgumentParser(prog="python -m bench.leaver", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--poll-seconds", type=int, default=5)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(leaver_text(measure(given.rounds, given.poll_seconds)), flush=True)


if __name__ == "__main__":
    main()
