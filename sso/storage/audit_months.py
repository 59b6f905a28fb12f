"""The months of the audit log on PostgreSQL: a partition each, made ahead, dropped whole when they are over.

A month is a range of ids, for the first 48 bits of an id are its milliseconds (RFC 9562 5.7). Its leaves stay
in the tree: 100 bytes an entry that tell nothing, so that every other proof and checkpoint holds as before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Integer, LargeBinary, bindparam, cast, func, or_, select, text, update

from sso.audit.entry import public_record
from sso.audit.event import AuditMonthDropped
from sso.audit.whole_log import DroppedMonth
from sso.storage.audit_hours import Hours, SqlAuditHours
from sso.storage.columns import Text
from sso.storage.tables import audit_event, audit_head, audit_leaf, audit_pending
from sso.storage.unit_of_work import UnitOfWork

MINIMUM_RETENTION = timedelta(days=180)
"""No configuration drops anything younger (`[audit] retention_days`)."""
STEP = 50_000
"""So many entries of a month are counted by one statement."""
_NAME = re.compile(r"audit_event_(\d{4})_(\d{2})")
_L, _P, _H, _A = audit_leaf.c, audit_pending.c, audit_head.c, audit_event.c
_ADVISORY_LOCK = 0x53534F48_55420003  # "SSOHUB": one at a time changes partitions
_ONE_AT_A_TIME = text(f"SELECT pg_try_advisory_xact_lock({_ADVISORY_LOCK}) AS mine").columns(mine=Integer)
_PARTITIONS = text(
    "SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'audit_event'::regclass ORDER BY c.relname"
).columns(name=Text)
_HURRY = text("SET LOCAL lock_timeout = '2s'").columns()
_WAITING = select(_P.event_id).where(_P.event_id >= bindparam("first_id"), _P.event_id < bindparam("end_id"))
_oldest = (
    select(_A.id, _L.epoch, _L.leaf_index)
    .outerjoin(audit_leaf, _L.event_id == _A.id)
    .where(_A.id > bindparam("after"), _A.id < bindparam("end_id"))
    .order_by(_A.id)
    .limit(bindparam("batch"))
    .subquery("oldest")
)
_STEP = select(
    _oldest.c.epoch,
    func.count().label("entries"),
    func.max(_oldest.c.id).label("last_id"),
    func.max(_oldest.c.leaf_index).label("last"),
).group_by(_oldest.c.epoch)
_DROPPED = (
    select(cast(_A.body, LargeBinary).label("body"))
    .outerjoin(audit_leaf, _L.event_id == _A.id)
    .outerjoin(audit_pending, _P.event_id == _A.id)
    .where(or_(_L.event_id.is_not(None), _P.event_id.is_not(None)))
    .where(_A.event == AuditMonthDropped.code)
    .order_by(_A.id)
)
_RAISE = (
    update(audit_head)
    .where(
        _H.epoch == bindparam("of_epoch"),
        func.coalesce(_H.minimum_index, 0) < bindparam("new_minimum"),
    )
    .values(minimum_index=bindparam("new_minimum"))
)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the log."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        """Return the month of a moment, in UTC."""
        there = moment.astimezone(UTC)
        return cls(there.year, there.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Return the month of its text.

        Raises:
            ValueError: it is not that of a month.
        """
        return cls.of(datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC))

    @property
    def begin(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def table(self) -> str:
        """The name of its partition."""
        return f"audit_event_{self.year:04d}_{self.month:02d}"

    @property
    def first_id(self) -> str:
        """What no id of it sorts before."""
        whole = f"{int(self.begin.timestamp()) * 1000:012x}"
        return f"{whole[:8]}-{whole[8:]}"

    def holds(self, event_id: str) -> bool:
        """Whether an entry of this id is one of this month's."""
        return self.first_id <= event_id < self.next.first_id

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class MonthExtent:
    """What a month holds: how many entries, and the first index of each epoch above all of them."""

    entries: int
    minimum_indices: dict[int, int]


class SqlAuditMonths:
    """The partitions of the log, in a transaction of PostgreSQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def dropped(self) -> Sequence[DroppedMonth]:
        """Return the months that the log says were dropped, none too young for it.

        An entry that waits for its place is believed: it was committed together with the drop.
        """
        found = (_read(row.body) for row in self._unit.rows(_DROPPED))
        return [month for month in found if month is not None]

    def lock(self) -> bool:
        """Be the one who changes partitions until the transaction ends; false if somebody else is."""
        row = self._unit.row(_ONE_AT_A_TIME)
        return row is not None and bool(row.mine)

    def known(self) -> Sequence[Month]:
        """Return the months that have a partition, oldest first."""
        found = (_NAME.fullmatch(row.name) for row in self._unit.rows(_PARTITIONS))
        return [Month(int(each[1]), int(each[2])) for each in found if each is not None]

    def make(self, month: Month) -> None:
        """Make a month's partition, of which nobody may change or delete an entry either.

        Raises:
            StorageUnavailable: it cannot be made; so where events of that month are there already.
        """
        bounds = f"FROM ('{month.first_id}') TO ('{month.next.first_id}')"
        self._unit.change(
            text(f"CREATE TABLE {month.table} PARTITION OF audit_event FOR VALUES {bounds}").columns()
        )
        self._unit.change(text(f"SELECT audit_event_keep('{month.table}')").columns())

    def extent(self, month: Month, step: int = STEP) -> MonthExtent | None:
        """Return what a month holds, read in steps; None while events of it wait for their places."""
        ids = {"first_id": month.first_id, "end_id": month.next.first_id}
        if self._unit.row(_WAITING, ids) is not None:
            return None
        entries, minimum, after = 0, dict[int, int](), month.first_id
        while rows := self._unit.rows(_STEP, {"after": after, "end_id": month.next.first_id, "batch": step}):
            for row in rows:
                entries += int(row.entries)
                if row.epoch is not None:
                    minimum[row.epoch] = max(minimum.get(row.epoch, 0), int(row.last) + 1)
            after = max(row.last_id for row in rows)
        return MonthExtent(entries, minimum)

    def drop(self, month: Month, extent: MonthExtent) -> None:
        """Drop a month's partition with its counts, and raise the minimum indices above what it holds.

        Raises:
            StorageUnavailable: it cannot be done now: somebody reads it.
        """
        SqlAuditHours(self._unit).forget(Hours(month.begin, month.next.begin))
        self._unit.change(_HURRY)
        self._unit.change(text(f"DROP TABLE {month.table}").columns())
        for epoch, index in extent.minimum_indices.items():
            self._unit.change(_RAISE, {"of_epoch": epoch, "new_minimum": index})


def _read(body: bytes) -> DroppedMonth | None:
    """What an entry says was dropped; None where it cannot be read, or says what retention never does."""
    try:
        record = public_record(body)
        said = record.detail
        month = Month.parse(str(said.get("month")))
    except ValueError:
        return None
    entries, minimum = said.get("entries"), said.get("minimum_indices")
    if not isinstance(entries, int) or not isinstance(minimum, Mapping):
        return None
    if month.next.begin > record.occurred_at - MINIMUM_RETENTION:
        return None
    indices = {epoch: index for epoch, index in minimum.items() if isinstance(index, int)}
    return DroppedMonth(
        month=str(month),
        first_id=month.first_id,
        end_id=month.next.first_id,
        entries=entries,
        minimum_indices=indices,
    )
