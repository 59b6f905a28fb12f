"""Parts of a time range that take a moment each, where a log holds more than one statement reads in its time.

The whole range is tried first: where an index answers, that is all. Where it takes too long a small part of
it is tried, and then the next; each is as long as the time that the last one took allows.
"""

from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from typing import Any

from sqlalchemy import Executable

from sso.storage.errors import StorageUnavailable
from sso.storage.unit_of_work import UnitOfWork

PART_SECONDS = 2.0
"""A part that takes longer is given up: well within the limit on every statement of PostgreSQL."""
AIM_SECONDS = PART_SECONDS / 2
MOST_LONGER = 8
SHORTER = 32
"""A part that was given up has cost its whole time: what follows must be quick, and grows again soon."""
SMALLEST = timedelta(milliseconds=1)


class Parts:
    """What one answer reads part by part, in `most_seconds` if that is given."""

    def __init__(self, unit: UnitOfWork, whole: timedelta, most_seconds: float | None) -> None:
        self.length = whole
        """How long the next part is to be; there may be less than that left."""
        self._unit = unit
        self._ends = None if most_seconds is None else monotonic() + most_seconds

    @property
    def over(self) -> bool:
        """Whether the time for all of it is over."""
        return self._ends is not None and monotonic() >= self._ends

    def rows(self, statement: Executable, length: timedelta) -> Sequence[Any] | None:
        """Return what a SELECT of a part of that length finds; None: a shorter one is to be tried.

        Raises:
            StorageUnavailable: a millisecond of the log cannot be read in time.
        """
        began = monotonic()
        rows = self._unit.rows_in_time(statement, PART_SECONDS)
        if rows is not None:
            self.length = max(length * _longer(monotonic() - began), SMALLEST)
        elif length > SMALLEST:
            self.length = max(length / SHORTER, SMALLEST)
        else:
            msg = "a millisecond of the log cannot be read in time"
            raise StorageUnavailable(msg)
        return rows


def _longer(seconds: float) -> float:
    """By what the next part may be longer, or must be shorter, than one that took so many seconds."""
    return AIM_SECONDS / max(seconds, AIM_SECONDS / MOST_LONGER)
