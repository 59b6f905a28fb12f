"""What the management listener says of events that wait for their places in the audit log.

A sequencer that is dead, or that refused the log, stops nothing that is issued: somebody must be told.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge

from sso.hub import Hub
from sso.storage.errors import StorageUnavailable


def seconds_waited(hub: Hub, now: datetime) -> float:
    """Return how long ago the oldest event happened that has no place in the tree yet; 0 where none waits.

    One look into an index, however many wait.

    Raises:
        StorageUnavailable: the database does not answer.
    """
    with hub.database.read() as stores:
        since = stores.audit_tree.waits_since()
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def is_late(hub: Hub, seconds: float) -> bool:
    """Whether an event has waited for longer than `[audit] waiting_warning_seconds`."""
    return seconds > hub.configuration.settings.audit.waiting_warning_seconds


def late_log(hub: Hub) -> Mapping[str, object]:
    """Return for how many seconds the oldest event waits, where that is longer than configured."""
    try:
        seconds = seconds_waited(hub, datetime.now(UTC))
    except StorageUnavailable:
        return {}
    return {"waiting_seconds": int(seconds)} if is_late(hub, seconds) else {}


def measure_waiting(hub: Hub, registry: CollectorRegistry) -> None:
    """Add how many events wait, how long the oldest does, and whether that is too long."""
    events = Gauge("sso_audit_waiting_events", "Events without a place in the tree yet", registry=registry)
    age = Gauge("sso_audit_waiting_age_seconds", "Since the oldest of them happened", registry=registry)
    late = Gauge(
        "sso_audit_waiting_late", "1 while that is more than waiting_warning_seconds", registry=registry
    )
    try:
        seconds = seconds_waited(hub, datetime.now(UTC))
        with hub.database.read() as stores:
            events.set(stores.audit_tree.waiting().events)
    except StorageUnavailable:
        seconds = float("nan")
        events.set(float("nan"))
        late.set(1)
    else:
        late.set(is_late(hub, seconds))
    age.set(seconds)
