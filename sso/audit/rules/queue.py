"""The queue of findings: matches are filed in it, and officers work through it. All of it is on record.

Every function works inside the caller's transaction.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sso.audit.event.findings import (
    FindingChanged,
    FindingOpened,
    FindingsSuppressed,
    FindingSuppressionEnded,
)
from sso.audit.record import moment_of_id, new_event_id
from sso.audit.rules.engine import Match
from sso.audit.rules.finding import (
    MAX_COMMENT_LENGTH,
    MAX_SUPPRESSION,
    Change,
    Comment,
    Finding,
    FindingStores,
    Officer,
    State,
    Suppression,
)
from sso.audit.rules.shipped import SEVERITIES


class Why(StrEnum):
    """Why a finding stays as it is, or a suppression is not made."""

    NOTHING = "nothing"
    CHANGED = "changed"
    REASON_MISSING = "reason_missing"
    REASON_ALONE = "reason_alone"
    TOO_MUCH = "too_much"
    TOO_LONG = "too_long"
    GROUP_UNKNOWN = "group_unknown"


class NotPossible(Exception):
    """A finding stays as it is; `why` says why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Asked:
    """A suppression that somebody asks for: of a rule, or of what is `like` one of its findings."""

    rule: str
    like: Finding | None
    reason: str
    lasts: timedelta


def file(match: Match, stores: FindingStores, now: datetime) -> Finding | None:
    """Count a match to its suppression or its open finding, or open a finding for it and return that."""
    rule, records = match.rule, len(match.ids)
    groups = stores.findings.groups(match.group, match.people, match.at)
    suppression = stores.findings.suppressing(rule.name, groups, now)
    if suppression is not None:
        stores.findings.suppressed(suppression.id, records)
        return None
    known = stores.findings.unclosed(rule.name, groups)
    if known is not None and match.at - known.last_at <= rule.span:
        last_at = max(match.at, known.last_at)
        if stores.findings.grow(known.id, records, match.ids[-1], last_at):
            return None
    finding = _opened(match, groups[0], now)
    stores.findings.add(finding)
    event = FindingOpened(
        finding_id=finding.id, rule=rule.name, level=rule.level, record_id=match.ids[-1], count=records
    )
    stores.audit.append(event, now)
    return finding


def change(
    finding: Finding, wanted: Change, officer: Officer, stores: FindingStores, now: datetime
) -> Finding:
    """Do what an officer wants done with a finding, and return it as it is then.

    Raises:
        NotPossible: it is closed without saying what it was, or the other way round; the comment is longer
            than MAX_COMMENT_LENGTH; it is no longer what the officer saw; or nothing changes.
    """
    if len(wanted.comment or "") > MAX_COMMENT_LENGTH:
        raise NotPossible(Why.TOO_MUCH)
    if not _is_as_seen(finding, wanted):
        raise NotPossible(Why.CHANGED)
    changed = _changed(finding, wanted, now)
    if replace(changed, changed_at=finding.changed_at) == finding and not wanted.comment:
        raise NotPossible(Why.NOTHING)
    stores.findings.change(changed)
    if wanted.comment:
        stores.findings.comment(finding.id, Comment(officer.name, now, wanted.comment))
    event = FindingChanged(
        account_id=officer.account_id,
        client_id=officer.client_id,
        session_id=officer.session_id,
        finding_id=finding.id,
        rule=finding.rule,
        stage=changed.state.value,
        closed_as=None if changed.closed_as is None else changed.closed_as.value,
        assigned={"account_id": wanted.assignee} if wanted.assignee else None,
        comment=wanted.comment,
    )
    stores.audit.append(event, now)
    return changed


def suppress(asked: Asked, officer: Officer, stores: FindingStores, now: datetime) -> Suppression:
    """Keep a rule from opening findings, at all or for the group of one, and return what does.

    Raises:
        NotPossible: it would go on for no time, or for longer than MAX_SUPPRESSION; or the finding is one of
            an earlier release whose group nobody knows any more, so that nothing is like it.
    """
    if not timedelta() < asked.lasts <= MAX_SUPPRESSION:
        raise NotPossible(Why.TOO_LONG)
    if asked.like is not None and not asked.like.group:
        raise NotPossible(Why.GROUP_UNKNOWN)
    suppression = Suppression(
        id=new_event_id(now),
        rule=asked.rule,
        finding_id=None if asked.like is None else asked.like.id,
        group=None if asked.like is None else asked.like.group,
        reason=asked.reason,
        author=officer.name,
        created_at=now,
        ends_at=now + asked.lasts,
        matches=0,
    )
    stores.findings.suppress(suppression)
    event = FindingsSuppressed(
        account_id=officer.account_id,
        client_id=officer.client_id,
        session_id=officer.session_id,
        suppression_id=suppression.id,
        rule=suppression.rule,
        finding_id=suppression.finding_id,
        until=suppression.ends_at,
        reason=suppression.reason,
    )
    stores.audit.append(event, now)
    return suppression


def lift(suppression_id: str, officer: Officer, stores: FindingStores, now: datetime) -> Suppression | None:
    """End a suppression before its time and return it; None if there is none that goes on."""
    lifted = stores.findings.lift(suppression_id, now)
    if lifted is not None:
        event = FindingSuppressionEnded(
            account_id=officer.account_id,
            client_id=officer.client_id,
            session_id=officer.session_id,
            suppression_id=lifted.id,
            rule=lifted.rule,
            finding_id=lifted.finding_id,
            count=lifted.matches,
        )
        stores.audit.append(event, now)
    return lifted


def _opened(match: Match, group: str, now: datetime) -> Finding:
    rule = match.rule
    return Finding(
        id=new_event_id(now),
        rule=rule.name,
        title=rule.title,
        level=SEVERITIES[rule.level],
        group=group,
        fields=rule.group_by,
        first_record_id=match.ids[0],
        last_record_id=match.ids[-1],
        first_at=moment_of_id(match.ids[0]),
        last_at=match.at,
        records=len(match.ids),
        state=State.OPEN,
        assignee=None,
        closed_as=None,
        opened_at=now,
        changed_at=now,
    )


def _is_as_seen(finding: Finding, wanted: Change) -> bool:
    """Whether nobody changed it, nor more was found, since an officer looked at it, as far as they say."""
    if wanted.seen_changed_at not in (None, finding.changed_at):
        return False
    return wanted.seen_last_record_id in (None, finding.last_record_id)


def _changed(finding: Finding, wanted: Change, now: datetime) -> Finding:
    state = wanted.state or finding.state
    closed_as = wanted.closed_as or (finding.closed_as if wanted.state is None else None)
    if state is State.CLOSED and closed_as is None:
        raise NotPossible(Why.REASON_MISSING)
    if state is not State.CLOSED and closed_as is not None:
        raise NotPossible(Why.REASON_ALONE)
    assignee = finding.assignee if wanted.assignee is None else wanted.assignee or None
    return replace(finding, state=state, closed_as=closed_as, assignee=assignee, changed_at=now)
