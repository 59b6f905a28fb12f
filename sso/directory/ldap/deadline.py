"""A moment of the monotonic clock after which nothing more is waited for."""

import time
from dataclasses import dataclass


class DeadlineExceeded(TimeoutError):
    """The time given to an operation is over. An OSError, because sockets raise it."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """`ends_at` is in seconds of `time.monotonic`."""

    ends_at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """The moment that many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining_seconds(self) -> float:
        """Always positive. Raises DeadlineExceeded when nothing is left."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            message = "deadline exceeded"
            raise DeadlineExceeded(message)
        return left

    def share(self, parts: int) -> "Deadline":
        """An earlier moment that leaves the same time to each of the other parts. Never raises."""
        now = time.monotonic()
        return Deadline(now + (self.ends_at - now) / parts)
