"""How long callers waited."""

from dataclasses import dataclass, field
from statistics import median, quantiles


@dataclass(slots=True)
class Latencies:
    """Seconds that callers waited, in one stretch of time."""

    name: str
    seconds: float = 0.0
    each: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Calls a second."""
        return len(self.each) / self.seconds

    @property
    def p50(self) -> float:
        """Half of the callers waited at most so long, in seconds."""
        return median(self.each)

    def percentile(self, number: int) -> float:
        """So many of a hundred callers waited at most so long, in seconds."""
        return quantiles(self.each, n=100)[number - 1] if len(self.each) > 1 else self.each[0]
