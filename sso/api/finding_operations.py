"""The findings of detection rules: auditors read them, and after a recent sign-in work on them."""

from typing import Any

from sso.api.audit_parameters import Look
from sso.api.finding_documents import (
    FindingChange,
    FindingCount,
    FindingPage,
    FindingsAsked,
    FindingsCounted,
    WholeFinding,
)
from sso.api.flaw import Flaw
from sso.api.officer import Need
from sso.api.operation import Answer, Call, Operation
from sso.api.problem import Problem, wrong
from sso.audit.event.findings import FindingsListed, FindingViewed
from sso.audit.record import JsonValue
from sso.audit.rules import queue
from sso.audit.rules.finding import Change, CloseReason, Finding, Officer, State, Wanted
from sso.audit.rules.queue import NotPossible, Why
from sso.audit.rules.shipped import SEVERITIES, RuleSet
from sso.audit.rules.shown import last_records, search_for, shown
from sso.authentication.auditors import auditor, name_of
from sso.storage.stores import SqlStores

ME = "me"
_WRONG = {
    Why.REASON_MISSING: ("closed_as", Flaw.MISSING, "is missing: what did it turn out to be?"),
    Why.REASON_ALONE: ("closed_as", Flaw.ONLY_WHEN_CLOSED, "goes with the state closed only"),
    Why.TOO_MUCH: ("comment", Flaw.TOO_LONG, "is too long"),
}


def working(call: Call[Any]) -> Officer:
    """Return who calls, as findings know officers."""
    officer = call.officer
    return Officer(officer.account_id, officer.account_id, officer.client_id, officer.session_id)


def _list(call: Call[FindingsAsked]) -> Answer:
    asked = call.asked
    wanted = Wanted(
        closed=asked.closed,
        level=SEVERITIES[asked.level],
        rule=asked.rule,
        assignee=call.officer.account_id if asked.assignee == ME else asked.assignee,
        before=asked.before,
        limit=asked.limit + 1,
    )
    with call.hub.database.read() as stores:
        found = stores.findings.page(wanted)
        page = found[: asked.limit]
        last = last_records(page, stores.audit_search)
        rows = [_row(each, last.get(each.last_record_id), stores) for each in page]
    event = FindingsListed(
        account_id=call.officer.account_id,
        client_id=call.officer.client_id,
        session_id=call.officer.session_id,
        query=wanted.asked(),
        results=len(rows),
        reason=asked.reason,
    )
    call.record(event)
    return Answer({"findings": rows, "next_before": page[-1].id if len(found) > len(page) else None})


def _count(call: Call[FindingsCounted]) -> Answer:
    with call.hub.database.read() as stores:
        found, since = stores.findings.count(SEVERITIES[call.asked.level]), stores.detection.unjudged_since()
    audit = call.hub.configuration.settings.audit
    late = since is not None and audit.is_late((call.now - since).total_seconds())
    told = since.isoformat(timespec="seconds") if since is not None and late else None
    return Answer(FindingCount(findings=found, unjudged_since=told).model_dump())


def _view(call: Call[Look]) -> Answer:
    with call.hub.database.read() as stores:
        document = _whole(_found(call, stores), call.hub.configuration.rules, stores)
    call.record(_viewed(call))
    return Answer(document)


def _viewed(call: Call[Look] | Call[FindingChange]) -> FindingViewed:
    return FindingViewed(
        account_id=call.officer.account_id,
        client_id=call.officer.client_id,
        session_id=call.officer.session_id,
        finding_id=call.path["finding_id"],
        reason=call.asked.reason,
    )


def _change(call: Call[FindingChange]) -> Answer:
    with call.hub.database.begin(call.origin) as stores:
        found = _found(call, stores, lock=True)
        try:
            changed = queue.change(found, _wanted(call, stores), working(call), stores, call.now)
        except NotPossible as refusal:
            if refusal.why is Why.CHANGED:
                raise Problem("changed_meanwhile", "read it again and decide anew") from refusal
            if refusal.why is not Why.NOTHING:
                raise wrong(*_WRONG[refusal.why]) from refusal
            changed = found
        stores.audit.append(_viewed(call), call.now)
        return Answer(_whole(changed, call.hub.configuration.rules, stores))


def _wanted(call: Call[FindingChange], stores: SqlStores) -> Change:
    asked = call.asked
    assignee: str | None = None
    if "assignee" in asked.model_fields_set:
        assignee = call.officer.account_id if asked.assignee == ME else asked.assignee or ""
    if assignee and auditor(assignee, stores) is None:
        raise wrong("assignee", Flaw.NOT_AN_AUDITOR, "is not an auditor's account")
    return Change(
        state=None if asked.state is None else State(asked.state),
        closed_as=None if asked.closed_as is None else CloseReason(asked.closed_as),
        assignee=assignee,
        comment=asked.comment,
        seen_changed_at=asked.changed_at,
        seen_last_record_id=asked.last_record_id,
    )


def _found(call: Call[Any], stores: SqlStores, *, lock: bool = False) -> Finding:
    found = stores.findings.get(call.path["finding_id"], lock=lock)
    if found is None:
        raise Problem("not_found")
    return found


def _row(finding: Finding, last: Any, stores: SqlStores) -> dict[str, JsonValue]:
    return {**shown(finding, last), "assignee_name": name_of(finding.assignee, stores)}


def _whole(finding: Finding, rules: RuleSet, stores: SqlStores) -> dict[str, JsonValue]:
    last = last_records([finding], stores.audit_search).get(finding.last_record_id)
    rule = rules.told().get(finding.rule)
    return {
        **_row(finding, last, stores),
        "description": "" if rule is None else rule.description,
        "search": search_for(finding, last, () if rule is None else rule.events),
        "comments": [
            {
                "author": each.author,
                "author_name": name_of(each.author, stores),
                "at": each.at.isoformat(),
                "text": each.text,
            }
            for each in stores.findings.comments(finding.id)
        ],
    }


FINDING_OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="list_findings",
        method="GET",
        path="/audit/findings",
        summary="What detection rules found; recorded as finding.listed",
        need=Need.AUDIT,
        asked=FindingsAsked,
        answer=FindingPage,
        run=_list,
    ),
    Operation(
        name="count_findings",
        method="GET",
        path="/audit/findings/count",
        summary="How many findings are not closed, and whether the rules have looked lately",
        need=Need.AUDIT,
        asked=FindingsCounted,
        answer=FindingCount,
        run=_count,
    ),
    Operation(
        name="view_finding",
        method="GET",
        path="/audit/findings/{finding_id}",
        summary="Open one finding; recorded as finding.viewed",
        need=Need.AUDIT,
        asked=Look,
        answer=WholeFinding,
        run=_view,
    ),
    Operation(
        name="change_finding",
        method="PATCH",
        path="/audit/findings/{finding_id}",
        summary="Assign, comment, close or open a finding again; recorded as finding.changed, finding.viewed",
        need=Need.AUDIT,
        asked=FindingChange,
        answer=WholeFinding,
        run=_change,
    ),
)
