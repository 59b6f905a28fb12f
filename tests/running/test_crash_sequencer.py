"""kill -9 anywhere under load: the log stays whole, of one mind, and holds what anybody was given.

Web processes, the worker with its sequencer, the database's processes and the whole database die at random,
while people sign in, applications fetch tokens, a witness cosigns (audit.md P1 to P4) and a sink is told all.
SSO_TEST_KILLS=200 makes it long, SSO_TEST_SEED repeats a run.
"""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from sso.audit.signed_note import NoteKey
from sso.cli.audit_sinks import standings
from sso.config import load
from sso.hub import Hub, build
from sso.storage.audit_check import LogCheck
from sso.storage.errors import StorageUnavailable
from sso.witness.cosigner import Cosigner
from sso.witness.folder import WitnessFolder
from sso.witness.http import WitnessListener
from tests.running.application import Application, registered, signed_in
from tests.running.load import Load
from tests.running.state import events
from tests.running.test_crash import assert_everything_is_on_record, kill_a_web_worker
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.postgresql import PostgreSQL

KILLS = int(os.environ.get("SSO_TEST_KILLS", "20"))
SEED = int(os.environ.get("SSO_TEST_SEED", "0")) or random.randrange(1, 2**31)
KINDS = ("web", "worker", "backend", "database")
SECONDS_A_KILL = 15.0
"""At most, on the average."""
BACK_SECONDS = 10.0
"""So long the next kill waits for the hub to issue tokens again: it shall die at work."""
WORKER_PAUSE_SECONDS = 20.0
"""A worker that falls more often makes `sso serve` give up, as it should."""

SINK_PATIENCE_SECONDS = 180.0
"""A worker that was killed holds its sinks for a minute."""

SINK = '[[audit.sink]]\nname = "lines"\nkind = "file"\nfile = "lines.jsonl"\nstart = "oldest"\n'

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgresql,
    pytest.mark.timeout(600 + KILLS * 20),
]


def wait_until(done: Callable[[], bool], seconds: float) -> None:
    """Wait for something, no longer than that."""
    ends = time.monotonic() + seconds
    while not done() and time.monotonic() < ends:
        time.sleep(0.2)


@dataclass
class Reaper:
    """Kills something at random, again and again."""

    hub: TunedHub
    postgresql: PostgreSQL
    application: Application
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    killed: Counter[str] = field(default_factory=Counter)
    _worker_at: float = 0.0

    def reap(self) -> None:
        """Each kind once, whatever chance says; then what it says."""
        ends = time.monotonic() + KILLS * SECONDS_A_KILL
        for what in KINDS:
            while not self._killed(what) and time.monotonic() < ends:
                time.sleep(0.2)
        while self.killed.total() < KILLS and time.monotonic() < ends:
            self._killed(self.chance.choices(KINDS, weights=(2, 2, 8, 1))[0])

    def _killed(self, what: str) -> bool:
        """Kill one, and let the hub come back; false if there was nothing to kill."""
        time.sleep(self.chance.uniform(0.1, 0.8))
        if not getattr(self, f"_{what}")():
            return False
        self.killed[what] += 1
        issued = len(self.application.access_tokens)
        wait_until(lambda: len(self.application.access_tokens) > issued, BACK_SECONDS)
        return True

    def _web(self) -> bool:
        return kill_a_web_worker(self.hub)

    def _worker(self) -> bool:
        if time.monotonic() - self._worker_at < WORKER_PAUSE_SECONDS:
            return False
        try:
            self.hub.child("worker").kill()
        except (psutil.Error, AssertionError):
            return False
        self._worker_at = time.monotonic()
        return True

    def _backend(self) -> bool:
        return self.postgresql.kill_a_backend(self.hub.database_url, self.chance.choice)

    def _database(self) -> bool:
        self.postgresql.crash()
        self.postgresql.start()
        return True


