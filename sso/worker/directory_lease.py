"""The lease of a directory: whoever holds it changes what is known of its people, and nobody else.

Each transaction first holds on to it: a process that was away for too long finds it with another, and writes
nothing any more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sso.audit.record import Origin
from sso.storage.database import Database
from sso.storage.stores import SqlStores
from sso.worker.directory_ends import LeaseLost

LEASE = timedelta(minutes=15)
"""Longer than the slowest page, so that only a process that is gone loses it."""
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Lease:
    """What a holder writes of a directory, on behalf of an origin."""

    database: Database
    directory_id: str
    holder: str
    origin: Origin

    def write(self, work: Callable[[SqlStores], _T]) -> _T:
        """Do some work in a transaction. Raises LeaseLost, StorageUnavailable."""
        with self.database.begin(self.origin) as stores:
            return self._held(work, stores)

    def contain(self, work: Callable[[SqlStores], _T]) -> _T:
        """Do what ends an access, also while the audit log cannot be written. Raises as `write`."""
        return self.database.contain(self.origin, lambda stores: self._held(work, stores))

    def _held(self, work: Callable[[SqlStores], _T], stores: SqlStores) -> _T:
        if not stores.sync_runs.hold(self.directory_id, self.holder, datetime.now(UTC) + LEASE):
            raise LeaseLost
        return work(stores)
