"""What the management listener says of those who vouch for the audit log."""

from collections.abc import Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge

from sso.hub import Hub
from sso.storage.errors import StorageUnavailable
from sso.worker.anchors import Anchored, anchored


def last_anchor(hub: Hub) -> Mapping[str, object]:
    """Return when the log was anchored last and `by` whom; nothing where nobody is configured to."""
    try:
        newest = _newest(hub)
    except StorageUnavailable:
        return {}
    if newest is None or newest.at is None:
        return {} if newest is None else {"anchored_at": None, "by": None}
    return {"anchored_at": newest.at.isoformat(timespec="seconds"), "by": newest.name}


def measure_anchors(hub: Hub, registry: CollectorRegistry) -> None:
    """Add how long ago somebody vouched for the log, and whether that is too long ago."""
    if not _configured(hub):
        return
    age = Gauge(
        "sso_audit_anchor_age_seconds", "Since the log was cosigned or stamped last", registry=registry
    )
    late = Gauge(
        "sso_audit_anchor_late", "1 while that is more than anchor_warning_seconds", registry=registry
    )
    try:
        newest = _newest(hub)
    except StorageUnavailable:
        age.set(float("nan"))
        late.set(1)
        return
    seconds = float("inf")
    if newest is not None and newest.at is not None:
        seconds = max(0.0, (datetime.now(UTC) - newest.at).total_seconds())
    age.set(seconds)
    late.set(seconds > hub.configuration.settings.audit.anchor_warning_seconds)


def _newest(hub: Hub) -> Anchored | None:
    if not _configured(hub):
        return None
    return max(anchored(hub), key=lambda each: each.at or datetime.min.replace(tzinfo=UTC))


def _configured(hub: Hub) -> bool:
    audit = hub.configuration.settings.audit
    return bool(audit.witness) or audit.timestamp is not None
