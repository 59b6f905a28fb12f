"""One database, SQLite or PostgreSQL: opens transactions and hands out their stores.

    with database.begin(origin) as stores:     # writes; state and audit commit together or not at all
        ...
    with database.read() as stores:            # reads only; never waits for a writer on SQLite
        ...

Ask people and directories *outside* of a transaction: on SQLite one writer works at a time, so an LDAP
bind or an argon2 inside `begin` holds up everyone.
"""

import logging
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection

from sso.audit.record import Origin, Outcome
from sso.oidc.client import Client
from sso.oidc.errors import RequestRejected
from sso.oidc.jose import MemoryKeys
from sso.oidc.keys import PrivateKeys
from sso.storage.audit_keys import AuditKeys, audit_keys_url
from sso.storage.audit_spool import AuditSpool, SpooledAuditLog
from sso.storage.clients import ClientCache
from sso.storage.engines import Engines, Pool, database_url
from sso.storage.errors import StorageUnavailable
from sso.storage.gates import Overtaken
from sso.storage.opening import engines_of
from sso.storage.sealing import Sealer
from sso.storage.signing_keys import SignersInMemory
from sso.storage.stores import Kept, SqlStores
from sso.storage.unit_of_work import UnitOfWork

log = logging.getLogger("sso.storage")

_Result = TypeVar("_Result")
_REFUSAL_WAITS = "a refusal that must be recorded waits for the audit log"


