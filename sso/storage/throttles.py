"""Counters of attempts."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, delete
from sqlalchemy.dialects import postgresql

from sso.directory.stores import Attempts
from sso.storage.columns import UtcDateTime
from sso.storage.tables import throttle
from sso.storage.unit_of_work import UnitOfWork

_T = throttle.c

_insert = postgresql.insert(throttle)
_new = _insert.excluded
_over = _T.window_started_at <= bindparam("floor", type_=UtcDateTime())
_ATTEMPT = _insert.on_conflict_do_update(
    index_elements=[_T.key],
    set_={
        "attempts": case((_over, 1), else_=_T.attempts + 1),
        "window_started_at": case((_over, _new.window_started_at), else_=_T.window_started_at),
        "expires_at": case((_over, _new.expires_at), else_=_T.expires_at),
    },
).returning(_T.attempts, _T.window_started_at)
_FORGET = delete(throttle).where(_T.key == bindparam("counted"))


class SqlThrottles:
    """`sso.directory.stores.Throttles` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def attempt(self, key: bytes, *, window_seconds: int, now: datetime) -> Attempts:
        """Count an attempt and return the new state, in one statement.

        Concurrent callers see different counts. A window that is over begins anew with this attempt.
        """
        window = timedelta(seconds=window_seconds)
        row = {
            "key": key,
            "attempts": 1,
            "window_started_at": now,
            "expires_at": now + window,
            "floor": now - window,
        }
        (found,) = self._unit.rows(_ATTEMPT, row)
        return Attempts(count=found.attempts, window_started_at=found.window_started_at)

    def forget(self, key: bytes) -> None:
        """Reset a counter, after a success."""
        self._unit.change(_FORGET, {"counted": key})
