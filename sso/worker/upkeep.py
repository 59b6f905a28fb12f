"""Upkeep: sessions past their limits end, expired rows go, signing keys are followed by successors."""

from datetime import UTC, datetime, timedelta

from sso.audit.record import Origin
from sso.authentication import sessions
from sso.hub import Hub
from sso.oidc.rotation import Overlap, is_due, rotate
from sso.oidc.session import SessionEnd

BATCH = 200
_ORIGIN = Origin(actor="worker")


def end_expired_sessions(hub: Hub) -> int:
    """End sessions past their idle or absolute limit, a batch at a time; return how many."""
    now = datetime.now(UTC)
    idle_seconds = int(hub.settings.session_idle.total_seconds())
    with hub.database.read() as stores:
        if not stores.sessions.expired(now, idle_seconds, 1):
            return 0
    with hub.database.begin(_ORIGIN) as stores:
        expired = stores.sessions.expired(now, idle_seconds, BATCH)
        for session in expired:
            cause = sessions.cause_of_timeout(session, hub.settings, now)
            sessions.end(session, cause or SessionEnd.IDLE, stores, now)
    return len(expired)


def clean_up(hub: Hub) -> int:
    """Delete expired rows, one small batch a table; return how many went."""
    with hub.database.begin(_ORIGIN) as stores:
        return sum(stores.cleanup.run(datetime.now(UTC)).values())


def overlap_of(hub: Hub) -> Overlap:
    """Return the configured overlap of a key rotation."""
    section = hub.configuration.settings.keys
    return Overlap(
        timedelta(seconds=section.publish_before_seconds), timedelta(seconds=section.keep_after_seconds)
    )


def rotate_if_due(hub: Hub) -> list[str]:
    """Rotate the signing keys when they have reached their age; return the kids of new ones."""
    now = datetime.now(UTC)
    age = timedelta(days=hub.configuration.settings.keys.rotate_after_days)
    with hub.database.read() as stores:
        if not is_due(stores.signing_keys.load(), age, now):
            return []
    with hub.database.begin(_ORIGIN) as stores:
        if not is_due(stores.signing_keys.load(), age, now):
            return []
        created = rotate(stores.signing_keys, stores.audit, overlap_of(hub), now)
    hub.keys.forget()
    return [key.kid for key in created]
