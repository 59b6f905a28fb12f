"""GeneralizedTime (RFC 4517 section 3.3.13) as directory servers write it."""

from datetime import UTC, datetime


def generalized_time(text: str) -> datetime | None:
    """Return a time in UTC to the second; None for another form or zone, and for no time at all."""
    if not text.endswith("Z"):
        return None
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
