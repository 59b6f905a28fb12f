"""The twelve questions of a security officer, over the API; each is recorded before its answer leaves."""

from typing import Any

from pydantic import BaseModel, Field

from sso.api.audit_documents import LOOKED_BACK_TO, AuditEventDocument
from sso.api.audit_operations import LOOK_SECONDS, searched
from sso.api.audit_parameters import Identifier, Look, Moment, Network, not_asked
from sso.api.flaw import Flaw
from sso.api.officer import Need
from sso.api.operation import Answer, Call, Nothing, Operation
from sso.api.problem import Problem, wrong
from sso.audit.found import readable
from sso.audit.query import AuditQuery, AuditQueryInvalid
from sso.audit.questions import QUESTIONS, Question, Subject, SubjectMissing, left_out, query_for
from sso.audit.record import JsonValue
from sso.authentication.stores import Stores
from sso.storage.audit_selection import TooManyRecords

MAX_RECORDS = 40_000
"""A table from more would keep a web process busy for longer than two seconds."""
_PARAMETERS = {"person": "account_id", "client": "client_id", "address": "address"}


class QuestionDocument(BaseModel):
    """One question: what it asks, what it is about, and whether it must be told that."""

    question: str
    asks: str
    about: str
    must: bool
    days: int


class Questions(BaseModel):
    """All questions."""

    questions: list[QuestionDocument]


class TableDocument(BaseModel):
    """What several records together tell."""

    columns: list[str]
    rows: list[list[Any]]


class AnswerDocument(BaseModel):
    """An answer: a table for some questions, and the newest records that it stands on.

    `broken` are the ids of entries that would be among both and cannot be read.
    """

    question: str
    asks: str
    table: TableDocument | None
    events: list[AuditEventDocument]
    broken: list[str]
    looked_back_to: str | None = LOOKED_BACK_TO


class Asked(Look):
    """What a question is about, and its time range."""

    since: Moment | None = Field(None, description="Inclusive; each question has its own default.")
    until: Moment | None = Field(None, description="Exclusive; now by default.")
    account_id: Identifier | None = Field(None, description="An account of the person asked about.")
    client_id: Identifier | None = None
    address: Network | None = None
    limit: int = Field(100, ge=1, le=500)


def _list(_: Call[Nothing]) -> Answer:
    questions = [
        {"question": q.id, "asks": q.asks, "about": q.may.value, "must": q.must, "days": q.days}
        for q in QUESTIONS.values()
    ]
    return Answer({"questions": questions})


def _ask(call: Call[Asked]) -> Answer:
    question = QUESTIONS.get(call.path["question"])
    if question is None:
        raise Problem("not_found")
    with call.hub.database.read() as stores:
        query = _query(call, question, stores)
        looked = stores.audit_search.look(query, LOOK_SECONDS)
        try:
            table = stores.audit_answers.table(question, query, call.now, MAX_RECORDS)
        except TooManyRecords as error:
            raise wrong("since", Flaw.TOO_MANY_RECORDS, str(error)) from error
    asked: dict[str, JsonValue] = {"question": question.id, **query.asked()}
    unreadable = left_out(table, looked.found)
    records = readable(looked.found)
    call.record(searched(call, asked, len(records), unreadable))
    rows = None if table is None else {"columns": list(table.columns), "rows": [list(r) for r in table.rows]}
    return Answer(
        {
            "question": question.id,
            "asks": question.asks,
            "table": rows,
            "events": [record.as_json() for record in records],
            "broken": list(unreadable),
            "looked_back_to": None if looked.back_to is None else looked.back_to.isoformat(),
        }
    )


def _query(call: Call[Asked], question: Question, stores: Stores) -> AuditQuery:
    asked = call.asked
    subject = Subject(person=_ids(asked.account_id, stores), client=asked.client_id, address=asked.address)
    try:
        return query_for(question, subject, asked.since, asked.until or call.now, asked.limit)
    except SubjectMissing as error:
        parameter = _PARAMETERS[error.need.value]
        flaw = Flaw.MISSING if getattr(asked, parameter) is None else Flaw.NOT_ASKED_ABOUT
        raise wrong(parameter, flaw, str(error)) from error
    except AuditQueryInvalid as error:
        if error.facet == "involving":
            raise wrong("account_id", Flaw.TOO_MANY, str(error)) from error
        raise not_asked(error) from error


def _ids(account_id: str | None, stores: Stores) -> tuple[str, ...]:
    """The person of an account with all of theirs; an account that is gone stands for itself."""
    account = None if account_id is None else stores.people.account(account_id)
    if account is None:
        return () if account_id is None else (account_id,)
    return (account.person_id, *(each.id for each in stores.people.accounts_of(account.person_id)))


QUESTION_OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="list_audit_questions",
        method="GET",
        path="/audit/questions",
        summary="The questions that can be asked by name",
        need=Need.AUDIT,
        asked=Nothing,
        answer=Questions,
        run=_list,
    ),
    Operation(
        name="ask_audit_question",
        method="GET",
        path="/audit/questions/{question}",
        summary="Ask one of them; recorded as audit.searched",
        need=Need.AUDIT,
        asked=Asked,
        answer=AnswerDocument,
        run=_ask,
    ),
)
