"""Events: the log leaves the house, for a SIEM or a department's own systems, or is fetched by them."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkOpened:
    """A sink that is new in the configuration receives the log from here on: `kind` says what it is."""

    code: ClassVar[str] = "audit.sink.opened"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    sink: str
    kind: str
    epoch: int
    begin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkFailed:
    """A sink did not take the log several times in a row; it is tried on, and nothing is passed over."""

    code: ClassVar[str] = "audit.sink.failed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.HIGH
    sink: str
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkRecovered:
    """A sink that had failed takes the log again, from where it stood."""

    code: ClassVar[str] = "audit.sink.recovered"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    sink: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkMissed:
    """Entries can never reach a sink: they were dropped before it had them, or cannot be read.

    `entries` is how many, from the place `begin` of an epoch on.
    """

    code: ClassVar[str] = "audit.sink.missed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.CRITICAL
    sink: str
    epoch: int
    begin: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePulled:
    """An application fetched entries of its slice of the log: how many, from one place up to another.

    `begin` is the first place of `epoch` that was looked at, `next_index` of `next_epoch` where it goes on.
    No slice that is fetched shows this event, and an answer without entries leaves none: reading makes no
    slice grow.
    """

    code: ClassVar[str] = "audit.slice.pulled"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    sink: str
    epoch: int
    begin: int
    next_epoch: int
    next_index: int
    entries: int
