"""Counters of what was committed, from the audit events themselves: they cannot disagree with the log."""

from prometheus_client import Counter

from sso.audit.event import SignInFailed, SignInSucceeded
from sso.audit.record import AuditRecord

EVENTS = Counter("sso_audit_events_total", "Audit events by code and outcome", ["event", "outcome"])
LOGINS = Counter(
    "sso_logins_total",
    "Sign-in attempts by directory (empty: citizens) and outcome: success, or the status_code of the event",
    ["directory", "outcome"],
)


def count(record: AuditRecord) -> None:
    """Count a record that is durable."""
    EVENTS.labels(record.event, record.outcome.value).inc()
    if record.event in (SignInSucceeded.code, SignInFailed.code):
        directory = record.detail.get("directory_id") or ""
        outcome = record.detail.get("status_code") or record.outcome.value
        LOGINS.labels(str(directory), str(outcome).lower()).inc()