class Database:
    """A database by its URL (`sqlite:///path` or `postgresql://...`); connects at first use.

    Threads share one; a process that was forked makes its own connections. `private_keys` is where signing
    keys live that are not in the database itself. `audit_keys` are those of the audit log, unless given in a
    file beside SQLite's or in a schema of the same PostgreSQL.

    Raises:
        ValueError: the URL is neither, or names a SQLite database in memory.
    """

    def __init__(
        self,
        url: str,
        sealer: Sealer,
        private_keys: PrivateKeys | None = None,
        *,
        pool: Pool | None = None,
        audit_keys: AuditKeys | None = None,
    ) -> None:
        self._url = database_url(url)
        self._pool = pool or Pool()
        self.audit_keys = audit_keys or AuditKeys(audit_keys_url(url), sealer, self._pool)
        self.audit_spool: AuditSpool | None = None
        """Where the events of a containment wait while the log cannot be written; None: it fails then."""
        signers = SignersInMemory(private_keys or MemoryKeys())
        self._kept = Kept(ClientCache(), sealer, signers, self.audit_keys)
        self._guard = threading.Lock()
        self._engines, self._process = self._new_engines(), os.getpid()

    def __repr__(self) -> str:
        return f"Database({self._url.render_as_string(hide_password=True)!r})"

    @property
    def dialect(self) -> str:
        """Return `sqlite` or `postgresql`."""
        return self._url.get_backend_name()

    @property
    def path(self) -> str | None:
        """The file of a SQLite database, None for PostgreSQL."""
        return self._url.database if self.dialect == "sqlite" else None

    @contextmanager
    def begin(self, origin: Origin) -> Generator[SqlStores]:
        """Open a transaction that writes, on behalf of an origin.

        Leaving it commits, and so does RequestRejected: a refusal is an answer, and what it wrote must
        survive. Any other exception rolls back.

        Raises:
            StorageUnavailable: the database could not do it; nothing was kept.
        """
        with self._begun(origin, may_attempt=False) as stores:
            yield stores

    def run(self, origin: Origin, work: Callable[[SqlStores], _Result]) -> _Result:
        """Do some work as in `begin` and return what it returns, committed.

        On PostgreSQL what one caller alone may win (a code, a refresh token) is committed together with other
        units. Where another caller was faster the work is done once more, so nothing but its stores may
        remember the first time.

        Raises:
            StorageUnavailable: the database could not do it; nothing was kept.
        """
        try:
            with self._begun(origin, may_attempt=True) as stores:
                return work(stores)
        except Overtaken:
            with self.begin(origin) as stores:
                return work(stores)

    @contextmanager
    def _begun(self, origin: Origin, *, may_attempt: bool) -> Generator[SqlStores]:
        with self._my_engines().transaction(writes=True) as transaction:
            unit = UnitOfWork(transaction, origin, writes=True, may_attempt=may_attempt)
            try:
                yield SqlStores(unit, self._kept)
            except RequestRejected:
                unit.commit()
                raise
            unit.commit()

    def contain(self, origin: Origin, action: Callable[[SqlStores], _Result]) -> _Result:
        """Do what ends something (a session, a token, an account), also while the log cannot be written.

        The action may run twice: if its transaction fails, once more with its events spooled, durably, before
        the state commits. As in `begin`, a refusal is an answer; but it ends nothing, so what it records is
        never spooled: strangers would fill the disk with it. Nor is what tells of failures alone.

        Raises:
            StorageUnavailable: the state could not be changed, or the events not be spooled.
        """
        try:
            with self.begin(origin) as stores:
                return action(stores)
        except StorageUnavailable as error:
            if self.audit_spool is None:
                raise
            log.critical("the audit log cannot be written: events are spooled", extra={"reason": str(error)})
        return self._spooling(origin, action, self.audit_spool)

    def _spooling(self, origin: Origin, action: Callable[[SqlStores], _Result], spool: AuditSpool) -> _Result:
        with self._my_engines().transaction(writes=True) as transaction:
            unit = UnitOfWork(transaction, origin, writes=True)
            stores, spooled = SqlStores(unit, self._kept), SpooledAuditLog(unit)
            stores.audit = spooled
            try:
                result = action(stores)
            except RequestRejected as refusal:
                if spooled.records:
                    raise StorageUnavailable(_REFUSAL_WAITS) from refusal
                unit.commit()
                raise
            if spooled.records and all(each.outcome is Outcome.FAILURE for each in spooled.records):
                raise StorageUnavailable(_REFUSAL_WAITS)
            _commit_spooled(unit, spooled, spool)
            return result

    @contextmanager
    def read(self) -> Generator[SqlStores]:
        """Open a transaction that only reads; the database refuses it to write.

        Raises:
            StorageUnavailable: the database could not do it.
        """
        with self._my_engines().transaction(writes=False) as transaction:
            unit = UnitOfWork(transaction, Origin(), writes=False)
            yield SqlStores(unit, self._kept)

    def client(self, client_id: str) -> Client | None:
        """Return a client as it was a second ago at most, without a transaction where it is known.

        Raises:
            StorageUnavailable: the database could not do it.
        """
        if not self._kept.clients.due() and (known := self._kept.clients.get(client_id)) is not None:
            return known
        with self.read() as stores:
            return stores.clients.get(client_id)

    def dispose(self) -> None:
        """Close every connection that is not in use."""
        self._my_engines().dispose()
        self.audit_keys.dispose()

    @contextmanager
    def _schema_reader(self) -> Generator[Connection]:
        """A transaction for `sso.storage.schema` alone, to look."""
        with self._my_engines().schema(writes=False) as connection:
            yield connection

    @contextmanager
    def _schema_writer(self) -> Generator[Connection]:
        """A transaction for `sso.storage.schema` alone, to change."""
        with self._my_engines().schema(writes=True) as connection:
            yield connection
        self._kept.clients.forget()

    def _my_engines(self) -> Engines:
        if self._process != os.getpid():
            with self._guard:
                if self._process != os.getpid():
                    self._engines.abandon()
                    self._engines, self._process = self._new_engines(), os.getpid()
        return self._engines

    def _new_engines(self) -> Engines:
        return engines_of(self._url, self._pool)


def _commit_spooled(unit: UnitOfWork, spooled: SpooledAuditLog, spool: AuditSpool) -> None:
    """Make the events durable, then the state; those of a commit that failed stay, as uncertain ones."""
    unit.flush()
    with spool.holding(spooled.records):
        unit.commit()
