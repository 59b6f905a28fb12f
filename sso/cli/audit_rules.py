"""`sso audit rules`: the detection rules, their examples, and what they would find in the log."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from sso.audit.event import AuditSearched
from sso.audit.found import Found, broken, how_many, readable
from sso.audit.query import MAX_PAGE_SIZE, AuditQuery, pages
from sso.audit.record import AuditRecord, JsonValue
from sso.audit.rules.engine import Match, Rule, joined, matches
from sso.audit.rules.examples import records_of
from sso.audit.rules.location import Locate, nowhere
from sso.audit.rules.reading import RuleInvalid, rule_of
from sso.audit.rules.shipped import shipped_examples, shipped_rule, shipped_rules
from sso.cli.arguments import CLEAN_TEXT, MOMENT
from sso.cli.audit_lines import print_broken
from sso.cli.audit_reason import reason_option
from sso.cli.context import configuration_of, fail, hub_of, json_option, print_rows
from sso.cli.operator import operator_origin
from sso.config import Configuration
from sso.geography.errors import GeographyUnavailable
from sso.geography.opening import geography_of
from sso.hub import Hub

WINDOW = timedelta(hours=1)
DEFAULT_RANGE = timedelta(days=30)
MAX_SHOWN_IDS = 20


@click.group()
def rules() -> None:
    """Detection rules: Sigma files about the events of the log."""


@rules.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """Print the rules that judge, and that do not for want of a geography: the hub's, and your own."""
    configuration = configuration_of(context)
    rows: list[dict[str, JsonValue]] = [
        {
            "name": rule.name,
            "level": rule.level,
            "judged": not (rule.needs_geography and configuration.geography is None),
            "title": rule.title,
            "description": rule.description,
        }
        for rule in configuration.rules.fresh()
    ]
    shown = [{**row, "judged": "yes" if row["judged"] else "not judged: no geography"} for row in rows]
    print_rows(rows if as_json else shown, as_json=as_json, columns=("name", "level", "judged", "title"))


@rules.command("test")
@json_option
@click.pass_context
def test_command(context: click.Context, as_json: bool) -> None:
    """Run every rule on its examples: what it must find, and what it must not. Ends with 1 if one fails."""
    rows: list[dict[str, JsonValue]] = []
    for rule in shipped_rules():
        told = shipped_examples(rule.name)
        found = sum(1 for _ in matches([rule], records_of(told.positive)))
        wrong = sum(1 for _ in matches([shipped_rule(rule.name)], records_of(told.negative)))
        rows.append({"name": rule.name, "found": found, "wrongly": wrong, "ok": found >= 1 and wrong == 0})
    print_rows(rows, as_json=as_json, columns=("name", "found", "wrongly", "ok"))
    if not all(row["ok"] for row in rows):
        context.exit(1)


@rules.command("dry-run")
@click.option("--rule", "names", multiple=True, type=CLEAN_TEXT, help="Only this one; again for more.")
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A rule of your own, instead of those that judge; again for more.",
)
@click.option("--since", type=MOMENT, help="Time or 24h, 7d ago; 30 days ago unless given.")
@reason_option()
@json_option
@click.pass_context
def dry_run(
    context: click.Context, /, names: Sequence[str], files: Sequence[Path], as_json: bool, **asked: object
) -> None:
    """Print what rules would have found in the log. Nothing is kept of it but the question itself."""
    wanted = [_of_file(file) for file in files] or configuration_of(context).rules.fresh()
    unknown = set(names) - {rule.name for rule in wanted}
    if unknown:
        fail(f"no rule is named {', '.join(sorted(unknown))}: see `sso audit rules list`")
    chosen = [rule for rule in wanted if not names or rule.name in names]
    locate = _locate_of(configuration_of(context), chosen)
    with hub_of(context) as hub:
        log = _Log(hub, asked["since"])
        found = [_row(match) for match in joined(matches(chosen, log.records(), locate))]
        log.record(chosen, str(asked["reason"]))
    print_rows(found, as_json=as_json, columns=("rule", "level", "at", "records", "last"))
    if not as_json:
        click.echo(f"{log.read} records read by {len(chosen)} rules: {len(found)} findings")
    print_broken(log.broken)


def _locate_of(configuration: Configuration, rules: Sequence[Rule]) -> Locate:
    """What tells rules where addresses are; says so where it is missed."""
    needing = [rule.name for rule in rules if rule.needs_geography]
    if needing and configuration.geography is None:
        click.echo(f"not judged, no geography: {', '.join(needing)}", err=True)
    try:
        geography = geography_of(configuration.geography) if needing else None
    except GeographyUnavailable as error:
        fail(str(error))
    return nowhere if geography is None else geography.location_of


def _of_file(file: Path) -> Rule:
    try:
        return rule_of(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RuleInvalid) as error:
        fail(f"{file}: {error}")


class _Log:
    """The records of a time range, oldest first, an hour at a time.

    `read` counts them; `broken` are the entries that cannot be read.
    """

    def __init__(self, hub: Hub, since: object) -> None:
        now = datetime.now(UTC)
        self.hub = hub
        self.since = since if isinstance(since, datetime) else now - DEFAULT_RANGE
        self.until = now + timedelta(minutes=1)
        self.read = 0
        self.broken: list[str] = []

    def records(self) -> Iterator[AuditRecord]:
        begin = self.since
        while begin < self.until:
            end = min(begin + WINDOW, self.until)
            whole = AuditQuery(since=begin, until=end, limit=MAX_PAGE_SIZE)
            found = [each for page in pages(whole, self._page) for each in page]
            self.broken += broken(found)
            records = readable(found)
            self.read += len(records)
            yield from reversed(records)
            begin = end

    def record(self, rules: Sequence[Rule], reason: str) -> None:
        """Leave a record of who looked, with which rules, and why."""
        asked: dict[str, JsonValue] = {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "rules": [rule.name for rule in rules],
        }
        with self.hub.database.begin(operator_origin()) as stores:
            unreadable = how_many(self.broken)
            event = AuditSearched(query=asked, results=self.read, broken=unreadable, reason=reason)
            stores.audit.append(event, datetime.now(UTC))

    def _page(self, query: AuditQuery) -> Sequence[Found]:
        with self.hub.database.read() as stores:
            return stores.audit_search.look(query).found


def _row(match: Match) -> dict[str, JsonValue]:
    return {
        "rule": match.rule.name,
        "level": match.rule.level,
        "at": match.at.astimezone(UTC).isoformat(timespec="seconds"),
        "records": len(match.ids),
        "last": match.ids[-1],
        "ids": list(match.ids[-MAX_SHOWN_IDS:]),
    }
