"""Registered applications, kept in memory between requests and checked against a version in the database."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic

from sqlalchemy import BigInteger, Text, bindparam, cast, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql

from sso.oidc.client import Client, ClientSecret
from sso.storage.client_rows import client_of, client_row, secret_row
from sso.storage.sealing import Sealer
from sso.storage.tables import client, client_resource, client_secret, consent, setting
from sso.storage.unit_of_work import UnitOfWork

VERSION_KEY = "clients_version"
RECHECK_SECONDS = 1.0

_C, _S, _R = client.c, client_secret.c, client_resource.c
_VERSION = select(setting.c.value).where(setting.c.key == VERSION_KEY)
_NEXT_VERSION = (
    update(setting)
    .where(setting.c.key == VERSION_KEY)
    .values(value=cast(cast(setting.c.value, BigInteger) + 1, Text))
)
_WITH_SECRETS = select(
    *client.c, _S.digest, _S.expires_at, _S.sealed, _VERSION.scalar_subquery().label("version")
).outerjoin(client_secret, _S.client_id == _C.client_id)
_NEWEST_SECRET_FIRST = (_S.created_at.desc(), _S.digest)
_GET = _WITH_SECRETS.where(_C.client_id == bindparam("key")).order_by(*_NEWEST_SECRET_FIRST)
_page = select(_C.client_id).where(_C.client_id > bindparam("after"))
_LIST = _WITH_SECRETS.where(_C.client_id.in_(_page.order_by(_C.client_id).limit(bindparam("size")))).order_by(
    _C.client_id, *_NEWEST_SECRET_FIRST
)
_OF_RESOURCE = select(_R.client_id).where(_R.resource == bindparam("named")).order_by(_R.client_id)
_ADD_RESOURCE = insert(client_resource)
_REMOVE_RESOURCES = delete(client_resource).where(_R.client_id == bindparam("key"))
_ADD = postgresql.insert(client).on_conflict_do_nothing().returning(_C.client_id)
_ADD_SECRET = insert(client_secret)
_CHANGED = ("client_name", "auth_method", "trusted", "registration", "updated_at")
_UPDATE = (
    update(client)
    .where(_C.client_id == bindparam("key"))
    .values({name: bindparam(name) for name in _CHANGED})
)
_CAP = (
    update(client)
    .where(_C.client_id == bindparam("key"), _C.logout_unconfirmed_since.is_(None))
    .values(logout_unconfirmed_since=bindparam("now"))
)
_CAPPED = select(_C.logout_unconfirmed_since).where(
    _C.client_id == bindparam("key"), _C.logout_unconfirmed_since.is_not(None)
)
_LIFT_CAP = (
    update(client)
    .where(_C.client_id == bindparam("key"), _C.logout_unconfirmed_since.is_not(None))
    .values(logout_unconfirmed_since=None)
)
_LOCK = select(_C.client_id).where(_C.client_id == bindparam("key")).with_for_update()
_REMOVE = delete(client).where(_C.client_id == bindparam("key"))
_REMOVE_CONSENTS = delete(consent).where(consent.c.client_id == bindparam("key"))
_RETIRE_SECRETS = (
    update(client_secret)
    .where(_S.client_id == bindparam("key"), or_(_S.expires_at.is_(None), _S.expires_at > bindparam("at")))
    .values(expires_at=bindparam("at"))
)
_REMOVE_SPENT_SECRETS = delete(client_secret).where(
    _S.client_id == bindparam("key"), _S.expires_at <= bindparam("now")
)
_REMOVE_SECRETS = delete(client_secret).where(_S.client_id == bindparam("key"))


class ClientCache:
    """What one process knows of clients: everything in it was read at one version of the table."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version: str | None = None
        self._clients: dict[str, Client] = {}
        self._checked_at = float("-inf")

    def due(self) -> bool:
        """Whether the version must be looked at again."""
        return monotonic() - self._checked_at >= RECHECK_SECONDS

    def get(self, client_id: str) -> Client | None:
        """Return a client that is known, or None."""
        return self._clients.get(client_id)

    def confirm(self, version: str | None) -> None:
        """Forget everything unless it was read at this version."""
        with self._lock:
            if version != self._version:
                self._version, self._clients = version, {}
            self._checked_at = monotonic()

    def put(self, known: Client, version: str | None) -> None:
        """Keep a client that was read together with the version."""
        with self._lock:
            if version != self._version:
                self._version, self._clients = version, {}
            self._clients[known.client_id] = known

    def forget(self) -> None:
        """Forget everything: this process changed a client."""
        with self._lock:
            self._version, self._clients = None, {}
            self._checked_at = float("-inf")


