"""Keeping one broken directory from hurting anybody else: a circuit breaker and a bulkhead.

The breaker of a server opens after failures and then refuses at once. After a short, jittered pause it lets
exactly one caller try (half-open); that caller's luck closes it or opens it again. So sign-in returns by
itself, soon after the server does. The bulkhead bounds how many threads a directory may hold.

Times are seconds of a monotonic clock, given by the caller.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

PAUSE_SECONDS = 2.0
_JITTER = 0.25
_FAILURES_BEFORE_OPENING = 2
_TRIAL_MAX_SECONDS = 60.0  # a caller that never reports must not keep the breaker half-open for ever


class BreakerState(Enum):
    """Closed lets all through, open none, half-open has one caller under way."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """One server's health as its callers experience it. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._next_trial_at = 0.0

    @property
    def state(self) -> BreakerState:
        """What it is now."""
        return self._state

    def would_allow(self, now: float) -> bool:
        """Whether `allows` would say yes; promises nothing."""
        with self._lock:
            return self._state is BreakerState.CLOSED or now >= self._next_trial_at

    def allows(self, now: float) -> bool:
        """Whether this caller may try. True must be followed by `succeeded` or `failed`."""
        with self._lock:
            if self._state is BreakerState.CLOSED:
                return True
            if now < self._next_trial_at:
                return False
            self._state = BreakerState.HALF_OPEN
            self._next_trial_at = now + _TRIAL_MAX_SECONDS
            return True

    def succeeded(self) -> None:
        """The server answered."""
        with self._lock:
            self._state, self._failures = BreakerState.CLOSED, 0

    def failed(self, now: float, *, certain: bool, pause_seconds: float = PAUSE_SECONDS) -> None:
        """The server did not answer. `certain` opens at once; otherwise two in a row are needed."""
        with self._lock:
            self._failures += 1
            half_open = self._state is BreakerState.HALF_OPEN
            if certain or half_open or self._failures >= _FAILURES_BEFORE_OPENING:
                self._state = BreakerState.OPEN
                jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads callers, no secret
                self._next_trial_at = now + pause_seconds * jitter


class BulkheadFull(Exception):
    """As many callers as the directory may hold are already inside."""


class Bulkhead:
    """At most `limit` callers at once; one more waits `patience_seconds` for a place, then is refused."""

    def __init__(self, limit: int, patience_seconds: float) -> None:
        self.limit = limit
        self.in_use = 0
        self._counting = threading.Lock()
        self._places = threading.BoundedSemaphore(limit)
        self._patience_seconds = patience_seconds

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place. Raises BulkheadFull."""
        if not self._places.acquire(timeout=self._patience_seconds):
            raise BulkheadFull
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)
            self._places.release()

    def _count(self, more: int) -> None:
        with self._counting:
            self.in_use += more
