"""How long refusals took, so that an unknown name takes as long as a known one."""

import threading
from collections import deque
from statistics import median

_REMEMBERED_DURATIONS = 32


class Durations:
    """How long refused binds took lately, of real entries and of nobody.

    For a real entry a server hashes the password and writes the failure down; for a missing one it does
    neither. The difference of the medians, from 0.4 ms to the cost of a slow hash, is what nobody waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._real: deque[float] = deque(maxlen=_REMEMBERED_DURATIONS)
        self._nobody: deque[float] = deque(maxlen=_REMEMBERED_DURATIONS)

    def remember_real(self, seconds: float) -> None:
        """A real entry's password was refused after that long."""
        with self._lock:
            self._real.append(seconds)

    def missing_seconds(self, nobody_seconds: float) -> float:
        """How much longer a real entry takes than nobody, of which this was one more."""
        with self._lock:
            self._nobody.append(nobody_seconds)
            if not self._real:
                return 0.0
            return max(0.0, median(self._real) - median(self._nobody))
