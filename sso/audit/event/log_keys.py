"""Events: the keys that sign the log follow one another."""

from dataclasses import dataclass
from typing import ClassVar

from sso.audit.record import Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogKeyAdded:
    """Another key signs the log from now on, beside those that did.

    `key` is its verifier key (C2SP signed-note), `origin` the tree whose checkpoints it signs.
    """

    code: ClassVar[str] = "audit.log_key.added"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    origin: str
    key: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogKeyRetired:
    """A key signs the log no more; others that were added before go on.

    Checkpoints that it signed hold. One that it alone signs after this entry is not the hub's.
    """

    code: ClassVar[str] = "audit.log_key.retired"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    origin: str
    key: str
    reason: str
