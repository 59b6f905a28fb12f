"""Events: those outside of the house who vouch for the audit log, or do not."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import AuditEvent, Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRejected:
    """A witness knows another history of the log than this one, and does not cosign it.

    `witness_size` is the size of the tree that it cosigned last. The log was rewritten, or an older backup of
    it is in use; or the witness lies.
    """

    code: ClassVar[str] = "audit.checkpoint.rejected"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.CRITICAL
    anchor: str
    size: int
    witness_size: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorFailed:
    """A witness or a time stamp authority did not answer, or answered with nothing of use, several times."""

    code: ClassVar[str] = "audit.anchor.failed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.MEDIUM
    anchor: str
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorRecovered:
    """A witness or a time stamp authority vouches for the log again."""

    code: ClassVar[str] = "audit.anchor.recovered"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    anchor: str
    attempts: int


EVENTS: tuple[type[AuditEvent], ...] = (CheckpointRejected, AnchorFailed, AnchorRecovered)
"""The events of this module, for `EVENT_CLASSES`."""
