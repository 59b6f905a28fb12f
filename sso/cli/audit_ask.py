"""`sso audit ask`: the questions that a security officer must be able to have answered, by name."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sso.audit.event import AuditSearched
from sso.audit.found import Found, how_many, readable
from sso.audit.query import MAX_PAGE_SIZE, AuditQuery
from sso.audit.questions import QUESTIONS, Need, Question, Rows, Subject, before, left_out, query_for
from sso.audit.record import JsonValue
from sso.cli.accounts import ids_of_person
from sso.cli.arguments import CLEAN_TEXT, MOMENT, NETWORK
from sso.cli.audit_archive import archive_of, archive_option, asked_of, log_of
from sso.cli.audit_lines import print_broken, print_records
from sso.cli.audit_question import CLOCK_TOLERANCE
from sso.cli.audit_reason import demanded, reason_option
from sso.cli.context import fail, hub_of, json_option, print_json, print_rows
from sso.cli.operator import operator_origin
from sso.hub import Hub
from sso.storage.audit_selection import TooManyRecords

if TYPE_CHECKING:
    from sso.archive.search import ArchiveSearch


@click.command()
@click.argument("name", required=False, metavar="[Q1..Q12]")
@click.option("--person", type=CLEAN_TEXT, help="Sign-in name, name@realm of a clerk, account or person id.")
@click.option("--client", "client_id", type=CLEAN_TEXT, help="Client id.")
@click.option("--address", type=NETWORK, help="IP address or network.")
@click.option("--since", type=MOMENT, help="Time or 24h, 7d ago; each question has its own default.")
@click.option("--until", type=MOMENT, help="Time or 24h, 7d ago; now unless given.")
@archive_option
@click.option("--limit", type=click.IntRange(1, MAX_PAGE_SIZE), default=100, show_default=True)
@reason_option(required=False)
@json_option
@click.pass_context
def ask(
    context: click.Context, /, name: str | None, reason: str | None, as_json: bool, **given: object
) -> None:
    """Ask one of the twelve questions; without a name, list them. The question is recorded itself."""
    if name is None:
        rows = [{"question": q.id, "takes": _takes(q), "asks": q.asks} for q in QUESTIONS.values()]
        print_rows(rows, as_json=as_json, columns=("question", "takes", "asks"))
        return
    question = QUESTIONS.get(name.upper())
    if question is None:
        raise click.UsageError(f"there is no question {name}: Q1 to Q{len(QUESTIONS)}")
    why = demanded(context, reason)
    with hub_of(context) as hub:
        query = _query(hub, question, given)
        earlier = before(question, query)
        begin = None if earlier is None else earlier.since
        with archive_of(hub, query, begin) if given["archive"] else nullcontext() as archive:
            table, found = _answer(hub, question, query, archive)
        unreadable = left_out(table, found)
        asked: dict[str, JsonValue] = {"question": question.id, **asked_of(query, archive)}
        with hub.database.begin(operator_origin()) as stores:
            event = AuditSearched(
                query=asked, results=len(readable(found)), broken=how_many(unreadable), reason=why
            )
            stores.audit.append(event, datetime.now(UTC))
    _print(question, table, found, as_json=as_json)
    print_broken(unreadable)


def _takes(question: Question) -> str:
    if question.may is Need.NOTHING:
        return "-"
    return f"--{question.may.value}" if question.must else f"[--{question.may.value}]"


def _query(hub: Hub, question: Question, given: dict[str, object]) -> AuditQuery:
    person, now = given["person"], datetime.now(UTC)
    with hub.database.read() as stores:
        ids = () if person is None else ids_of_person(stores.people, str(person), hub.directories)
    subject = Subject(person=ids, client=_text(given["client_id"]), address=_text(given["address"]))
    since, until, limit = given["since"], given["until"], given["limit"]
    try:
        return query_for(
            question,
            subject,
            since if isinstance(since, datetime) else None,
            until if isinstance(until, datetime) else now + CLOCK_TOLERANCE,
            int(str(limit)),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _answer(
    hub: Hub, question: Question, query: AuditQuery, archive: "ArchiveSearch | None"
) -> tuple[Rows | None, Sequence[Found]]:
    try:
        with hub.database.read() as stores:
            log = log_of(stores, archive)
            table = stores.audit_answers.over(log).table(question, query, datetime.now(UTC))
            return table, log.look(query).found
    except TooManyRecords as error:
        fail(str(error))


def _print(question: Question, table: Rows | None, found: Sequence[Found], *, as_json: bool) -> None:
    rows = [] if table is None else [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    if as_json:
        print_json(
            {
                "question": question.id,
                "asks": question.asks,
                "table": None if table is None else list(rows),
                "records": [record.as_json() for record in readable(found)],
                "broken": list(left_out(table, found)),
            }
        )
        return
    click.echo(f"{question.id}: {question.asks}")
    if table is not None:
        print_rows(rows, as_json=False, columns=table.columns)
        click.echo()
    print_records(found)
