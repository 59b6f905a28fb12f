"""What the management listener says of directories from the database: readings and conflicts."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge

from sso.authentication import conflicts
from sso.directory.sync.run import RunState
from sso.hub import Hub
from sso.storage.errors import StorageUnavailable
from sso.storage.stores import SqlStores

_RUNS_LOOKED_AT = 20


def measure_directories(hub: Hub, registry: CollectorRegistry) -> None:
    """Add the age of each directory's last complete reading, and how many conflicts wait."""
    if not hub.directories:
        return
    age = Gauge(
        "sso_directory_sync_age_seconds",
        "Since a reading of the directory last came to its end",
        ["directory"],
        registry=registry,
    )
    waiting = Gauge(
        "sso_directory_conflicts", "Conflicts that wait for an officer", ["directory"], registry=registry
    )
    try:
        with hub.database.read() as stores:
            for department in hub.directories:
                waiting.labels(department.id).set(len(conflicts.unsettled(department.id, stores)))
            for directory in hub.configuration.read_directories:
                if directory.sync is not None:
                    age.labels(directory.id).set(_age_seconds(directory.id, stores))
    except StorageUnavailable:
        for department in hub.directories:
            waiting.labels(department.id).set(float("nan"))


def _age_seconds(directory_id: str, stores: SqlStores) -> float:
    ends = [
        run.ended_at
        for run in stores.sync_runs.latest(directory_id, _RUNS_LOOKED_AT)
        if run.state is RunState.COMPLETED and run.ended_at is not None
    ]
    return (datetime.now(UTC) - max(ends)).total_seconds() if ends else float("inf")
