"""How old the hub's knowledge of an account's state may be, and how it is kept young."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRules:
    """Rules of one directory.

    A state older than `max_age` is asked for before tokens are issued. While the directory is away, one up to
    `grace` old is enough; then nothing is issued. Every `poll` the worker asks about everybody who is signed
    in, never where that is zero.
    Raises ValueError with a sentence for the administrator.
    """

    max_age: timedelta = timedelta(minutes=5)
    grace: timedelta = timedelta(hours=1)
    poll: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        """Refuse a grace that would end before a state is even old."""
        if self.grace < self.max_age:
            msg = "state_grace_seconds must not be less than state_max_age_seconds"
            raise ValueError(msg)
