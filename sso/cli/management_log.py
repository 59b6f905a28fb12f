"""What the management listener says of events that wait: for their places in the log, or for the rules.

A sequencer that is dead, or that refused the log, stops nothing that is issued: somebody must be told. Rules
judge nothing without it, and their own alarms would need a place in the log, so it is told here.
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
    return hub.configuration.settings.audit.is_late(seconds)


def late_log(hub: Hub) -> Mapping[str, object]:
    """Return for how many seconds the oldest event waits, where that is longer than configured.

    And since when the detection rules have not looked, where that is as long ago.
    """
    now = datetime.now(UTC)
    try:
        seconds, since = seconds_waited(hub, now), _unjudged_since(hub)
    except StorageUnavailable:
        return {}
    said: dict[str, object] = {"waiting_seconds": int(seconds)} if is_late(hub, seconds) else {}
    if since is not None and is_late(hub, (now - since).total_seconds()):
        said["rules_have_not_looked_since"] = since.isoformat(timespec="seconds")
    return said


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


def measure_unjudged(hub: Hub, registry: CollectorRegistry) -> None:
    """Add for how long the oldest event waits that no detection rule has judged, and whether too long."""
    age = Gauge(
        "sso_audit_unjudged_age_seconds",
        "Since the oldest event happened that no detection rule has judged",
        registry=registry,
    )
    late = Gauge(
        "sso_audit_unjudged_late", "1 while that is more than waiting_warning_seconds", registry=registry
    )
    try:
        since = _unjudged_since(hub)
    except StorageUnavailable:
        age.set(float("nan"))
        late.set(1)
        return
    seconds = 0.0 if since is None else max(0.0, (datetime.now(UTC) - since).total_seconds())
    age.set(seconds)
    late.set(is_late(hub, seconds))


def _unjudged_since(hub: Hub) -> datetime | None:
    with hub.database.read() as stores:
        return stores.detection.unjudged_since()
