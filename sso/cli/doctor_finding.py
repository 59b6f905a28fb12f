"""What a check of `sso doctor` finds: one line."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warn"
    FAILURE = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: `check` is a stable word for scripts, the sentence says what to mend."""

    check: str
    state: State
    sentence: str


def ok(check: str, sentence: str) -> Finding:
    """Return a finding that is as it should be."""
    return Finding(check, State.OK, sentence)


def warning(check: str, sentence: str) -> Finding:
    """Return a finding to look at soon."""
    return Finding(check, State.WARNING, sentence)


def failure(check: str, sentence: str) -> Finding:
    """Return a finding that keeps the hub, or a part of it, from working."""
    return Finding(check, State.FAILURE, sentence)
