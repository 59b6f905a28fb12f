"""Many values in one statement: few lengths, so that few statements are prepared for them."""

from collections.abc import Sequence
from typing import Any

BATCH = 500
_FEW = 16


def padded(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values up to a length that is usual; the last one again finds nothing new."""
    if not values:
        return [None] * _FEW
    size = _FEW if len(values) <= _FEW else -(-len(values) // BATCH) * BATCH
    return [*values, *([values[-1]] * (size - len(values)))]


def named(values: Sequence[Any]) -> dict[str, Any]:
    """Return them as parameters id_0, id_1 and so on."""
    return {f"id_{place}": value for place, value in enumerate(values)}
