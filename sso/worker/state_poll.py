"""Ask each directory again and again about everybody who is signed in: the bound for whoever leaves.

Each directory has a thread of its own, so that one that hangs delays no other. What a directory does not
answer changes nothing here; the token endpoint refuses when it lasts.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sso.audit.event import DirectoryStatesDoubted
from sso.audit.record import Origin
from sso.authentication import account_states
from sso.authentication.account_states import ABSENT, BATCH
from sso.authentication.synchronisation import rules_of
from sso.directory.person import Account, Departure
from sso.directory.settings import DirectorySettings
from sso.directory.sync.absences import may_be_gone
from sso.directory.verification import DirectoryUnavailable
from sso.hub import Hub
from sso.storage.stores import SqlStores

log = logging.getLogger("sso.worker")

_ORIGIN = Origin(actor="worker")


class StatePoll:
    """The rounds of one directory."""

    def __init__(self, hub: Hub, directory: DirectorySettings) -> None:
        self.hub = hub
        self.directory = directory
        self._doubted = False
        self._silent = False

    def run(self, stop: threading.Event) -> None:
        """Ask at the directory's pace until told to stop."""
        pace = self.directory.state.poll.total_seconds()
        while not stop.is_set():
            began = time.monotonic()
            try:
                self.once(stop)
            except DirectoryUnavailable as error:
                extra = {"directory": self.directory.id, "reason": str(error)}
                log.warning("the states of accounts could not be asked for", extra=extra)
            except Exception:  # the worker's loop: whatever one round meets, there is another
                log.exception("job failed", extra={"job": f"states of {self.directory.id}"})
            stop.wait(max(0.2, pace - (time.monotonic() - began)))

    def once(self, stop: threading.Event) -> int:
        """Ask about everybody who is signed in; return how many accesses ended.

        Whom the directory calls disabled, locked or expired loses access batch by batch. Who is absent is
        judged at the end, when it is known how many are: not in a round that is told to stop between two
        batches.

        Raises:
            DirectoryUnavailable: nothing more is asked in this round, and nobody is judged by their absence.
        """
        asked_at = datetime.now(UTC)
        absent: dict[str, Departure] = {}
        after, asked, ended, unsaid = "", 0, 0, 0
        while accounts := self._signed_in(after):
            if stop.is_set():
                return ended
            said = self.hub.account_states.ask(accounts, asked_at)
            self._note(accounts, said, asked_at)
            gone = {key: departure for key, departure in said.items() if departure is not None}
            absent |= {key: departure for key, departure in gone.items() if departure in ABSENT}
            ended += self._end_all({key: gone[key] for key in gone.keys() - absent.keys()}, asked_at)
            after, asked, unsaid = accounts[-1].id, asked + len(said), unsaid + len(accounts) - len(said)
        self._tell_unsaid(unsaid)
        return ended + (self._end_all(absent, asked_at) if self._believes(len(absent), asked) else 0)

    def _tell_unsaid(self, accounts: int) -> None:
        """Warn where a directory begins to be silent about accounts, as one that refers elsewhere is."""
        if accounts and not self._silent:
            extra = {"directory": self.directory.id, "accounts": accounts}
            log.warning("a directory does not say of some accounts whether they may be used", extra=extra)
        self._silent = bool(accounts)

    def _signed_in(self, after: str) -> Sequence[Account]:
        with self.hub.database.read() as stores:
            return stores.signed_in.of_directory(self.directory.id, after=after, limit=BATCH)

    def _note(
        self, accounts: Sequence[Account], said: Mapping[str, Departure | None], asked_at: datetime
    ) -> None:
        """Note who may go on, where what is known has become half as old as it may."""
        half = self.directory.state.max_age / 2
        old = [
            account.id
            for account in accounts
            if said.get(account.id, Departure.GONE) is None
            and (account.state_checked_at is None or asked_at - account.state_checked_at > half)
        ]
        if old:
            with self.hub.database.begin(_ORIGIN) as stores:
                for account_id in old:
                    stores.people.note_state(account_id, asked_at)

    def _believes(self, absent: int, asked: int) -> bool:
        """Whether so many can be absent; on record when that is doubted anew."""
        doubted = not may_be_gone(absent, asked, rules_of(self.directory))
        if doubted and not self._doubted:
            event = DirectoryStatesDoubted(directory_id=self.directory.id, absent=absent, asked=asked)
            with self.hub.database.begin(_ORIGIN) as stores:
                stores.audit.append(event, datetime.now(UTC))
        self._doubted = doubted
        return not doubted

    def _end_all(self, gone: Mapping[str, Departure], asked_at: datetime) -> int:
        return sum(self._end(account_id, departure, asked_at) for account_id, departure in gone.items())

    def _end(self, account_id: str, departure: Departure, asked_at: datetime) -> bool:
        def end(stores: SqlStores) -> bool:
            return account_states.conclude(account_id, departure, asked_at, stores, datetime.now(UTC))

        return self.hub.database.contain(_ORIGIN, end)


def polls_of(hub: Hub, stop: threading.Event) -> list[threading.Thread]:
    """Return a thread, not yet started, for each directory that can be asked and is to be.

    Daemons: one that waits for a frozen server must not hold up the end of the process.
    """
    return [
        threading.Thread(
            target=StatePoll(hub, directory).run, args=(stop,), name=f"states of {directory.id}", daemon=True
        )
        for directory in hub.configuration.read_directories
        if directory.id in hub.account_states.directories and directory.state.poll.total_seconds() > 0
    ]
