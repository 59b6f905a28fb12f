"""Data keys of the audit log: one a person and year, sealed under the key-encryption key.

They live apart from the log (a file of their own beside SQLite, a schema of their own or another database on
PostgreSQL): a backup of the log alone shows nothing of anybody, and when a person's keys are destroyed, their
part of the log is gone for good, in every older backup of it too. Events of nobody share a key a month.
"""

import hmac
import ipaddress
import os
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.schema import CreateSchema

from sso.audit.place import Network, address_of, network_around
from sso.oidc.digest import new_id
from sso.storage.audit_data_key import REF_BYTES, DataKey, LivingKey
from sso.storage.audit_key_cache import KeyCache, Place
from sso.storage.audit_key_table import (
    ADD,
    BY_ID,
    DESTROY,
    NOT_REWRITTEN,
    OF_ACCOUNT,
    OF_ACCOUNTS,
    OF_PERIOD,
    OLDER,
    REWRITTEN,
    SCHEMA,
    audit_key,
    key_metadata,
)
from sso.storage.engines import Engines, Pool, database_url
from sso.storage.errors import StorageUnavailable
from sso.storage.opening import engines_of
from sso.storage.rewriting import rewrite
from sso.storage.sealing import Sealer

MAX_BATCH = 1_000
"""So many keys are destroyed in one transaction."""

MAX_CACHED_ADDRESSES = 4_096
_ADVISORY_LOCK = 0x53534F48_55420002  # "SSOHUB": one maker of the table at a time


