"""One run over one directory: read, compare, write what differs, and let those leave who left.

Nothing is read inside a transaction. While the audit log cannot be written the reading goes on: those who
left are still let go, on record later, and everything else waits for another run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from sso.audit.event.synchronisation import DirectorySynchronised, DirectorySyncStopped
from sso.authentication import conflicts, departures
from sso.authentication.synchronisation import Work, adopt, apply, rules_of, unregistered
from sso.directory.entry import Entry
from sso.directory.settings import DirectorySettings
from sso.directory.sync.approvals import Approvals
from sso.directory.sync.guard import Shrink, may_shrink
from sso.directory.sync.plan import Plan, plan_of
from sso.directory.sync.presence import Presence
from sso.directory.sync.reading import Page, Position, PositionLost, Reader
from sso.directory.sync.row import row_of
from sso.directory.sync.run import Counts, Run, RunKind, RunState
from sso.directory.sync.stages import Registered, Standing
from sso.storage.database import Database
from sso.storage.errors import StorageUnavailable
from sso.storage.stores import SqlStores
from sso.worker.directory_ends import Interrupted
from sso.worker.directory_lease import Lease
from sso.worker.directory_roll import BATCH, Roll, batched

_EVERYBODY = 2**31 - 1
_PROGRESS = timedelta(seconds=2)
_APPROVAL_HOLDS = timedelta(days=1)
_LATELY = timedelta(days=1)


@dataclass(slots=True)
class DirectoryRun:
    """A run under way. `seen` and `leaving` are numbers of the register; `told` hears of each step.

    `withheld` is why something waits for another run: most likely the audit log cannot be written.
    """

    database: Database
    directory: DirectorySettings
    lease: Lease
    run: Run
    is_dry: bool = False
    told: Callable[[Run], None] = lambda _: None
    goes_on: Callable[[], bool] = lambda: True
    seen: Presence = field(default_factory=Presence)
    leaving: Presence = field(default_factory=Presence)
    roll: Roll = field(init=False)
    withheld: StorageUnavailable | None = None
    _kept_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.roll = Roll(self.database, self.directory.id)

    def perform(self, reader: Reader, since: Position | None) -> Run:
        """Read the directory, in part from a position or else as a whole, and do what follows.

        Raises DirectoryUnavailable, LeaseLost, Interrupted: nobody has left then. After StorageUnavailable
        those who left may be gone all the same.
        """
        if since is not None:
            try:
                self._changes(reader, since)
            except PositionLost:
                reason = "the server could not tell what changed"
                self.run = replace(self.run, kind=RunKind.FULL, reason=reason)
        if self.run.kind is RunKind.FULL:
            self._everybody(reader)
        if reader.remark:
            reason = "; ".join(part for part in (self.run.reason, reader.remark) if part)
            self.run = replace(self.run, reason=reason)
        if not self._may_leave():
            return self._stop()
        return self._complete(reader.position_reached)

    def _everybody(self, reader: Reader) -> None:
        self._adopt()
        for page in reader.everybody():
            self._take(page)
        if self.run.counts.unusable:
            self.run = replace(self.run, reason="some entries show no id: nobody was taken for absent")
        if self.run.counts.unusable or reader.referred:
            return
        for person in self.roll.everybody():
            if person.standing is not Standing.ABSENT and person.number not in self.seen:
                self.leaving.add(person.number)

    def _adopt(self) -> None:
        """Register accounts that sign-ins have made: whom the reading does not show can then leave."""
        if self.is_dry:
            with self.database.read() as stores:
                self.roll.hold_beside(unregistered(self.directory, stores, _EVERYBODY))
            return
        while self.lease.write(lambda stores: adopt(self.directory, stores, BATCH)):
            pass

    def _changes(self, reader: Reader, since: Position) -> None:
        removed = Presence()
        for part in reader.changes(since):
            self._take(part.page)
            if not part.removed:
                continue
            for person in self.roll.known_among(part.removed):
                if person.standing is not Standing.ABSENT:
                    removed.add(person.number)
        for number in () if reader.referred else removed:
            if number not in self.seen:
                self.leaving.add(number)

    def _take(self, page: Page) -> None:
        """Compare a page with the register and write what differs; twice if a sign-in was faster."""
        if not self.goes_on():
            raise Interrupted
        if page.contested:
            self._queue(page.contested)
        plan = self._compared(page)
        if self.is_dry:
            self._count(created=len(plan.new), updated=len(plan.changed), returned=len(plan.returned))
            self._keep_sometimes()
        elif self.withheld is not None or not plan.writes:
            self._keep_sometimes()
        else:
            try:
                self._write(plan)
            except StorageUnavailable:
                self._unless_away(lambda: self._write(self._compared(page, again=True)))
        self.told(self.run)

    def _unless_away(self, write: Callable[[], object]) -> None:
        """Write what may wait for another run, which this one is to fail for."""
        try:
            write()
        except StorageUnavailable as error:
            self.withheld = error

    def _queue(self, contested: Sequence[Sequence[Entry]]) -> None:
        """Let an officer hear of ids that two entries show; who is known by one stays as known."""
        ids, now = [entries[0].immutable_id for entries in contested], datetime.now(UTC)
        for person in self.roll.known_among(ids):
            self.seen.add(person.number)
        for entries in () if self.is_dry else contested:
            note = partial(conflicts.note_contested, entries, now=now)
            self._unless_away(partial(self.lease.write, note))

    def _compared(self, page: Page, *, again: bool = False) -> Plan:
        now = datetime.now(UTC)
        rows = [row_of(entry, self.directory, now) for entry in page.entries]
        ids = [row.immutable_id for row in rows]
        with self.database.read() as stores:
            known = {**stores.register.of_ids(self.directory.id, ids), **self.roll.held_among(ids)}
            strange = [each for each in ids if each not in known]
            purged = stores.register.purged_among(self.directory.id, strange) if strange else ()
        named = [row for row in rows if row.login_name or row.immutable_id in known]
        plan = plan_of(named, known, purged)
        for person in known.values():
            self.seen.add(person.number)
        for person in plan.leaving:
            self.leaving.add(person.number)
        if not again:
            self._count(
                seen=len(rows) + page.unusable,
                unchanged=plan.unchanged,
                refused=len(plan.refused),
                unusable=page.unusable,
                nameless=len(rows) - len(named),
            )
        return plan

    def _write(self, plan: Plan) -> None:
        def write(stores: SqlStores) -> tuple[Run, Sequence[Registered]]:
            counts, added = apply(plan, self._work(stores))
            run = replace(
                self.run,
                counts=self.run.counts.plus(
                    created=counts.created, updated=counts.updated, returned=counts.returned
                ),
            )
            stores.sync_runs.keep(run)
            return run, added

        self.run, added = self.lease.write(write)
        for person in added:
            self.seen.add(person.number)

    def _may_leave(self) -> bool:
        """Whether the shrink guard lets those go who are neither seen nor approved."""
        now = datetime.now(UTC)
        with self.database.read() as stores:
            approvals = Approvals(stores.sync_runs.approved(self.directory.id, now - _APPROVAL_HOLDS))
            earlier = Approvals(stores.sync_runs.approved(self.directory.id, now - _APPROVAL_HOLDS - _LATELY))
            present = stores.register.count_present(self.directory.id) + len(self.roll.beside)
            lately = earlier.unasked(stores.register.count_left(self.directory.id, now - _LATELY))
        leaving = approved = 0
        for person in self.roll.among(self.leaving):
            if person.standing is not Standing.PRESENT:
                continue
            leaving += 1
            approved += approvals.cover(person.proposed_in)
        self._count(leaving=leaving)
        shrink = Shrink(present=present - approved, leaving=leaving - approved, left_lately=lately)
        return may_shrink(shrink, rules_of(self.directory))

    def _stop(self) -> Run:
        """Note who would have left, and that an officer has to say so."""
        reason = f"{self.run.counts.leaving} people would leave: approve it, or mend the directory"
        self.run = replace(self.run, state=RunState.STOPPED, ended_at=datetime.now(UTC), reason=reason)
        if self.is_dry:
            return self.run
        for batch in batched(self.roll.among(self.leaving)):
            self.lease.write(partial(self._propose, batch))
        event = DirectorySyncStopped(
            directory_id=self.directory.id,
            run=self.run.number,
            leaving=self.run.counts.leaving,
            present=self.run.expected,
        )

        def write(stores: SqlStores) -> None:
            stores.sync_runs.keep(self.run)
            stores.audit.append(event, datetime.now(UTC))

        self.lease.write(write)
        return self.run

    def _complete(self, position: Position | None) -> Run:
        if self.is_dry:
            self.run = replace(self.run, state=RunState.COMPLETED, ended_at=datetime.now(UTC))
            return self.run
        for batch in batched(self.roll.among(self.leaving)):
            self.lease.contain(partial(self._leave, batch))
        self._let_time_pass()
        if self.withheld is not None:
            raise self.withheld
        now = datetime.now(UTC)
        self.run = replace(self.run, state=RunState.COMPLETED, ended_at=now)
        is_told = self.run.kind is RunKind.FULL or not self.run.counts.nothing_changed
        reused: Sequence[str] = ()
        if is_told:  # looks at every account: nobody who writes waits for it
            with self.database.read() as stores:
                reused = stores.conflicts.reused_names(self.directory.id)

        def write(stores: SqlStores) -> None:
            stores.sync_runs.keep_position(self.directory.id, position)
            stores.sync_runs.keep(self.run)
            if self.run.kind is RunKind.FULL:
                stores.sync_runs.keep_full(self.directory.id, self.run.started_at)
            if is_told:
                conflicts.note_reused_names(self.directory.id, reused, stores, now)
                stores.audit.append(self._completed(), now)

        self.lease.write(write)
        return self.run

    def _completed(self) -> DirectorySynchronised:
        return DirectorySynchronised(
            directory_id=self.directory.id,
            run=self.run.number,
            kind=self.run.kind.value,
            counts=self.run.counts.as_json(),
        )

    def _let_time_pass(self) -> None:
        """End the access of those whose quarantine is over, and forget those who left long ago."""
        now = datetime.now(UTC)
        while not (due := self.lease.contain(self._end_due_access)).nothing_changed:
            self._count(access_ended=due.access_ended, returned=due.returned)
        while purged := self.lease.write(lambda stores: departures.purge_due(self.directory, stores, now)):
            self._count(purged=purged)

    def _end_due_access(self, stores: SqlStores) -> Counts:
        return departures.end_due_access(self._work(stores), self.seen)

    def _propose(self, batch: Sequence[Registered], stores: SqlStores) -> None:
        departures.propose(batch, self._work(stores))

    def _leave(self, batch: Sequence[Registered], stores: SqlStores) -> None:
        """Whoever was seen and leaves was switched off by the department; the others are absent."""
        pairs = [
            (person, Standing.DISABLED if person.number in self.seen else Standing.ABSENT) for person in batch
        ]
        departures.leave(pairs, self._work(stores))

    def _work(self, stores: SqlStores) -> Work:
        return Work(self.directory, self.run, stores, datetime.now(UTC))

    def _count(self, **more: int) -> None:
        self.run = replace(self.run, counts=self.run.counts.plus(**more))

    def _keep_sometimes(self) -> None:
        """Show the progress, and hold on to the lease, though nothing else is written."""
        if datetime.now(UTC) - self._kept_at < _PROGRESS:
            return
        self._kept_at = datetime.now(UTC)
        self.lease.write(lambda stores: None if self.is_dry else stores.sync_runs.keep(self.run))
