"""What goes of findings when it is old enough: closed ones with their comments, suppressions that are over.

A finding that is not closed never goes, nor one that a suppression which goes on speaks of. Officers can be
forgotten: then nobody sees any more who worked on it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Executable, and_, bindparam, delete, not_, select, update

from sso.audit.rules.finding import FORGOTTEN
from sso.storage.columns import UtcDateTime
from sso.storage.tables import finding, finding_comment, finding_suppression
from sso.storage.transactions import Parameters
from sso.storage.unit_of_work import UnitOfWork

MAX_BATCH = 200
"""So many findings, and so many suppressions, go in one transaction."""

_F, _C, _S = finding.c, finding_comment.c, finding_suppression.c
_before = bindparam("before", type_=UtcDateTime())
_goes_on = (
    select(_S.id)
    .where(_S.finding_id == _F.id, _S.ends_at > bindparam("now", type_=UtcDateTime()))
    .correlate(finding)
)
_OLD_FINDINGS = (
    select(_F.id)
    .where(_F.closed_as.is_not(None), _F.changed_at <= _before, ~_goes_on.exists())
    .order_by(_F.changed_at)
    .limit(bindparam("size"))
    .with_for_update(skip_locked=True)
)
_OLD_SUPPRESSIONS = (
    select(_S.id)
    .where(_S.ends_at <= _before)
    .order_by(_S.ends_at)
    .limit(bindparam("size"))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class Gone:
    """How many findings and suppressions were deleted; `more` if there may be others."""

    findings: int
    suppressions: int
    more: bool


class SqlFindingRetention:
    """The end of findings."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def sweep(self, before: datetime, now: datetime, batch: int = MAX_BATCH) -> Gone:
        """Delete a batch of what was closed, or was over, before a moment, the oldest first.

        What an officer has in hand at the moment is passed over.
        """
        asked = {"before": before, "size": batch}
        old = self._ids(_OLD_FINDINGS, {**asked, "now": now})
        if old:
            self._unit.change(delete(finding_comment).where(_C.finding_id.in_(old)))
            self._unit.change(delete(finding).where(_F.id.in_(old)))
        over = self._ids(_OLD_SUPPRESSIONS, asked)
        if over:
            self._unit.change(delete(finding_suppression).where(_S.id.in_(over)))
        return Gone(len(old), len(over), batch in (len(old), len(over)))

    def forget(self, officers: Collection[str], kept_years: Collection[str]) -> None:
        """Take officers, by the ids of their accounts, off everything but what they did in some years.

        Findings that they worked on are nobody's then, and what they wrote is FORGOTTEN's.
        """
        ids = sorted(officers)
        for column, done_at, value in (
            (_F.assignee, _F.changed_at, None),
            (_C.author, _C.written_at, FORGOTTEN),
            (_S.author, _S.created_at, FORGOTTEN),
        ):
            meant = [column.in_(ids), *(not_(_within(year, done_at)) for year in sorted(kept_years))]
            self._unit.change(update(column.table).where(*meant).values({column: value}))

    def _ids(self, statement: Executable, asked: Parameters) -> Sequence[str]:
        return [row.id for row in self._unit.rows(statement, asked)]


def _within(year: str, moment: ColumnElement[datetime]) -> ColumnElement[bool]:
    begin = datetime(int(year), 1, 1, tzinfo=UTC)
    return and_(moment >= begin, moment < begin.replace(year=begin.year + 1))
