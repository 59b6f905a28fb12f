"""What detection rules are not to tell of for a while: auditors say so, with a reason and an end."""

from datetime import timedelta
from typing import Any

from sso.api.audit_parameters import Look
from sso.api.finding_documents import SuppressionAsked, SuppressionDocument, SuppressionList
from sso.api.finding_operations import working
from sso.api.flaw import Flaw
from sso.api.officer import Need
from sso.api.operation import Answer, Call, Nothing, Operation
from sso.api.problem import Problem, wrong
from sso.audit.event.findings import FindingsListed
from sso.audit.record import JsonValue
from sso.audit.rules import queue
from sso.audit.rules.finding import Finding, Suppression
from sso.audit.rules.queue import Asked, NotPossible, Why
from sso.audit.rules.shipped import RuleSet
from sso.audit.rules.shown import group_of, last_records, suppression_shown
from sso.authentication.auditors import name_of
from sso.storage.stores import SqlStores


def _list(call: Call[Look]) -> Answer:
    with call.hub.database.read() as stores:
        rows = [_document(each, stores) for each in stores.findings.suppressions(call.now)]
    event = FindingsListed(
        account_id=call.officer.account_id,
        client_id=call.officer.client_id,
        session_id=call.officer.session_id,
        query={"suppressions": True},
        results=len(rows),
        reason=call.asked.reason,
    )
    call.record(event)
    return Answer({"suppressions": rows})


_WRONG = {
    Why.TOO_LONG: ("days", Flaw.OUT_OF_RANGE, "is too long"),
    Why.GROUP_UNKNOWN: ("finding_id", Flaw.GROUP_UNKNOWN, "is of an earlier release: suppress its rule"),
}


def _suppress(call: Call[SuppressionAsked]) -> Answer:
    asked = call.asked
    with call.hub.database.begin(call.origin) as stores:
        like = _like(asked, call.hub.configuration.rules, stores)
        rule = asked.rule or (like.rule if like is not None else "")
        wanted = Asked(rule, like, asked.reason, timedelta(days=asked.days))
        try:
            made = queue.suppress(wanted, working(call), stores, call.now)
        except NotPossible as refused:
            raise wrong(*_WRONG[refused.why]) from refused
        return Answer(_document(made, stores))


def _like(asked: SuppressionAsked, rules: RuleSet, stores: SqlStores) -> Finding | None:
    if (asked.rule is None) == (asked.finding_id is None):
        raise wrong("finding_id", Flaw.NOT_ONE_OF_TWO, "give this or a rule")
    if asked.rule is not None and asked.rule not in rules.told():
        raise wrong("rule", Flaw.NOT_KNOWN, "is not the name of a rule")
    like = None if asked.finding_id is None else stores.findings.get(asked.finding_id)
    if asked.finding_id is not None and like is None:
        raise wrong("finding_id", Flaw.NOT_KNOWN, "is not the id of a finding")
    return like


def _lift(call: Call[Nothing]) -> Answer:
    suppression_id = call.path["suppression_id"]
    with call.hub.database.begin(call.origin) as stores:
        if queue.lift(suppression_id, working(call), stores, call.now) is None:
            raise Problem("not_found")
    return Answer(None)


def _document(suppression: Suppression, stores: SqlStores) -> dict[str, JsonValue]:
    like = None if suppression.finding_id is None else stores.findings.get(suppression.finding_id)
    last = {} if like is None else last_records([like], stores.audit_search)
    group = {} if like is None else group_of(like, last.get(like.last_record_id))
    return {**suppression_shown(suppression, group), "author_name": name_of(suppression.author, stores)}


SUPPRESSION_OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="list_suppressions",
        method="GET",
        path="/audit/suppressions",
        summary="What rules do not tell of at the moment; recorded as finding.listed",
        need=Need.AUDIT,
        asked=Look,
        answer=SuppressionList,
        run=_list,
    ),
    Operation(
        name="suppress_findings",
        method="POST",
        path="/audit/suppressions",
        summary="Keep a rule, or what is like a finding, quiet for a while; recorded as finding.suppressed",
        need=Need.AUDIT,
        asked=SuppressionAsked,
        answer=SuppressionDocument,
        run=_suppress,
        status=201,
    ),
    Operation(
        name="lift_suppression",
        method="DELETE",
        path="/audit/suppressions/{suppression_id}",
        summary="End a suppression before its time; recorded as finding.suppression.ended",
        need=Need.AUDIT,
        asked=Nothing,
        answer=None,
        run=_lift,
        status=204,
    ),
)
