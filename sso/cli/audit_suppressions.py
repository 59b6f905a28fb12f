"""`sso audit findings suppress|suppressions|lift`: what a rule is not to tell of for a while."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import click

from sso.audit.event.findings import FindingsListed
from sso.audit.record import JsonValue
from sso.audit.rules import queue
from sso.audit.rules.finding import MAX_SUPPRESSION, Officer
from sso.audit.rules.queue import Asked, NotPossible, Why
from sso.audit.rules.shown import group_of, last_records, suppression_shown
from sso.cli.arguments import CLEAN_TEXT, EVENT_ID, SPAN
from sso.cli.audit_reason import reason_option
from sso.cli.context import fail, hub_of, json_option, print_rows
from sso.cli.operator import operator_origin

_COLUMNS = ("suppression_id", "rule", "finding_id", "ends_at", "matches", "reason")

_WORDS: Mapping[Why, str] = {
    Why.TOO_LONG: f"a suppression ends within {MAX_SUPPRESSION.days} days",
    Why.GROUP_UNKNOWN: "it is of an earlier release, and nobody knows what is like it: suppress its --rule",
}


@click.command()
@click.argument("finding_id", required=False, type=EVENT_ID)
@click.option("--rule", type=CLEAN_TEXT, help="Whatever this rule finds, instead of what is like a finding.")
@click.option("--for", "lasts", required=True, type=SPAN, help="How long: 24h, 30d; 90 days at most.")
@click.option("--reason", required=True, type=CLEAN_TEXT, help="Why, for the record; name nobody here.")
@click.pass_context
def suppress(
    context: click.Context, finding_id: str | None, rule: str | None, lasts: timedelta, reason: str
) -> None:
    """Keep a rule from telling of what is like a finding (the same group), or of anything, for a while."""
    if (finding_id is None) == (rule is None):
        fail("name a finding, or a --rule")
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        if rule is not None and rule not in hub.configuration.rules.told():
            fail(f"no rule is named {rule}: see `sso audit rules list`")
        like = None if finding_id is None else stores.findings.get(finding_id)
        if finding_id is not None and like is None:
            fail(f"no finding {finding_id}")
        asked = Asked(rule or (like.rule if like is not None else ""), like, reason, lasts)
        try:
            made = queue.suppress(asked, _officer(), stores, datetime.now(UTC))
        except NotPossible as refused:
            fail(_WORDS[refused.why])
    click.echo(f"{made.id} until {made.ends_at.isoformat(timespec='seconds')}")


@click.command()
@reason_option()
@json_option
@click.pass_context
def suppressions(context: click.Context, reason: str, as_json: bool) -> None:
    """List what rules do not tell of at the moment, and how much it was."""
    now = datetime.now(UTC)
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        found = stores.findings.suppressions(now)
        likes = [stores.findings.get(each.finding_id) for each in found if each.finding_id is not None]
        known = {like.id: like for like in likes if like is not None}
        last = last_records(list(known.values()), stores.audit_search)
        rows: list[dict[str, JsonValue]] = []
        for each in found:
            like = known.get(each.finding_id or "")
            group = {} if like is None else group_of(like, last.get(like.last_record_id))
            rows.append(suppression_shown(each, group))
        event = FindingsListed(query={"suppressions": True}, results=len(rows), reason=reason)
        stores.audit.append(event, now)
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


@click.command()
@click.argument("suppression_id", type=EVENT_ID)
@click.pass_context
def lift(context: click.Context, suppression_id: str) -> None:
    """End a suppression before its time."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        lifted = queue.lift(suppression_id, _officer(), stores, datetime.now(UTC))
        if lifted is None:
            fail(f"no suppression {suppression_id} goes on")
    click.echo(f"{lifted.rule} tells of what it finds again; {lifted.matches} records were kept quiet")


def _officer() -> Officer:
    return Officer(operator_origin().actor or "command")