@contextmanager
def cosigned(folder: Path) -> Iterator[tuple[WitnessFolder, str]]:
    """A witness that listens, and the configuration that names it."""
    witness = WitnessFolder(folder)
    signer = witness.create("audit-office.example.gov/w1")
    listener = WitnessListener(Cosigner(signer, witness.trusted, witness.state), ("127.0.0.1", 0))
    listener.start()
    try:
        block = f'[[audit.witness]]\nurl = "http://127.0.0.1:{listener.port}"\nkey = "{signer.key}"\n'
        yield (
            witness,
            f"[outbound]\nallow_loopback = true\n[audit]\nanchor_seconds = 1\n{block}{SINK}",
        )
    finally:
        listener.stop()


def everything_signed(hub: Hub) -> bool:
    try:
        with hub.database.read() as stores:
            head, waiting = stores.audit_tree.head(), stores.audit_tree.waiting()
            signed = None if head is None else stores.audit_checkpoints.last(head.epoch)
    except StorageUnavailable:
        return False
    return (
        waiting.events == 0
        and head is not None
        and signed is not None
        and signed.checkpoint == head.checkpoint
    )


def places_in(lines: Sequence[str]) -> set[tuple[int, int]]:
    """The places in the log of what a sink has; a line that a kill cut off comes again as a whole."""
    found = set()
    for line in lines:
        with suppress(ValueError):
            place = json.loads(line)["place"]
            found.add((int(place["epoch"]), int(place["index"])))
    return found


def test_the_log_is_whole_and_of_one_mind_whatever_dies(
    tmp_path: Path, mortal_postgresql: PostgreSQL, mortal_postgresql_url: str
) -> None:
    with (
        cosigned(tmp_path / "witness") as (witness, extra),
        running_hub(
            tmp_path / "hub",
            database_url=mortal_postgresql_url,
            extra=extra,
            settings={"SERVER__WORKERS": "2"},
        ) as hub,
        registered(hub) as application,
    ):
        witness.trust(NoteKey.parse(hub.run("audit", "keys").stdout))
        hub.add_citizen()
        reaper = Reaper(hub, mortal_postgresql, application)
        cookies, seconds = signed_in(application), KILLS * SECONDS_A_KILL + 60
        with Load(application, cookies, rounds=100_000, seconds=seconds, passwords=True) as load_:
            reaper.reap()
            hub.wait_until_ready()
            assert application.client_credentials().status_code == 200
            wait_until(lambda: bool(load_.browsers), 60)  # on a busy machine none may come to its end before
        print(
            dict(load_.answers),
            f"seed {SEED}: {dict(reaper.killed)}, {len(application.access_tokens)} tokens,"
            f" {len(load_.browsers)} sign-ins",
        )
        built = build(load(str(hub.config_file), {}))
        try:
            wait_until(lambda: everything_signed(built), 60)
            assert everything_signed(built)
            with built.database.read() as stores:
                sizes = {head.epoch: head.frontier.size for head in stores.audit_tree.heads()}
            wait_until(lambda: standings(built)[0].behind == 0, SINK_PATIENCE_SECONDS)
            found = list(LogCheck(built.database).findings())
        finally:
            built.close()

        assert found == []
        lines = hub.config_file.with_name("lines.jsonl").read_text(encoding="utf-8").splitlines()
        assert places_in(lines) >= {(epoch, index) for epoch, size in sizes.items() for index in range(size)}
        assert_everything_is_on_record(hub, application)
        assert events(hub, "audit.checkpoint.refused") == []
        assert events(hub, "audit.checkpoint.rejected") == []
        assert witness.state.all()
        assert reaper.killed.total() == KILLS
        assert len(load_.browsers) <= len(events(hub, "auth.login.success"))
        assert all(application.ask_code(browser, "v" * 43) for browser in load_.browsers)
        assert load_.browsers
        assert not [answer for answer in load_.answers if answer.endswith(": 500")]
        assert application.access_tokens