class AuditKeys:
    """The keys of one hub, in the database of a URL; keys in use are kept in memory.

    Raises:
        ValueError: the URL is not one of SQLite or PostgreSQL.
    """

    def __init__(
        self, url: str, sealer: Sealer, pool: Pool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = database_url(url)
        self._sealer = sealer
        self._addresses = sealer.derived(b"audit addresses")
        self.refs_around = lru_cache(MAX_CACHED_ADDRESSES)(self._refs_around)
        """The refs of an address and of the network around it, None where a text is no address."""
        self._pool = pool
        self._guard = threading.Lock()
        self._cache = KeyCache(clock)
        self._engines, self._process = self._new_engines(), os.getpid()

    def create(self) -> None:
        """Make the table where it is missing; a new SQLite file is readable by its owner alone.

        Raises:
            StorageUnavailable: it cannot be made.
        """
        if self._sqlite:
            try:
                os.close(os.open(self._url.database or "", os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                msg = f"the file of the audit keys cannot be made: {error.strerror}"
                raise StorageUnavailable(msg) from error
        with self._connection(writes=True) as connection:
            if not self._sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
                connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
            key_metadata.create_all(connection)

    def for_event(self, account_id: str | None, now: datetime) -> DataKey:
        """Return the key for an event at `now`, made and durable at its first use.

        Raises:
            StorageUnavailable: the keys cannot be reached.
        """
        place, looked = (account_id or "", period_of(account_id, now)), self._cache.looking()
        known = self._cache.get(place, looked)
        if known is not None:
            return known
        key = self._of_period(place) or self._made(place, now)
        self._cache.keep(place, key, looked)
        return key

    def prepare(self, account_ids: Iterable[str], now: datetime) -> None:
        """Make the keys of accounts that are just being made, all in one transaction, for events at `now`.

        Of an account that others know already, somebody else could make the same key at once.

        Raises:
            StorageUnavailable: the keys cannot be reached.
        """
        looked = self._cache.looking()
        made = [self._new((account_id, period_of(account_id, now)), now) for account_id in account_ids]
        if not made:
            return
        with self._connection(writes=True) as connection:
            connection.execute(ADD, [row for _, row in made])
        self._cache.keep_page({(row["account_id"], row["period"]): key for key, row in made}, looked)

    def recall(self, account_ids: Iterable[str], now: datetime) -> None:
        """Read the keys that accounts have for events at `now`, all at once; who has none gets one later.

        Raises:
            StorageUnavailable: the keys cannot be reached.
        """
        looked, period = self._cache.looking(), period_of("an account", now)
        found: dict[Place, DataKey] = {}
        for batch in _batches(sorted(set(account_ids))):
            with self._connection(writes=False) as connection:
                rows = connection.execute(OF_ACCOUNTS, {"accounts": batch, "within": period}).fetchall()
            found |= {(row.account_id, period): self._opened(row) for row in rows}
        if found:
            self._cache.keep_page(found, looked)

    def of_account(self, account_id: str) -> Sequence[DataKey]:
        """Return every key of an account that was not destroyed: what its events can be found by."""
        with self._connection(writes=False) as connection:
            rows = connection.execute(OF_ACCOUNT, {"account": account_id}).fetchall()
        return [self._opened(row) for row in rows]

    def by_ids(self, ids: Iterable[str]) -> Mapping[str, DataKey]:
        """Return the keys that still exist, by id."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        with self._connection(writes=False) as connection:
            rows = connection.execute(BY_ID, {"ids": wanted}).fetchall()
        return {row.id: self._opened(row) for row in rows if row.sealed is not None}

    def address_ref(self, network: Network) -> bytes:
        """Return what stands for an address, or for the network around it, in the log: a keyed digest."""
        return hmac.digest(self._addresses, str(network).encode(), "sha256")[:REF_BYTES]

    def name_ref(self, name: str) -> bytes:
        """Return what stands for an actor that is no account (a command's user, a job) in the log."""
        return hmac.digest(self._addresses, b"name\0" + name.encode(), "sha256")[:REF_BYTES]

    def group_digest(self, values: Sequence[str]) -> str:
        """Return what stands for some values of a record in the memory of detection rules."""
        whole = "\0".join(("group", *values)).encode("utf-8", "surrogatepass")
        return hmac.digest(self._addresses, whole, "sha256")[:REF_BYTES].hex()

    def _refs_around(self, text: str | None) -> tuple[bytes | None, bytes | None]:
        address = address_of(text)
        if address is None:
            return None, None
        return self.address_ref(ipaddress.ip_network(address)), self.address_ref(network_around(address))

    def living(self, account_id: str) -> Sequence[LivingKey]:
        """Return the keys of an account or a person that were not destroyed, oldest first."""
        with self._connection(writes=False) as connection:
            rows = connection.execute(
                OF_ACCOUNT.order_by(audit_key.c.period), {"account": account_id}
            ).fetchall()
        return [LivingKey(row.id, row.period, self._opened(row).ref(account_id)) for row in rows]

    def older_than(self, end: datetime) -> Sequence[str]:
        """Return the ids of keys whose period was over at a moment and that were not destroyed."""
        with self._connection(writes=False) as connection:
            rows = connection.execute(OLDER, {"year": f"{end:%Y}", "month": f"{end:%Y-%m}"}).fetchall()
        return [row.id for row in rows]

    def destroy(self, ids: Collection[str]) -> int:
        """Destroy keys, a batch a transaction; return how many. `rewrite` has to follow.

        Other processes may seal with one for MAX_KEY_AGE_SECONDS more: what they write then nobody can read.

        Raises:
            StorageUnavailable: the keys cannot be reached; some may be destroyed.
        """
        wanted, destroyed = set(ids), 0
        try:
            for batch in _batches(sorted(wanted)):
                with self._connection(writes=True) as connection:
                    destroyed += connection.execute(DESTROY, {"ids": batch}).rowcount
        finally:
            self._cache.forget(wanted)
        return destroyed

    def rewrite(self, now: datetime) -> int:
        """Rewrite the files if they still hold keys that were destroyed; return how many they were rid of.

        The rows remember that it is due, until it has succeeded. Not from within a transaction that writes:
        PostgreSQL would keep for it what was destroyed after it had begun.

        Raises:
            StorageUnavailable: the keys cannot be reached, or their files not be rewritten.
        """
        with self._connection(writes=False) as connection:
            due = [row.id for row in connection.execute(NOT_REWRITTEN)]
        if due:
            rewrite(self._url, f"{SCHEMA}.{audit_key.name}")
            for batch in _batches(due):
                with self._connection(writes=True) as connection:
                    connection.execute(REWRITTEN, {"ids": batch, "now": now})
        return len(due)

    def dispose(self) -> None:
        """Close every connection that is not in use."""
        self._my_engines().dispose()

    def _of_period(self, place: Place) -> DataKey | None:
        """Read one key in one round trip: nearly every event of somebody who comes now and then does."""
        parameters = {"account": place[0], "within": place[1]}
        if self._sqlite:
            with self._connection(writes=False) as connection:
                found: Sequence[Any] = connection.execute(OF_PERIOD, parameters).fetchall()
        else:
            with self._my_engines().transaction(writes=True) as transaction:  # a lonely SELECT begins none
                found = transaction.rows(OF_PERIOD, parameters)
        return self._opened(found[0]) if found else None

    def _made(self, place: Place, now: datetime) -> DataKey:
        key, row = self._new(place, now)
        with self._connection(writes=True) as connection:
            connection.execute(ADD, row)
        return self._of_period(place) or key  # of two that made one at once, the first was kept

    def _new(self, place: Place, now: datetime) -> tuple[DataKey, dict[str, Any]]:
        key = DataKey(new_id(), os.urandom(32))
        sealed = self._sealer.seal(key.secret, b"audit key " + key.id.encode())
        row = {"id": key.id, "account_id": place[0], "period": place[1], "sealed": sealed}
        return key, {**row, "created_at": now, "destroyed_at": None}

    def _opened(self, row: Any) -> DataKey:
        return DataKey(row.id, self._sealer.open(row.sealed, b"audit key " + row.id.encode()))

    @contextmanager
    def _connection(self, *, writes: bool) -> Generator[Connection]:
        """A transaction, committed at its end; a file of SQLite has no schemas."""
        here = {SCHEMA: None} if self._sqlite else {SCHEMA: SCHEMA}
        with self._my_engines().schema(writes=writes) as connection:
            yield connection.execution_options(schema_translate_map=here)

    def _my_engines(self) -> Engines:
        if self._process != os.getpid():
            with self._guard:
                if self._process != os.getpid():
                    self._engines.abandon()
                    self._engines, self._process = self._new_engines(), os.getpid()
        return self._engines

    @property
    def _sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    def _new_engines(self) -> Engines:
        return engines_of(self._url, self._pool)


def audit_keys_url(url: str) -> str:
    """Return where the keys are unless configured: beside the SQLite file, or in the same PostgreSQL."""
    parsed = database_url(url)
    if parsed.get_backend_name() != "sqlite":
        return url
    file = Path(parsed.database or "")
    return f"sqlite:///{file.with_name(f'{file.stem}-audit-keys{file.suffix}')}"


def period_of(account_id: str | None, now: datetime) -> str:
    """Return the period of a key: a year for an account's, a month for that of events of nobody."""
    return f"{now:%Y}" if account_id else f"{now:%Y-%m}"


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + MAX_BATCH] for start in range(0, len(ids), MAX_BATCH))
