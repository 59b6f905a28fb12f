"""What the management listener says of the systems that receive the audit log."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge

from sso.cli.audit_sinks import standings
from sso.hub import Hub
from sso.storage.errors import StorageUnavailable


def measure_sinks(hub: Hub, registry: CollectorRegistry) -> None:
    """Add how far each sink is behind, how long ago it took something, and whether it fails."""
    if not hub.configuration.audit_sinks:
        return
    behind = Gauge(
        "sso_audit_sink_behind_entries", "Entries that it does not have", ["sink"], registry=registry
    )
    age = Gauge(
        "sso_audit_sink_delivered_age_seconds", "Since it took a batch last", ["sink"], registry=registry
    )
    failing = Gauge("sso_audit_sink_failing", "1 while its last try failed", ["sink"], registry=registry)
    try:
        found = {one.name: one for one in standings(hub)}
    except StorageUnavailable:
        found = {}
    for name in (sink.name for sink in hub.configuration.audit_sinks):
        state = found[name].state if name in found else None
        lag = found[name].behind if name in found else None
        seconds = float("inf")
        if state is not None and state.delivered_at is not None:
            seconds = max(0.0, (datetime.now(UTC) - state.delivered_at).total_seconds())
        behind.labels(name).set(float("nan") if lag is None else lag)
        age.labels(name).set(seconds)
        failing.labels(name).set(state is not None and state.failures > 0)
