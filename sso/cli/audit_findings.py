"""`sso audit findings`: what detection rules found, and what is made of it; looks are recorded as well."""

from datetime import UTC, datetime

import click

from sso.audit.event.findings import FindingsListed, FindingViewed
from sso.audit.record import JsonValue
from sso.audit.rules import queue
from sso.audit.rules.finding import MAX_COMMENT_LENGTH, Change, CloseReason, Finding, Officer, State, Wanted
from sso.audit.rules.queue import NotPossible, Why
from sso.audit.rules.reading import LEVELS
from sso.audit.rules.shipped import SEVERITIES
from sso.audit.rules.shown import last_records, search_for, shown
from sso.authentication.auditors import auditor
from sso.cli.accounts import named_account
from sso.cli.arguments import CLEAN_TEXT, EVENT_ID, visible
from sso.cli.audit_reason import reason_option
from sso.cli.audit_suppressions import lift, suppress, suppressions
from sso.cli.context import fail, hub_of, json_option, print_block, print_json, print_rows
from sso.cli.operator import operator_origin
from sso.storage.stores import SqlStores

_COLUMNS = ("finding_id", "level", "state", "last_at", "rule", "records", "group")
_SENTENCES = {
    Why.NOTHING: "it is like that already",
    Why.REASON_MISSING: "say what it turned out to be",
    Why.REASON_ALONE: "only what is closed turned out to be something",
    Why.TOO_MUCH: f"a comment has at most {MAX_COMMENT_LENGTH} characters",
}


@click.group()
def findings() -> None:
    """What detection rules found, and what is made of it."""


@findings.command("list")
@click.option("--closed", is_flag=True, help="Those that are closed, newest first.")
@click.option("--level", type=click.Choice(LEVELS), default=LEVELS[0], help="At least this level.")
@click.option("--rule", type=CLEAN_TEXT, help="Of this rule only.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@reason_option()
@json_option
@click.pass_context
def list_command(context: click.Context, /, as_json: bool, **asked: object) -> None:
    """List findings that are not closed, the worst first."""
    limit = asked["limit"]
    wanted = Wanted(
        closed=bool(asked["closed"]),
        level=SEVERITIES[str(asked["level"])],
        rule=None if asked["rule"] is None else str(asked["rule"]),
        limit=limit if isinstance(limit, int) else 50,
    )
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        found = stores.findings.page(wanted)
        last = last_records(found, stores.audit_search)
        rows = [shown(each, last.get(each.last_record_id)) for each in found]
        event = FindingsListed(query=wanted.asked(), results=len(rows), reason=str(asked["reason"]))
        stores.audit.append(event, datetime.now(UTC))
    if not as_json:
        rows = [{**row, "group": _words(row["group"])} for row in rows]
    print_rows(rows, as_json=as_json, columns=_COLUMNS)


@findings.command("show")
@click.argument("finding_id", type=EVENT_ID)
@reason_option()
@json_option
@click.pass_context
def show_command(context: click.Context, finding_id: str, reason: str, as_json: bool) -> None:
    """Show one finding with its comments, and the search that finds the records behind it."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        found = _found(finding_id, stores)
        last = last_records([found], stores.audit_search).get(found.last_record_id)
        rule = hub.configuration.rules.told().get(found.rule)
        comments = stores.findings.comments(finding_id)
        stores.audit.append(FindingViewed(finding_id=finding_id, reason=reason), datetime.now(UTC))
    whole: dict[str, JsonValue] = {
        **shown(found, last),
        "search": search_for(found, last, () if rule is None else rule.events),
        "comments": [
            {"author": each.author, "at": each.at.isoformat(timespec="seconds"), "text": each.text}
            for each in comments
        ],
    }
    if as_json:
        print_json(whole)
    else:
        print_block(whole)


@findings.command()
@click.argument("finding_id", type=EVENT_ID)
@click.option("--to", "name", type=CLEAN_TEXT, help="An auditor: sign-in name, name@realm, account id.")
@click.option("--nobody", is_flag=True, help="Take it from whoever has it.")
@click.pass_context
def assign(context: click.Context, finding_id: str, name: str | None, nobody: bool) -> None:
    """Give a finding to an auditor, who works on it from now on."""
    if (name is None) != nobody:
        fail("say --to somebody, or --nobody")
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        found, assignee = _found(finding_id, stores), ""
        if name is not None:
            account = auditor(named_account(stores.people, name, hub.directories).id, stores)
            assignee = fail(f"{name} is no auditor") if account is None else account.id
        state = State.IN_PROGRESS if assignee and found.state is State.OPEN else None
        _change(found, Change(state=state, assignee=assignee), stores)
    click.echo("assigned" if assignee else "assigned to nobody")


@findings.command()
@click.argument("finding_id", type=EVENT_ID)
@click.option(
    "--as",
    "closed_as",
    required=True,
    type=click.Choice([each.value for each in CloseReason]),
    help="What it turned out to be.",
)
@click.option("--comment", type=CLEAN_TEXT, help="What you know of it; name nobody here.")
@click.pass_context
def close(context: click.Context, finding_id: str, closed_as: str, comment: str | None) -> None:
    """Close a finding. What the rule finds from now on is another one."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        wanted = Change(state=State.CLOSED, closed_as=CloseReason(closed_as), comment=comment)
        _change(_found(finding_id, stores), wanted, stores)
    click.echo(f"closed: {closed_as}")


@findings.command()
@click.argument("finding_id", type=EVENT_ID)
@click.option("--comment", type=CLEAN_TEXT, help="Why; name nobody here.")
@click.pass_context
def reopen(context: click.Context, finding_id: str, comment: str | None) -> None:
    """Open a finding again that was closed."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        _change(_found(finding_id, stores), Change(state=State.OPEN, comment=comment), stores)
    click.echo("open again")


@findings.command()
@click.argument("finding_id", type=EVENT_ID)
@click.argument("text", type=CLEAN_TEXT)
@click.pass_context
def comment(context: click.Context, finding_id: str, text: str) -> None:
    """Write something about a finding; name nobody, it stays."""
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        _change(_found(finding_id, stores), Change(comment=text), stores)
    click.echo("written")


for _command in (suppress, suppressions, lift):
    findings.add_command(_command)


def _found(finding_id: str, stores: SqlStores) -> Finding:
    found = stores.findings.get(finding_id, lock=True)
    return fail(f"no finding {finding_id}") if found is None else found


def _change(found: Finding, wanted: Change, stores: SqlStores) -> None:
    officer = Officer(operator_origin().actor or "command")
    try:
        queue.change(found, wanted, officer, stores, datetime.now(UTC))
    except NotPossible as refusal:
        fail(_SENTENCES[refusal.why])


def _words(group: JsonValue) -> str:
    """What the records have in common, for a table; "-" where nothing can be read any more."""
    told = group if isinstance(group, dict) else {}
    return visible(" ".join(f"{name}={value}" for name, value in told.items())) or "-"
