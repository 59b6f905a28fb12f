"""A finding as people are shown it: with what its records have in common, read from the last of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from sso.audit.record import AuditRecord, JsonValue
from sso.audit.rules.finding import Finding, Suppression
from sso.audit.rules.reading import LEVELS
from sso.audit.rules.selection import fields_of

_FACETS = ("client_id", "account_id", "session_id", "grant_id", "directory_id", "address")
_INVOLVED = ("actor", "person_id")
_AFTER = timedelta(milliseconds=1)


class Records(Protocol):
    """Where records are found."""

    def of_ids(self, ids: Collection[str]) -> Mapping[str, AuditRecord]:
        """Return records by id, those that can still be read."""
        ...


def last_records(findings: Sequence[Finding], records: Records) -> Mapping[str, AuditRecord]:
    """Return the last record of each finding by its id."""
    return records.of_ids({finding.last_record_id for finding in findings})


def group_of(finding: Finding, last: AuditRecord | None) -> dict[str, str]:
    """Return what the records have in common by the names of fields, as far as the last one still tells."""
    told = {} if last is None else fields_of(last)
    return {name: str(told[name]) for name in finding.fields if told.get(name) is not None}


def shown(finding: Finding, last: AuditRecord | None) -> dict[str, JsonValue]:
    """Return a finding for a reader; `level` is Sigma's word."""
    return {
        "finding_id": finding.id,
        "rule": finding.rule,
        "title": finding.title,
        "level": LEVELS[finding.level - 1],
        "state": finding.state.value,
        "assignee": finding.assignee,
        "closed_as": None if finding.closed_as is None else finding.closed_as.value,
        "records": finding.records,
        "group": dict(group_of(finding, last)),
        "first_at": finding.first_at.isoformat(),
        "last_at": finding.last_at.isoformat(),
        "first_record_id": finding.first_record_id,
        "last_record_id": finding.last_record_id,
        "opened_at": finding.opened_at.isoformat(),
        "changed_at": finding.changed_at.isoformat(),
    }


def search_for(finding: Finding, last: AuditRecord | None, events: Sequence[str]) -> dict[str, JsonValue]:
    """Return the facets of a search that finds the records behind a finding, and perhaps a few more."""
    group = group_of(finding, last)
    facets: dict[str, JsonValue] = {name: group[name] for name in _FACETS if name in group}
    involved = [group[name] for name in _INVOLVED if name in group]
    return {
        "since": finding.first_at.isoformat(),
        "until": (finding.last_at + _AFTER).isoformat(),
        **({"event": list(events)} if events else {}),
        **facets,
        **({"involving": involved} if involved else {}),
    }


def suppression_shown(suppression: Suppression, group: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return a suppression for a reader; `group` is empty where it is of a whole rule."""
    return {
        "suppression_id": suppression.id,
        "rule": suppression.rule,
        "finding_id": suppression.finding_id,
        "group": dict(group),
        "reason": suppression.reason,
        "author": suppression.author,
        "created_at": suppression.created_at.isoformat(),
        "ends_at": suppression.ends_at.isoformat(),
        "matches": suppression.matches,
    }
