"""The queue of findings, with what officers wrote about them, and what they do not want to hear of."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice, product
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, tuple_, update

from sso.audit.record import Severity, new_event_id
from sso.audit.rules.finding import CloseReason, Comment, Finding, State, Suppression, Wanted
from sso.storage.audit_keys import AuditKeys
from sso.storage.columns import UtcDateTime
from sso.storage.tables import finding, finding_comment, finding_suppression
from sso.storage.unit_of_work import UnitOfWork

MAX_COMMENTS = 500
MAX_SUPPRESSIONS = 500
MAX_SAME = 256
"""In so many ways the group of a match is looked for: each of its people has a key a year."""

_F, _C, _S = finding.c, finding_comment.c, finding_suppression.c
_ADD, _COMMENT, _SUPPRESS = insert(finding), insert(finding_comment), insert(finding_suppression)
_unclosed = _F.closed_as.is_(None)
_goes_on = _S.ends_at > bindparam("now", type_=UtcDateTime())

_GET = select(finding).where(_F.id == bindparam("key"))
_GET_LOCKED = _GET.with_for_update()
_GROW = (
    update(finding)
    .where(_F.id == bindparam("key"), _unclosed)
    .values(
        records=_F.records + bindparam("more"),
        last_record_id=bindparam("last_id"),
        last_at=bindparam("last_time"),
    )
)
_CHANGE = (
    update(finding)
    .where(_F.id == bindparam("key"))
    .values(
        state=bindparam("to_state"),
        assignee=bindparam("to_whom"),
        closed_as=bindparam("as_what"),
        changed_at=bindparam("now"),
    )
)
_COUNT = select(func.count().label("findings")).where(_unclosed, _F.level >= bindparam("least"))
_COMMENTS = (
    select(finding_comment).where(_C.finding_id == bindparam("key")).order_by(_C.id).limit(bindparam("size"))
)
_SUPPRESSED = (
    update(finding_suppression)
    .where(_S.id == bindparam("key"))
    .values(matches=_S.matches + bindparam("more"))
)
_SUPPRESSIONS = select(finding_suppression).where(_goes_on).order_by(_S.ends_at).limit(bindparam("size"))
_LIFT = (
    update(finding_suppression)
    .where(_S.id == bindparam("key"), _goes_on)
    .values(ends_at=bindparam("now"))
    .returning(*_S)
)


class SqlFindings:
    """`sso.audit.rules.finding.Findings` in SQL, and what is asked of it."""

    __slots__ = ("_keys", "_unit")

    def __init__(self, unit: UnitOfWork, keys: AuditKeys) -> None:
        self._unit = unit
        self._keys = keys

    def add(self, new: Finding) -> None:
        """Keep a new finding."""
        row = {
            "id": new.id,
            "rule": new.rule,
            "title": new.title,
            "level": int(new.level),
            "group_digest": new.group,
            "fields": " ".join(new.fields),
            "first_record_id": new.first_record_id,
            "last_record_id": new.last_record_id,
            "first_at": new.first_at,
            "last_at": new.last_at,
            "records": new.records,
            "state": new.state.value,
            "assignee": new.assignee,
            "closed_as": None if new.closed_as is None else new.closed_as.value,
            "opened_at": new.opened_at,
            "changed_at": new.changed_at,
        }
        self._unit.change(_ADD, row)

    def groups(self, digest: str, people: Sequence[str], at: datetime) -> Sequence[str]:
        """Return all that may stand for a group here; first what does for a finding of that time.

        Where it names people that is made with a key of each: theirs of that year, then of the others. After
        those are destroyed nobody finds out which group it was. Of many people over many years MAX_SAME are
        returned: a finding that none of these stands for does not grow, there is another.

        Raises:
            StorageUnavailable: the keys cannot be reached.
        """
        found = [digest]
        for each in people:
            present = self._keys.for_event(each, at)
            others = [key for key in self._keys.of_account(each) if key.id != present.id]
            ways = islice(product(found, (present, *others)), MAX_SAME)
            found = [key.ref(f"finding {one}").hex() for one, key in ways]
        return found

    def unclosed(self, rule: str, groups: Sequence[str]) -> Finding | None:
        """Return the newest finding of a group that is not closed, or None."""
        wanted = select(finding).where(_F.rule == rule, _F.group_digest.in_(groups), _unclosed)
        row = self._unit.row(wanted.order_by(_F.id.desc()).limit(1))
        return None if row is None else _finding(row)

    def grow(self, finding_id: str, records: int, last_record_id: str, last_at: datetime) -> bool:
        """Add records to a finding; false if it has been closed meanwhile."""
        more = {"key": finding_id, "more": records, "last_id": last_record_id, "last_time": last_at}
        return self._unit.change(_GROW, more) == 1

    def get(self, finding_id: str, *, lock: bool = False) -> Finding | None:
        """Return a finding, or None; locked, nobody else changes it until the end."""
        row = self._unit.row(_GET_LOCKED if lock else _GET, {"key": finding_id})
        return None if row is None else _finding(row)

    def change(self, changed: Finding) -> None:
        """Keep what became of a finding."""
        values = {
            "key": changed.id,
            "to_state": changed.state.value,
            "to_whom": changed.assignee,
            "as_what": None if changed.closed_as is None else changed.closed_as.value,
            "now": changed.changed_at,
        }
        self._unit.change(_CHANGE, values)

    def page(self, wanted: Wanted) -> Sequence[Finding]:
        """Return findings: those not closed, worst first, then newest; or the closed ones, newest first."""
        state = _F.closed_as.is_not(None) if wanted.closed else _unclosed
        found = select(finding).where(state, _F.level >= int(wanted.level))
        order = [_F.id.desc()] if wanted.closed else [_F.level.desc(), _F.id.desc()]
        for column, value in ((_F.rule, wanted.rule), (_F.assignee, wanted.assignee)):
            found = found if value is None else found.where(column == value)
        last = None if wanted.before is None else self.get(wanted.before)
        if last is not None and wanted.closed:
            found = found.where(_F.id < last.id)
        elif last is not None:
            found = found.where(tuple_(_F.level, _F.id) < tuple_(int(last.level), last.id))
        return [_finding(row) for row in self._unit.rows(found.order_by(*order).limit(wanted.limit))]

    def count(self, least: Severity) -> int:
        """Return how many findings of a level or worse are not closed."""
        row = self._unit.row(_COUNT, {"least": int(least)})
        return 0 if row is None else int(row.findings)

    def comment(self, finding_id: str, comment: Comment) -> None:
        """Keep a comment."""
        row = {
            "finding_id": finding_id,
            "id": new_event_id(comment.at),
            "author": comment.author,
            "written_at": comment.at,
            "text": comment.text,
        }
        self._unit.change(_COMMENT, row)

    def comments(self, finding_id: str) -> Sequence[Comment]:
        """Return the comments on a finding, oldest first."""
        rows = self._unit.rows(_COMMENTS, {"key": finding_id, "size": MAX_COMMENTS})
        return [Comment(row.author, row.written_at, row.text) for row in rows]

    def suppress(self, suppression: Suppression) -> None:
        """Keep a suppression."""
        row = {
            "id": suppression.id,
            "rule": suppression.rule,
            "finding_id": suppression.finding_id,
            "group_digest": suppression.group,
            "reason": suppression.reason,
            "author": suppression.author,
            "created_at": suppression.created_at,
            "ends_at": suppression.ends_at,
            "matches": suppression.matches,
        }
        self._unit.change(_SUPPRESS, row)

    def suppressing(self, rule: str, groups: Sequence[str], now: datetime) -> Suppression | None:
        """Return the suppression that holds for a group of a rule now, or None."""
        meant = _S.group_digest.is_(None) | _S.group_digest.in_(groups)
        found = select(finding_suppression).where(_S.rule == rule, _S.ends_at > now, meant)
        row = self._unit.row(found.order_by(_S.ends_at.desc()).limit(1))
        return None if row is None else _suppression(row)

    def suppressed(self, suppression_id: str, records: int) -> None:
        """Count records that a suppression kept from being findings."""
        self._unit.change(_SUPPRESSED, {"key": suppression_id, "more": records})

    def suppressions(self, now: datetime) -> Sequence[Suppression]:
        """Return the suppressions that go on, those that end first before the others."""
        return [
            _suppression(row)
            for row in self._unit.rows(_SUPPRESSIONS, {"now": now, "size": MAX_SUPPRESSIONS})
        ]

    def lift(self, suppression_id: str, now: datetime) -> Suppression | None:
        """End a suppression now and return it; None if there is none that goes on."""
        row = self._unit.row(_LIFT, {"key": suppression_id, "now": now})
        return None if row is None else _suppression(row)


def _finding(row: Row[Any]) -> Finding:
    return Finding(
        id=row.id,
        rule=row.rule,
        title=row.title,
        level=Severity(row.level),
        group=row.group_digest,
        fields=tuple(row.fields.split()),
        first_record_id=row.first_record_id,
        last_record_id=row.last_record_id,
        first_at=row.first_at,
        last_at=row.last_at,
        records=row.records,
        state=State(row.state),
        assignee=row.assignee,
        closed_as=None if row.closed_as is None else CloseReason(row.closed_as),
        opened_at=row.opened_at,
        changed_at=row.changed_at,
    )


def _suppression(row: Row[Any]) -> Suppression:
    return Suppression(
        id=row.id,
        rule=row.rule,
        finding_id=row.finding_id,
        group=row.group_digest,
        reason=row.reason,
        author=row.author,
        created_at=row.created_at,
        ends_at=row.ends_at,
        matches=row.matches,
    )
