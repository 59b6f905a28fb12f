"""The synchronisation of directories: when each is due, who may do it, and what is kept of it.

Each directory has a thread of its own, so that a frozen one delays no other and none of the worker's jobs; a
few may read at once. A lease in the database keeps two processes from reading one directory together.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sso.audit.event.synchronisation import DirectorySyncFailed
from sso.audit.record import Origin
from sso.authentication.synchronisation import rules_of
from sso.directory.settings import DirectorySettings
from sso.directory.sync.reading import Position
from sso.directory.sync.run import Run, RunKind, RunState, SyncState
from sso.directory.sync_rules import ChangeSource, SyncRules
from sso.directory.verification import DirectoryUnavailable
from sso.hub import Hub
from sso.oidc.digest import new_id
from sso.storage.errors import StorageUnavailable
from sso.storage.stores import SqlStores
from sso.worker.directory_ends import Interrupted, LeaseLost
from sso.worker.directory_lease import LEASE, Lease
from sso.worker.directory_run import DirectoryRun

log = logging.getLogger("sso.worker")

AT_ONCE = 4
"""Directories that one process reads at the same time."""
LOOK_SECONDS = 1.0
AFTER_STOP = timedelta(hours=1)
"""A reading of everybody that stopped is repeated after this long, unless it is approved before."""
_ORIGIN = Origin(actor="worker")


class Busy(Exception):
    """Somebody reads this directory at this moment, until the time given at the latest."""

    def __init__(self, until: datetime | None) -> None:
        super().__init__("the directory is being read")
        self.until = until


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of one run. `told` hears of each page, `goes_on` may end it between two pages."""

    full: bool = False
    is_dry: bool = False
    origin: Origin = _ORIGIN
    told: Callable[[Run], None] = lambda _: None
    goes_on: Callable[[], bool] = lambda: True


def synchronise(hub: Hub, directory: DirectorySettings, wish: Wish) -> Run:
    """Read a directory now, and return the report; a run that fails has one, too.

    Raises:
        Busy: somebody does it already.
        StorageUnavailable: not even that could be kept.
    """
    with lease_of(hub, directory, wish.origin) as holder:
        return _leased(hub, directory, holder, wish)


@contextmanager
def lease_of(hub: Hub, directory: DirectorySettings, origin: Origin) -> Iterator[str]:
    """Be the only one who changes what is known of a directory; the holder's name.

    Raises:
        Busy: somebody is.
        StorageUnavailable: the lease could not be taken.
    """
    holder, now = new_id(), datetime.now(UTC)
    with hub.database.begin(origin) as stores:
        if not stores.sync_runs.take(directory.id, holder, now + LEASE, now):
            raise Busy(stores.sync_runs.state(directory.id).leased_until)
    try:
        yield holder
    finally:
        with suppress(StorageUnavailable), hub.database.begin(origin) as stores:
            stores.sync_runs.release(directory.id, holder)


def _leased(hub: Hub, directory: DirectorySettings, holder: str, wish: Wish) -> Run:
    with hub.database.begin(wish.origin) as stores:
        state = stores.sync_runs.state(directory.id)
        since = None if wish.full else position_for(state, stores, directory, datetime.now(UTC))
        run = _begun(directory.id, RunKind.FULL if since is None else RunKind.CHANGES, stores, wish)
    lease = Lease(hub.database, directory.id, holder, wish.origin)
    work = DirectoryRun(hub.database, directory, lease, run, wish.is_dry, wish.told, wish.goes_on)
    try:
        with hub.ldap[directory.id].reading() as reader:
            return work.perform(reader, since)
    except (DirectoryUnavailable, StorageUnavailable, Interrupted, LeaseLost) as error:
        return _failed(hub, work, error)


def _begun(directory_id: str, kind: RunKind, stores: SqlStores, wish: Wish) -> Run:
    now, expected = datetime.now(UTC), stores.register.count_present(directory_id)
    if not wish.is_dry:
        return stores.sync_runs.begin(directory_id, kind, expected, now)
    return Run(
        directory_id=directory_id,
        number=0,
        kind=kind,
        state=RunState.RUNNING,
        started_at=now,
        expected=expected,
    )


def position_for(
    state: SyncState, stores: SqlStores, directory: DirectorySettings, now: datetime
) -> Position | None:
    """From where changes are to be asked for; None when everybody is to be read."""
    rules = rules_of(directory)
    if rules.changes is ChangeSource.NONE or state.position is None or state.full_at is None:
        return None
    if now - state.full_at < timedelta(seconds=rules.full_every_seconds) or _waits(directory.id, stores, now):
        return state.position
    return None


def _waits(directory_id: str, stores: SqlStores, now: datetime) -> bool:
    """Whether the last reading of everybody stopped a short while ago, and nobody has approved it yet."""
    last = stores.sync_runs.last(directory_id, RunKind.FULL, or_stopped=True)
    if last is None or last.state is not RunState.STOPPED or last.approved_at is not None:
        return False
    return now - last.started_at < AFTER_STOP


def _failed(hub: Hub, work: DirectoryRun, error: Exception) -> Run:
    now = datetime.now(UTC)
    reason = _reason(error)
    run = replace(work.run, state=RunState.FAILED, ended_at=now, reason=reason)
    if work.is_dry or isinstance(error, LeaseLost):
        return run
    with hub.database.begin(work.lease.origin) as stores:
        stores.sync_runs.keep(run)
        event = DirectorySyncFailed(directory_id=run.directory_id, run=run.number, reason=reason)
        stores.audit.append(event, now)
    return run


def _reason(error: Exception) -> str:
    match error:
        case Interrupted():
            return "the process was told to end"
        case LeaseLost():
            return "another process took over"
        case StorageUnavailable():
            return f"the database failed: {error}"
        case _:
            return str(error)


def is_due(state: SyncState, rules: SyncRules, now: datetime) -> bool:
    """Whether it is time to look at the directory again."""
    return state.tried_at is None or now - state.tried_at >= timedelta(seconds=rules.every_seconds)


class DirectoryWatch:
    """Keeps every directory with rules for it in step, until told to stop."""

    def __init__(self, hub: Hub, stop: threading.Event) -> None:
        self._hub = hub
        self._stop = stop
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._threads = [
            # a daemon: one that waits for a frozen server must not hold up the end of the process
            threading.Thread(target=self._keep, args=(directory,), name=f"sync {directory.id}", daemon=True)
            for directory in hub.configuration.read_directories
            if directory.sync is not None
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the threads, together no longer than that."""
        ends = datetime.now(UTC) + timedelta(seconds=seconds)
        for thread in self._threads:
            thread.join(max(0.0, (ends - datetime.now(UTC)).total_seconds()))

    def _keep(self, directory: DirectorySettings) -> None:
        while not self._stop.is_set():
            try:
                self._look(directory)
            except Busy:
                pass
            except Exception:  # the worker's loop: whatever one directory meets, it is tried again
                log.exception("synchronisation failed", extra={"directory": directory.id})
            self._stop.wait(LOOK_SECONDS)

    def _look(self, directory: DirectorySettings) -> None:
        now = datetime.now(UTC)
        with self._hub.database.read() as stores:
            state = stores.sync_runs.state(directory.id)
        if not is_due(state, rules_of(directory), now):
            return
        with self._places:
            run = synchronise(self._hub, directory, Wish(goes_on=lambda: not self._stop.is_set()))
        if run.state is not RunState.COMPLETED:
            facts = {"directory": directory.id, "run": run.number, "state": run.state.value}
            log.warning("directory not synchronised", extra=facts)
