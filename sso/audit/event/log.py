"""Events: the audit log itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import JsonValue, Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEpochOpened:
    """A new tree of the log began: the first one, or another after a refusal.

    `origin` names it in its checkpoints; `previous` is the last checkpoint that is known of the tree before.
    """

    code: ClassVar[str] = "audit.epoch.opened"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    epoch: int
    origin: str
    previous: str | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheckpointRefused:
    """The log was not signed, because it is not the one that was signed before.

    An older backup was restored, a lagging replica took over, or somebody rewrote it. Nothing is signed until
    a new epoch is opened.
    """

    code: ClassVar[str] = "audit.checkpoint.refused"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.CRITICAL
    epoch: int
    size: int
    signed_size: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerified:
    """Someone recomputed the log, or the `part` of it that is named, and found what `findings` counts."""

    code: ClassVar[str] = "audit.verified"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    part: str | None = None
    entries: int
    checkpoints: int
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerifyFailed:
    """The log, or the `part` of it, is not what was signed; `first` names the first thing that is wrong."""

    code: ClassVar[str] = "audit.verify.failed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.CRITICAL
    part: str | None = None
    entries: int
    checkpoints: int
    findings: int
    first: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCountsCorrected:
    """An hour of the log was counted as its entries are not, and was counted anew.

    The entries are as they were; somebody or something changed what histograms are made of.
    """

    code: ClassVar[str] = "audit.counts.corrected"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    hour: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptGiven:
    """An application fetched the receipt of an event of its own."""

    code: ClassVar[str] = "audit.receipt.given"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    client_id: str
    record_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSealed:
    """Entries left the house as a bundle: which were asked for, how many, why, and the bundle's SHA-256."""

    code: ClassVar[str] = "audit.evidence.sealed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    query: Mapping[str, JsonValue]
    entries: int
    redacted: tuple[str, ...]
    reason: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShreddingOrdered:
    """Someone ordered that what the log tells of a person be destroyed; `audit.subject.shredded` says it was.

    `subject_sha256` is the SHA-256 of the person's id: who knows the id can tell whom it was about.
    """

    code: ClassVar[str] = "audit.shredding.ordered"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    subject_sha256: str
    keys: int
    basis: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShreddingRefused:
    """Someone ordered a shredding, and a hold or the retention minimum (`cause`) keeps it all."""

    code: ClassVar[str] = "audit.shredding.refused"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.HIGH
    subject_sha256: str
    cause: str
    basis: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectShredded:
    """The keys of what the log tells of a person were destroyed; `keys_kept` are within their retention."""

    code: ClassVar[str] = "audit.subject.shredded"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    subject_sha256: str
    keys: int
    keys_kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSet:
    """What the log tells of a person (no `subject_sha256`: all of it) must stay until the hold is lifted."""

    code: ClassVar[str] = "audit.hold.set"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    hold_id: str
    subject_sha256: str | None
    basis: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLifted:
    """A hold ended: retention and shredding go on."""

    code: ClassVar[str] = "audit.hold.lifted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    hold_id: str
    subject_sha256: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFollowed:
    """Someone began to follow the log as it grows: what was asked for, and why."""

    code: ClassVar[str] = "audit.followed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    query: Mapping[str, JsonValue]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExportBegun:
    """Someone began to write records to a file; `audit.exported` says how many, and what the file is."""

    code: ClassVar[str] = "audit.export.begun"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    query: Mapping[str, JsonValue]
    kind: str
    redacted: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExported:
    """Records were written to a file: which were asked for, how many, why, and the file's SHA-256.

    `broken` entries are not in it: somebody has changed what is stored of them.
    """

    code: ClassVar[str] = "audit.exported"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    query: Mapping[str, JsonValue]
    results: int
    broken: int | None = None
    kind: str
    redacted: tuple[str, ...]
    reason: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSpoolTaken:
    """Events of a time when the log could not be written were taken into it, each marked `late`.

    One marked `uncertain` tells of a change of which nobody knows whether it was committed. `broken` counts
    lines that could not be read (writes that a crash cut off, or somebody's hand): the node keeps them in
    `audit-spool.broken`.
    """

    code: ClassVar[str] = "audit.spool.taken"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    count: int
    broken: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditMonthDropped:
    """A month of the log was dropped at the end of its retention: entries with ids before `gone_before`.

    `minimum_indices` are, by epoch, the first places above all that went. Said again when the month that it
    was said in is dropped itself.
    """

    code: ClassVar[str] = "audit.retention.dropped"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    month: str
    entries: int
    gone_before: str
    minimum_indices: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKeyExpiryOrdered:
    """Keys of years that ended before `until` are about to be destroyed.

    `audit.retention.keys_destroyed` says when they are, and the files rid of them.
    """

    code: ClassVar[str] = "audit.retention.keys_ordered"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    keys: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKeysExpired:
    """Keys to what the log tells of people were destroyed: of years that ended before `until`."""

    code: ClassVar[str] = "audit.retention.keys_destroyed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    keys: int
    until: datetime
