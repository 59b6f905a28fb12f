"""`[audit]`: the log of everything that happens, and how long it is kept."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from sso.config.anchors import TimeStampAuthority, Witnesses
from sso.config.archive import Archive
from sso.config.geography import Geography
from sso.config.section import Positive, Section, checked_database_url
from sso.config.sinks import Sink

FINDING_RETENTION_DAYS = 730
"""What closed findings are kept for unless it is configured."""

_Days = Annotated[int, Field(ge=180, le=36_500)]


class Audit(Section):
    """`[audit]`: the log of everything that happens."""

    checkpoint_seconds: Annotated[int, Field(ge=1, le=3_600)] = 2
    last_signed_file: str = "audit-last-signed.json"
    waiting_warning_seconds: Positive = 60
    spool_file: str = "audit-spool"
    key_database_url: str | None = None
    minimum_retention_days: _Days = 180
    retention_days: _Days | None = None
    personal_retention_days: _Days | None = None
    finding_retention_days: _Days | None = None
    anchor_seconds: Annotated[int, Field(ge=1, le=86_400)] = 10
    anchor_warning_seconds: Positive = 3_600
    rule_files: tuple[Path, ...] = ()
    rules_off: tuple[str, ...] = ()
    witness: Witnesses = ()
    timestamp: TimeStampAuthority | None = None
    archive: Archive | None = None
    geography: Geography | None = None
    sink: tuple[Sink, ...] = ()

    def is_late(self, seconds: float) -> bool:
        """Whether something of the log has waited for longer than `waiting_warning_seconds`."""
        return seconds > self.waiting_warning_seconds

    @property
    def closed_findings_kept(self) -> timedelta:
        """How long closed findings stay: as configured, or by default; never less than the minimum."""
        days = self.finding_retention_days
        return timedelta(
            days=max(FINDING_RETENTION_DAYS, self.minimum_retention_days) if days is None else days
        )

    @model_validator(mode="after")
    def _no_less_than_the_minimum(self) -> "Audit":
        given = (self.retention_days, self.personal_retention_days, self.finding_retention_days)
        if any(days is not None and days < self.minimum_retention_days for days in given):
            raise ValueError("retention must not be shorter than minimum_retention_days")
        return self

    @field_validator("key_database_url")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return None if value is None else checked_database_url(value)
