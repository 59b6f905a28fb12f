"""What the management listener says of directories from the database: readings and conflicts."""

from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge

from sso.authentication import conflicts
from sso.directory.sync.run import Run, RunKind, RunState
from sso.hub import Hub
from sso.storage.errors import StorageUnavailable
from sso.storage.stores import SqlStores

_LATELY = timedelta(days=1)


def measure_directories(hub: Hub, registry: CollectorRegistry) -> None:
    """Add how the synchronisation of each directory goes, and how many conflicts wait."""
    if not hub.directories:
        return
    readings = _Readings(registry)
    waiting = Gauge(
        "sso_directory_conflicts", "Conflicts that wait for an officer", ["directory"], registry=registry
    )
    try:
        with hub.database.read() as stores:
            for department in hub.directories:
                waiting.labels(department.id).set(len(conflicts.unsettled(department.id, stores)))
            for directory in hub.configuration.read_directories:
                if directory.sync is not None:
                    readings.measure(directory.id, stores)
    except StorageUnavailable:
        for department in hub.directories:
            waiting.labels(department.id).set(float("nan"))


class _Readings:
    """The gauges of the synchronisation."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, says: str, *labels: str) -> Gauge:
            return Gauge(f"sso_directory_sync_{name}", says, ["directory", *labels], registry=registry)

        self._age = gauge("age_seconds", "Since a reading of the directory last came to its end")
        self._seconds = gauge(
            "duration_seconds", "How long the last run took that read all it asked for", "kind"
        )
        self._people = gauge("people", "People seen by the last run that read all of it", "kind")
        self._runs = gauge("runs", "Runs that began within the last day, by how they stand", "state")
        self._awaiting = gauge("awaiting_approval", "People who leave if a stopped run is approved")

    def measure(self, directory_id: str, stores: SqlStores) -> None:
        """Set those of one directory."""
        now, runs = datetime.now(UTC), stores.sync_runs
        completed = [runs.last(directory_id, kind) for kind in RunKind]
        ends = [run.ended_at for run in completed if run is not None and run.ended_at is not None]
        age = (now - max(ends)).total_seconds() if ends else float("inf")
        self._age.labels(directory_id).set(age)
        last = {kind: runs.last(directory_id, kind, or_stopped=True) for kind in RunKind}
        for kind, run in last.items():
            if run is not None and run.ended_at is not None:
                seconds = (run.ended_at - run.started_at).total_seconds()
                self._seconds.labels(directory_id, kind.value).set(seconds)
                self._people.labels(directory_id, kind.value).set(run.counts.seen)
        by_state = runs.by_state(directory_id, now - _LATELY)
        for state in RunState:
            self._runs.labels(directory_id, state.value).set(by_state.get(state, 0))
        self._awaiting.labels(directory_id).set(_people_awaiting(last[RunKind.FULL], last[RunKind.CHANGES]))


def _people_awaiting(full: Run | None, changes: Run | None) -> int:
    """How many leave if what stopped is approved. A reading of everybody settles earlier ones of changes."""
    if full is not None and changes is not None and full.number > changes.number:
        changes = None
    stopped = [
        run
        for run in (full, changes)
        if run is not None and run.state is RunState.STOPPED and run.approved_at is None
    ]
    return max((run.counts.leaving for run in stopped), default=0)
