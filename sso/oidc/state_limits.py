"""How old the hub's knowledge of an account may be, and what became of asking for it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


@dataclass(frozen=True, slots=True)
class StateLimits:
    """How old a state may be, and how old it may be while the directory that was asked does not answer."""

    max_age: timedelta
    grace: timedelta


class Asked(Enum):
    """What became of asking an account's directory for this one request."""

    ANSWERED = "answered"
    AWAY = "away"
