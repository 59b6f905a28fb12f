"""When Active Directory's passwords end: 100 ns since 1601 ([MS-DTYP] 2.3.3)."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER = 2**63 - 1


def moment_of(raw: bytes | None) -> datetime | None:
    """That moment in UTC; None when it never comes or the value is no time.

    `msDS-UserPasswordExpiryTimeComputed` is 0 for a password that must be changed, which the bind says.
    """
    text = b"" if raw is None else raw
    if not text.isdigit() or len(text) > 19 or int(text) in (0, _NEVER):
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(text) // 10)
    except OverflowError:
        return None
