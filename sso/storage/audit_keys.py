"""Data keys of the audit log: one a person and year, sealed under the key-encryption key.

They live apart from the log (a file of their own beside SQLite, a schema of their own or another database on
PostgreSQL): a backup of the log alone shows nothing of anybody, and when a person's keys are destroyed, their
part of the log is gone for good, in every older backup of it too. Events of nobody share a key a month.
"""

import hashlib
import hmac
import ipaddress
import os
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Connection,
    Index,
    LargeBinary,
    MetaData,
    Table,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateSchema

from sso.audit.place import Network, address_of, network_around
from sso.oidc.digest import new_id
from sso.storage.columns import Text, UtcDateTime, column
from sso.storage.engines import Engines, Pool, database_url
from sso.storage.errors import SealBroken, StorageUnavailable
from sso.storage.opening import engines_of
from sso.storage.sealing import Sealer

MAX_CACHED_KEYS = 20_000
MAX_CACHED_ADDRESSES = 4_096
REF_BYTES = 16
_ADVISORY_LOCK = 0x53534F48_55420002  # "SSOHUB": one maker of the table at a time

SCHEMA = "audit_keys"
key_metadata = MetaData(schema=SCHEMA)
audit_key = Table(
    "audit_key",
    key_metadata,
    column("id", Text, primary_key=True, sensitive=False),
    column("account_id", Text, sensitive=False),  # "": events of nobody
    column("period", Text, sensitive=False),
    column("sealed", LargeBinary, optional=True, sensitive=True),  # absent: destroyed
    column("created_at", UtcDateTime, sensitive=False),
    column("destroyed_at", UtcDateTime, optional=True, sensitive=False),  # absent: in use
)
_K = audit_key.c
_EXISTS = text("sealed IS NOT NULL")
Index(
    "ux_audit_key_account_period",
    _K.account_id,
    _K.period,
    unique=True,
    sqlite_where=_EXISTS,
    postgresql_where=_EXISTS,
)
_OF_ACCOUNT = select(audit_key).where(_K.account_id == bindparam("account"), _K.sealed.is_not(None))
_OF_PERIOD = _OF_ACCOUNT.where(_K.period == bindparam("within"))
_BY_ID = select(audit_key).where(_K.id.in_(bindparam("ids", expanding=True)))
_ADD = postgresql.insert(audit_key).on_conflict_do_nothing()
_DESTROY = (
    update(audit_key)
    .where(_K.account_id == bindparam("account"), _K.sealed.is_not(None))
    .values(sealed=None, destroyed_at=bindparam("now"))
)


class DataKey:
    """A key in the open: it seals what entries tell of one account, and makes the refs that find it."""

    __slots__ = ("_cipher", "_ref_key", "id", "secret")

    def __init__(self, key_id: str, secret: bytes) -> None:
        self.id = key_id
        self.secret = secret
        self._cipher = AESGCM(_derived(secret, b"seal"))
        self._ref_key = _derived(secret, b"ref")

    def seal(self, plain: bytes, event_id: str) -> bytes:
        """Return the content sealed for one event."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, plain, event_id.encode())

    def open(self, sealed: bytes, event_id: str) -> bytes:
        """Return what was sealed for this event.

        Raises:
            SealBroken: it was not sealed by this key for this event.
        """
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], event_id.encode())
        except (InvalidTag, ValueError) as error:
            msg = "a sealed audit entry does not open"
            raise SealBroken(msg) from error

    def ref(self, account_id: str) -> bytes:
        """Return what stands for the account in the log: a digest that only this key can make."""
        return hmac.digest(self._ref_key, account_id.encode(), "sha256")[:REF_BYTES]


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hashlib.sha256(b"sso audit " + purpose + b"\0" + secret).digest()


class AuditKeys:
    """The keys of one hub, in the database of a URL; keys in use are kept in memory.

    Raises:
        ValueError: the URL is not one of SQLite or PostgreSQL.
    """

    def __init__(self, url: str, sealer: Sealer, pool: Pool) -> None:
        self._url = database_url(url)
        self._sealer = sealer
        self._addresses = sealer.derived(b"audit addresses")
        self.refs_around = lru_cache(MAX_CACHED_ADDRESSES)(self._refs_around)
        """The refs of an address and of the network around it, None where a text is no address."""
        self._pool = pool
        self._guard = threading.Lock()
        self._known: OrderedDict[tuple[str, str], DataKey] = OrderedDict()
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
        place = (account_id or "", period_of(account_id, now))
        with self._guard:
            if (known := self._known.get(place)) is not None:
                self._known.move_to_end(place)
                return known
        return self._remember(place, self._of_period(place) or self._made(place, now))

    def of_account(self, account_id: str) -> Sequence[DataKey]:
        """Return every key of an account that was not destroyed: what its events can be found by."""
        with self._connection(writes=False) as connection:
            rows = connection.execute(_OF_ACCOUNT, {"account": account_id}).fetchall()
        return [self._opened(row) for row in rows]

    def by_ids(self, ids: Iterable[str]) -> Mapping[str, DataKey]:
        """Return the keys that still exist, by id."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        with self._connection(writes=False) as connection:
            rows = connection.execute(_BY_ID, {"ids": wanted}).fetchall()
        return {row.id: self._opened(row) for row in rows if row.sealed is not None}

    def address_ref(self, network: Network) -> bytes:
        """Return what stands for an address, or for the network around it, in the log: a keyed digest."""
        return hmac.digest(self._addresses, str(network).encode(), "sha256")[:REF_BYTES]

    def _refs_around(self, text: str | None) -> tuple[bytes | None, bytes | None]:
        address = address_of(text)
        if address is None:
            return None, None
        return self.address_ref(ipaddress.ip_network(address)), self.address_ref(network_around(address))

    def destroy(self, account_id: str, now: datetime) -> int:
        """Destroy every key of an account, for good; return how many there were."""
        with self._connection(writes=True) as connection:
            destroyed = connection.execute(_DESTROY, {"account": account_id, "now": now}).rowcount
        with self._guard:
            for place in [place for place in self._known if place[0] == account_id]:
                del self._known[place]
        return destroyed

    def dispose(self) -> None:
        """Close every connection that is not in use."""
        self._my_engines().dispose()

    def _of_period(self, place: tuple[str, str]) -> DataKey | None:
        with self._connection(writes=False) as connection:
            row = connection.execute(_OF_PERIOD, {"account": place[0], "within": place[1]}).first()
        return None if row is None else self._opened(row)

    def _made(self, place: tuple[str, str], now: datetime) -> DataKey:
        key = DataKey(new_id(), os.urandom(32))
        row = {
            "id": key.id,
            "account_id": place[0],
            "period": place[1],
            "sealed": self._sealer.seal(key.secret, b"audit key " + key.id.encode()),
            "created_at": now,
            "destroyed_at": None,
        }
        with self._connection(writes=True) as connection:
            connection.execute(_ADD, row)
        return self._of_period(place) or key  # of two that made one at once, the first was kept

    def _remember(self, place: tuple[str, str], key: DataKey) -> DataKey:
        with self._guard:
            self._known[place] = key
            while len(self._known) > MAX_CACHED_KEYS:
                self._known.popitem(last=False)
        return key

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
