"""Events: what detection rules found, and what officers made of it. No rule is shown any of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import JsonValue, Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingOpened:
    """A rule found something: `count` records so far, of which `record_id` is the last."""

    code: ClassVar[str] = "finding.opened"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    finding_id: str
    rule: str
    level: str
    record_id: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChanged:
    """An officer worked on a finding: `stage` and `closed_as` are its state now.

    `assigned` is to whom it was given, `comment` what the officer wrote.
    """

    code: ClassVar[str] = "finding.changed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    finding_id: str
    rule: str
    stage: str
    closed_as: str | None = None
    assigned: Mapping[str, JsonValue] | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsListed:
    """An officer looked at the queue of findings: what was asked for, and how many were shown."""

    code: ClassVar[str] = "finding.listed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    query: Mapping[str, JsonValue]
    results: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingViewed:
    """An officer opened a finding, and with it the record that it is about."""

    code: ClassVar[str] = "finding.viewed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    finding_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsSuppressed:
    """An officer keeps a rule from opening findings until a time: all, or those like `finding_id`."""

    code: ClassVar[str] = "finding.suppressed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    suppression_id: str
    rule: str
    finding_id: str | None = None
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSuppressionEnded:
    """An officer ended a suppression before its time; it had kept `count` records from being findings."""

    code: ClassVar[str] = "finding.suppression.ended"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.LOW
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    suppression_id: str
    rule: str
    finding_id: str | None = None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsDropped:
    """Findings that were closed, and suppressions that were over, before `until` were deleted: so many."""

    code: ClassVar[str] = "audit.retention.findings_dropped"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    findings: int
    suppressions: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSwitchedOff:
    """A rule could not judge a record and judges no more in this version; the others go on."""

    code: ClassVar[str] = "finding.rule.switched_off"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.HIGH
    rule: str
    record_id: str
    error: str
