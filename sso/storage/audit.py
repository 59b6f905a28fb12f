"""The audit log: appended with the state it reports, searched by time and identifier."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, select

from sso.audit.entry import Entry
from sso.audit.found import BrokenEntry, Found
from sso.audit.query import AuditQuery, Bar, Looked
from sso.audit.record import AuditEvent, AuditRecord, record_of
from sso.storage.audit_count import bars_in_parts
from sso.storage.audit_facets import facets
from sso.storage.audit_keys import AuditKeys
from sso.storage.audit_look import newest_in_parts
from sso.storage.audit_rows import collect_entry, entries_of, found_of, readable_records_of
from sso.storage.audit_selection import newest_first, oldest_first
from sso.storage.counts import count
from sso.storage.tables import audit_event, audit_leaf
from sso.storage.unit_of_work import UnitOfWork

_A = audit_event.c
_FIND = select(audit_event).where(_A.id == bindparam("key"))
_L = audit_leaf.c
_PLACED = (
    select(audit_event)
    .join(audit_leaf, _L.event_id == _A.id)
    .where(_L.epoch == bindparam("of_epoch"))
    .where(_L.leaf_index >= bindparam("begin"), _L.leaf_index < bindparam("end"))
    .order_by(_L.leaf_index)
)
_LAST_WITH = [
    select(_A.occurred_at).where(_A[name] == bindparam("wanted")).order_by(_A.id.desc()).limit(1)
    for name in ("account_ref", "actor_ref", "about_ref")
]


class SqlAuditLog:
    """`sso.oidc.stores.AuditLog` in SQL: rows are inserted just before the commit.

    Beside each event waits its leaf until the sequencer gives it a place in the tree.
    """

    __slots__ = ("_appended", "_keys", "_unit")
    is_late = False
    """What is appended is in the log at once."""

    def __init__(self, unit: UnitOfWork, keys: AuditKeys) -> None:
        self._unit = unit
        self._keys = keys
        self._appended = 0

    def append(self, event: AuditEvent, now: datetime) -> str:
        """Record an event and return its id."""
        record = record_of(event, self._unit.origin, now, self._appended)
        self._appended += 1
        collect_entry(record, self._keys, self._unit)
        self._unit.after_commit(lambda: count(record))
        return record.id

    def prepare(self, account_ids: Iterable[str], now: datetime) -> None:
        """Make the keys for events of many accounts that are just being made."""
        self._keys.prepare(account_ids, now)

    def recall(self, account_ids: Iterable[str], now: datetime) -> None:
        """Read the keys for events of many accounts at once."""
        self._keys.recall(account_ids, now)


class SqlAuditSearch:
    """Questions to the log."""

    __slots__ = ("_keys", "_unit")

    def __init__(self, unit: UnitOfWork, keys: AuditKeys) -> None:
        self._unit = unit
        self._keys = keys

    def search(self, query: AuditQuery) -> Sequence[Found]:
        """Return a page of records, newest first, with the entries that are broken: in one statement.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        self._unit.flush()
        return found_of(self._unit.rows(newest_first(query, self._keys)), self._keys)

    def look(self, query: AuditQuery, most_seconds: float | None = None) -> Looked[Found]:
        """Return what `search` does, of what no index finds, too, as far as `most_seconds` allow.

        Raises:
            StorageUnavailable: a millisecond of the log cannot be looked through in time.
            ValueError: `address` is neither an address nor a network.
        """
        self._unit.flush()
        rows, back_to = newest_in_parts(self._unit, query, self._keys, most_seconds)
        return Looked(found_of(rows, self._keys), back_to)

    def following(self, query: AuditQuery, after: str) -> Sequence[Found]:
        """Return a page of records, oldest first, those after an id, with the entries that are broken.

        Raises:
            ValueError: `address` is neither an address nor a network.
        """
        self._unit.flush()
        return found_of(self._unit.rows(oldest_first(query, after, self._keys)), self._keys)

    def entries(self, query: AuditQuery) -> Sequence[Entry | BrokenEntry]:
        """Return a page of entries, newest first, in the groups that they are told in; however long it takes.

        Raises:
            StorageUnavailable: a millisecond of the log cannot be looked through in time.
            ValueError: `address` is neither an address nor a network.
        """
        self._unit.flush()
        rows, _ = newest_in_parts(self._unit, query, self._keys)
        return entries_of(rows, self._keys)

    def placed(self, query: AuditQuery, epoch: int, begin: int, end: int) -> Sequence[Found]:
        """Return what a query finds, its time range aside, from one place in the log up to another."""
        leaf = audit_leaf.c
        wanted = select(audit_event).join(audit_leaf, leaf.event_id == _A.id)
        wanted = wanted.where(leaf.epoch == epoch, leaf.leaf_index >= begin, leaf.leaf_index < end)
        rows = self._unit.rows(wanted.where(*facets(query, self._keys)).order_by(leaf.leaf_index))
        return found_of(rows, self._keys)

    def readable(self, epoch: int, begin: int, end: int) -> Sequence[AuditRecord]:
        """Return the records from one place in the log up to another, without those that somebody broke."""
        rows = self._unit.rows(_PLACED, {"of_epoch": epoch, "begin": begin, "end": end})
        return readable_records_of(rows, self._keys)

    def of_ids(self, ids: Collection[str]) -> Mapping[str, AuditRecord]:
        """Return records by id, those that are still there and that nobody broke."""
        rows = self._unit.rows(select(audit_event).where(_A.id.in_(sorted(ids)))) if ids else []
        return {record.id: record for record in readable_records_of(rows, self._keys)}

    def find(self, event_id: str) -> Found | None:
        """Return one record, or None; or that it is broken."""
        self._unit.flush()
        row = self._unit.row(_FIND, {"key": event_id})
        return None if row is None else found_of([row], self._keys)[0]

    def last_with(self, ref: bytes) -> datetime | None:
        """Return when something was last recorded that a ref stands in, whoever it tells of."""
        self._unit.flush()
        rows = (self._unit.row(statement, {"wanted": ref}) for statement in _LAST_WITH)
        return max((row.occurred_at for row in rows if row is not None), default=None)

    def last_of_each(self, query: AuditQuery, facet: str, names: Collection[str]) -> Mapping[str, datetime]:
        """Return when each of some accounts (`account_id`) or applications (`client_id`) was found last."""
        one = replace(query, limit=1)
        by_client = facet == "client_id"
        asked = {n: replace(one, client_id=n) if by_client else replace(one, account_id=n) for n in names}
        found = ((name, self._newest(each)) for name, each in asked.items())
        return {name: record.occurred_at for name, record in found if record is not None}

    def _newest(self, query: AuditQuery) -> AuditRecord | None:
        """The newest record that can be read."""
        while found := self.search(query):
            if not isinstance(found[0], BrokenEntry):
                return found[0]
            query = replace(query, before=found[0].id)
        return None

    def histogram(self, query: AuditQuery, bars: int, most_seconds: float | None = None) -> Sequence[Bar]:
        """Count what a question finds, its page aside, in equal steps of its time range; empty ones included.

        Raises:
            TooManyRecords: it would take longer than `most_seconds`, if that is given.
            ValueError: `address` is neither an address nor a network, or the number of bars is absurd.
        """
        self._unit.flush()
        return bars_in_parts(self._unit, query, bars, self._keys, most_seconds)
