"""A histogram as shapes: where each column of a chart stands, for a template that draws SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 960, 240
LEFT, BOTTOM, TOP = 64, 36, 40
GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column: success at the bottom, failure on top of it."""

    start: str
    end: str
    success: int
    failure: int
    x: float
    width: float
    success_y: float
    success_height: float
    failure_y: float
    failure_height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A whole chart; `highest` is the number at the top of its axis."""

    columns: Sequence[Column]
    highest: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    ground: int = HEIGHT - BOTTOM
    top: int = TOP


def chart(histogram: Mapping[str, Any]) -> Chart:
    """Return the shapes of a histogram that the API counted."""
    bars = histogram["bars"]
    highest = max((bar["success"] + bar["failure"] for bar in bars), default=0)
    step = (WIDTH - LEFT) / max(1, len(bars))
    unit = (HEIGHT - BOTTOM - TOP) / max(1, highest)
    ends = [*(bar["start"] for bar in bars[1:]), histogram["until"]]
    return Chart([_column(n, bar, ends[n], step, unit) for n, bar in enumerate(bars)], highest)


def _column(number: int, bar: Mapping[str, Any], end: str, step: float, unit: float) -> Column:
    ground = HEIGHT - BOTTOM
    success, failure = bar["success"] * unit, bar["failure"] * unit
    return Column(
        start=bar["start"],
        end=end,
        success=bar["success"],
        failure=bar["failure"],
        x=round(LEFT + number * step, 2),
        width=round(max(1.0, step - GAP), 2),
        success_y=round(ground - success, 2),
        success_height=round(success, 2),
        failure_y=round(ground - success - failure, 2),
        failure_height=round(failure, 2),
    )