class SqlClients:
    """`sso.oidc.stores.Clients` in SQL, and what the command line and the API do with clients."""

    __slots__ = ("_cache", "_changed", "_sealer", "_unit")

    def __init__(self, unit: UnitOfWork, cache: ClientCache, sealer: Sealer) -> None:
        self._unit = unit
        self._sealer = sealer
        self._cache = cache
        self._changed = False

    def get(self, client_id: str) -> Client | None:
        """Return a client, or None; at most a second old, and never older than this process's own change."""
        if self._changed:
            return self._read(client_id)
        if self._cache.due():
            row = self._unit.row(_VERSION)
            self._cache.confirm(None if row is None else row.value)
        return self._cache.get(client_id) or self._read(client_id)

    def of_resource(self, resource: str) -> Sequence[Client]:
        """Return the clients that are this resource server."""
        rows = self._unit.rows(_OF_RESOURCE, {"named": resource})
        found = (self.get(row.client_id) for row in rows)
        return [client for client in found if client is not None]

    def for_update(self, client_id: str) -> Client | None:
        """Return a client as it is now, and keep others from changing it until this transaction ends."""
        return None if self._unit.row(_LOCK, {"key": client_id}) is None else self._read(client_id)

    def list_clients(self, *, after: str = "", limit: int = 1000) -> Sequence[Client]:
        """Return clients by ascending id, those after an id ("" from the start)."""
        rows = self._unit.rows(_LIST, {"after": after, "size": limit})
        each = groupby(rows, key=lambda row: row.client_id)
        return [client_of(list(group), self._sealer) for _, group in each]

    def add(self, client: Client, now: datetime) -> bool:
        """Register a client with its secrets; false if the id is taken."""
        if self._unit.row(_ADD, client_row(client, now)) is None:
            return False
        for secret in client.secrets:
            self._unit.change(_ADD_SECRET, secret_row(client.client_id, secret, self._sealer, now))
        self._add_resources(client)
        self._note_change()
        return True

    def update(self, client: Client, now: datetime) -> bool:
        """Replace a registration; false if unknown. Sector, secrets and `created_at` stay as they are."""
        row = client_row(client, now)
        values = {"key": client.client_id, **{name: row[name] for name in _CHANGED}}
        if self._unit.change(_UPDATE, values) != 1:
            return False
        self._unit.change(_REMOVE_RESOURCES, {"key": client.client_id})
        self._add_resources(client)
        return self._note_change()

    def remove(self, client_id: str) -> bool:
        """Forget a client, its secrets and consents; false if unknown. Revoke its grants beforehand."""
        self._unit.change(_REMOVE_CONSENTS, {"key": client_id})
        return self._note_change() if self._unit.change(_REMOVE, {"key": client_id}) == 1 else False

    def put_secret(self, client_id: str, secret: ClientSecret, now: datetime) -> None:
        """Add a secret beside those that a client has."""
        self._unit.change(_ADD_SECRET, secret_row(client_id, secret, self._sealer, now))
        self._note_change()

    def rotate_secret(self, client_id: str, secret: ClientSecret, now: datetime, overlap: timedelta) -> None:
        """Give a client a new secret; earlier ones stay valid for the overlap at most."""
        self._unit.change(_RETIRE_SECRETS, {"key": client_id, "at": now + overlap})
        self._unit.change(_REMOVE_SPENT_SECRETS, {"key": client_id, "now": now})
        self.put_secret(client_id, secret, now)

    def drop_secrets(self, client_id: str) -> None:
        """Forget every secret of a client at once."""
        self._unit.change(_REMOVE_SECRETS, {"key": client_id})
        self._note_change()

    def cap(self, client_id: str, now: datetime) -> bool:
        """Note that a client is capped from now on; false if it is already, or unknown."""
        return self._note_change() if self._unit.change(_CAP, {"key": client_id, "now": now}) == 1 else False

    def lift_cap(self, client_id: str) -> datetime | None:
        """Lift a client's cap and return since when it had one; None for all but one caller."""
        capped = self._unit.row(_CAPPED, {"key": client_id})
        if capped is None or self._unit.change(_LIFT_CAP, {"key": client_id}) != 1:
            return None
        self._note_change()
        since: datetime = capped.logout_unconfirmed_since
        return since

    def _add_resources(self, client: Client) -> None:
        for resource in client.resource:
            self._unit.change(_ADD_RESOURCE, {"resource": resource, "client_id": client.client_id})

    def _read(self, client_id: str) -> Client | None:
        rows = self._unit.rows(_GET, {"key": client_id})
        if not rows:
            return None
        found = client_of(rows, self._sealer)
        if not self._changed:
            self._cache.put(found, rows[0].version)
        return found

    def _note_change(self) -> bool:
        if not self._changed:
            self._changed = True
            self._unit.change(_NEXT_VERSION)
            self._unit.after_commit(self._cache.forget)
        return True
