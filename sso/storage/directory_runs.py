"""The runs of the synchronisation: one at a time for each directory, by whoever holds its lease."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql

from sso.directory.sync.reading import Position
from sso.directory.sync.run import Counts, Run, RunKind, RunState, SyncState
from sso.directory.sync_rules import ChangeSource
from sso.storage.columns import Text, UtcDateTime
from sso.storage.tables import directory_run, directory_sync
from sso.storage.unit_of_work import UnitOfWork

_S, _R = directory_sync.c, directory_run.c
_directory: BindParameter[str] = bindparam("directory", type_=Text)

_STATE = select(directory_sync).where(_S.directory_id == _directory)
_ADD_STATE = postgresql.insert(directory_sync).on_conflict_do_nothing()
_TAKE = (
    update(directory_sync)
    .where(
        _S.directory_id == _directory,
        or_(_S.lease_until.is_(None), _S.lease_until <= bindparam("now", type_=UtcDateTime())),
    )
    .values(lease_holder=bindparam("holder"), lease_until=bindparam("until"))
)
_MINE = update(directory_sync).where(_S.directory_id == _directory, _S.lease_holder == bindparam("holder"))
_HOLD = _MINE.values(lease_until=bindparam("until"))
_RELEASE = _MINE.values(lease_holder=None, lease_until=None)
_NEXT_RUN = (
    update(directory_sync)
    .where(_S.directory_id == _directory)
    .values(run_number=_S.run_number + 1, tried_at=bindparam("now"))
    .returning(_S.run_number)
)
_POSITION = (
    update(directory_sync)
    .where(_S.directory_id == _directory)
    .values(source=bindparam("new_source"), server=bindparam("new_server"), mark=bindparam("new_mark"))
)
_FULL = update(directory_sync).where(_S.directory_id == _directory).values(full_at=bindparam("now"))

_RUNS = select(directory_run).where(_R.directory_id == _directory)
_RUN = _RUNS.where(_R.number == bindparam("key"))
_LATEST = _RUNS.order_by(_R.number.desc()).limit(bindparam("size"))
_OF_KIND = _RUNS.where(_R.kind == bindparam("wanted")).order_by(_R.number.desc()).limit(1)
_LAST_COMPLETED = _OF_KIND.where(_R.state == RunState.COMPLETED.value)
_LAST_THROUGH = _OF_KIND.where(or_(_R.state == RunState.COMPLETED.value, _R.state == RunState.STOPPED.value))
_BY_STATE = (
    select(_R.state, func.count().label("runs"))
    .where(_R.directory_id == _directory, _R.started_at > bindparam("since", type_=UtcDateTime()))
    .group_by(_R.state)
)
_LOST = (
    update(directory_run)
    .where(_R.directory_id == _directory, _R.state == RunState.RUNNING.value)
    .values(state=RunState.LOST.value)
)
_KEEP = (
    update(directory_run)
    .where(_R.directory_id == _directory, _R.number == bindparam("key"))
    .values(
        kind=bindparam("new_kind"),
        state=bindparam("new_state"),
        ended_at=bindparam("new_ended_at"),
        counts=bindparam("new_counts"),
        reason=bindparam("new_reason"),
    )
)
_APPROVE = (
    update(directory_run)
    .where(
        _R.directory_id == _directory,
        _R.number == bindparam("key"),
        _R.state == RunState.STOPPED.value,
        _R.approved_at.is_(None),
    )
    .values(approved_at=bindparam("now"), approved_by=bindparam("by"))
)
_APPROVED = _RUNS.where(_R.approved_at > bindparam("since", type_=UtcDateTime())).order_by(_R.number)


class SqlSyncRuns:
    """`sso.directory.sync.stores.SyncRuns` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def state(self, directory_id: str) -> SyncState:
        """Return what is known between runs."""
        row = self._unit.row(_STATE, {"directory": directory_id})
        if row is None:
            return SyncState(directory_id=directory_id)
        position = None
        if row.source is not None:
            position = Position(ChangeSource(row.source), row.server, bytes(row.mark))
        return SyncState(
            directory_id=directory_id,
            position=position,
            full_at=row.full_at,
            tried_at=row.tried_at,
            leased_until=row.lease_until,
        )

    def take(self, directory_id: str, holder: str, until: datetime, now: datetime) -> bool:
        """Take the lease of a directory unless somebody holds it."""
        self._unit.change(_ADD_STATE, {"directory_id": directory_id, "run_number": 0})
        values = {"directory": directory_id, "holder": holder, "until": until, "now": now}
        return self._unit.change(_TAKE, values) == 1

    def hold(self, directory_id: str, holder: str, until: datetime) -> bool:
        """Hold on to the lease; false when somebody else has it now."""
        return self._unit.change(_HOLD, {"directory": directory_id, "holder": holder, "until": until}) == 1

    def release(self, directory_id: str, holder: str) -> None:
        """Give the lease back."""
        self._unit.change(_RELEASE, {"directory": directory_id, "holder": holder})

    def begin(self, directory_id: str, kind: RunKind, expected: int, now: datetime) -> Run:
        """Begin a run; one that was still going on is lost.

        Raises:
            LookupError: nobody has ever taken the lease of this directory.
        """
        self._unit.change(_LOST, {"directory": directory_id})
        row = self._unit.row(_NEXT_RUN, {"directory": directory_id, "now": now})
        if row is None:
            raise LookupError(directory_id)
        run = Run(
            directory_id=directory_id,
            number=row.run_number,
            kind=kind,
            state=RunState.RUNNING,
            started_at=now,
            expected=expected,
        )
        self._unit.collect(
            directory_run,
            {
                "directory_id": directory_id,
                "number": run.number,
                "kind": kind.value,
                "state": run.state.value,
                "started_at": now,
                "ended_at": None,
                "counts": run.counts.as_json(),
                "expected": expected,
                "reason": "",
                "approved_at": None,
                "approved_by": None,
            },
        )
        return run

    def keep(self, run: Run) -> None:
        """Keep the report as it stands."""
        values = {
            "directory": run.directory_id,
            "key": run.number,
            "new_kind": run.kind.value,
            "new_state": run.state.value,
            "new_ended_at": run.ended_at,
            "new_counts": run.counts.as_json(),
            "new_reason": run.reason,
        }
        self._unit.change(_KEEP, values)

    def keep_position(self, directory_id: str, position: Position | None) -> None:
        """Remember where the next run begins."""
        values = {
            "directory": directory_id,
            "new_source": None if position is None else position.source.value,
            "new_server": None if position is None else position.server,
            "new_mark": None if position is None else position.mark,
        }
        self._unit.change(_POSITION, values)

    def keep_full(self, directory_id: str, now: datetime) -> None:
        """Remember that everybody was read, and what it meant was done."""
        self._unit.change(_FULL, {"directory": directory_id, "now": now})

    def run(self, directory_id: str, number: int) -> Run | None:
        """Return a run, or None."""
        row = self._unit.row(_RUN, {"directory": directory_id, "key": number})
        return None if row is None else _run(row)

    def latest(self, directory_id: str, limit: int) -> Sequence[Run]:
        """Return the latest runs of a directory, newest first."""
        rows = self._unit.rows(_LATEST, {"directory": directory_id, "size": limit})
        return [_run(row) for row in rows]

    def last(self, directory_id: str, kind: RunKind, *, or_stopped: bool = False) -> Run | None:
        """Return the latest run of a kind that completed, or also one that stopped; None without any."""
        statement = _LAST_THROUGH if or_stopped else _LAST_COMPLETED
        row = self._unit.row(statement, {"directory": directory_id, "wanted": kind.value})
        return None if row is None else _run(row)

    def by_state(self, directory_id: str, since: datetime) -> Mapping[RunState, int]:
        """Return how many runs began since a time, by how they stand; a state without one is left out."""
        rows = self._unit.rows(_BY_STATE, {"directory": directory_id, "since": since})
        return {RunState(row.state): row.runs for row in rows}

    def approve(self, directory_id: str, number: int, by: str, now: datetime) -> bool:
        """Approve a stopped run; false if it did not stop or was approved already."""
        values = {"directory": directory_id, "key": number, "by": by, "now": now}
        return self._unit.change(_APPROVE, values) == 1

    def approved(self, directory_id: str, since: datetime) -> Sequence[Run]:
        """Return the runs that were approved since a time."""
        rows = self._unit.rows(_APPROVED, {"directory": directory_id, "since": since})
        return [_run(row) for row in rows]


def _run(row: Row[Any]) -> Run:
    known = Counts().as_json()
    return Run(
        directory_id=row.directory_id,
        number=row.number,
        kind=RunKind(row.kind),
        state=RunState(row.state),
        started_at=row.started_at,
        ended_at=row.ended_at,
        counts=Counts(**{name: int(row.counts.get(name, 0)) for name in known}),
        expected=row.expected,
        reason=row.reason,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
    )
