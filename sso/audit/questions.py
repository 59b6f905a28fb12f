"""The twelve questions that a security officer must be able to have answered, by name, with what each needs.

Every question is a search with its facets given; some have a table beside what the search finds, because no
single record is the answer: `table` names it (`sso.audit.findings`, `sso.storage.audit_answers`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sso.audit.found import Found, broken
from sso.audit.query import AuditQuery
from sso.audit.record import JsonValue, Severity


class Need(StrEnum):
    """What a question is about, beside its time range."""

    PERSON = "person"
    CLIENT = "client"
    ADDRESS = "address"
    NOTHING = "nothing"


class Table(StrEnum):
    """What is computed beside the records."""

    REACH = "reach"
    ATTACKS = "attacks"
    SESSIONS = "sessions"
    CLAIMS = "claims"
    DORMANT = "dormant"
    LOG = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question: `asks` in a sentence; `may` be narrowed by that, and must where `must` says so."""

    id: str
    asks: str
    days: int
    may: Need = Need.NOTHING
    must: bool = False
    events: tuple[str, ...] = ()
    facets: Mapping[str, Severity] = field(default_factory=dict)
    table: Table | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom or what is asked about: ids of a person and their accounts, a client's id, an address."""

    person: tuple[str, ...] = ()
    client: str | None = None
    address: str | None = None


class SubjectMissing(ValueError):
    """A question without what it must be told, or told what it cannot use: that is `need`."""

    def __init__(self, question: Question, need: Need) -> None:
        super().__init__(f"{question.id} takes {_TAKES[question.may]}")
        self.need = need


MEMORY = timedelta(days=3650)
"""So far back is looked for when somebody was there last."""
_NOTHING_BEFORE = datetime(1970, 1, 1, tzinfo=UTC)
_TAKES = {
    Need.PERSON: "a person",
    Need.CLIENT: "a client",
    Need.ADDRESS: "an address",
    Need.NOTHING: "nothing but a time range",
}


_READ = ("token.issued", "token.exchanged", "token.assertion.accepted", "userinfo.accessed")

QUESTIONS: Mapping[str, Question] = {
    question.id: question
    for question in (
        Question(
            id="Q1",
            asks="Who got this person's data, through which application, which claims, when?",
            days=365,
            may=Need.PERSON,
            must=True,
            events=(*_READ, "token.introspected"),
        ),
        Question(
            id="Q2",
            asks="What has this member of staff done since a day (--since: the day they left)?",
            days=90,
            may=Need.PERSON,
            must=True,
        ),
        Question(
            id="Q3",
            asks="What could this person reach, and did they use it?",
            days=365,
            may=Need.PERSON,
            must=True,
            events=("admin.role.*", "consent.*", "session.created", "session.sso_reused", *_READ),
            table=Table.REACH,
        ),
        Question(
            id="Q4",
            asks="Who signed in, or tried to, from this address or network?",
            days=30,
            may=Need.ADDRESS,
            must=True,
            events=("auth.*", "session.created", "ratelimit.*"),
        ),
        Question(
            id="Q5",
            asks="Was this account attacked, and did an attack succeed?",
            days=30,
            may=Need.PERSON,
            must=True,
            events=("auth.login.*", "ratelimit.*"),
            table=Table.ATTACKS,
        ),
        Question(
            id="Q6",
            asks="Which sessions and tokens of this person live (sso session end ends them)?",
            days=30,
            may=Need.PERSON,
            must=True,
            events=("session.*", "token.issued", "token.refreshed", "token.revoked"),
            table=Table.SESSIONS,
        ),
        Question(
            id="Q7",
            asks="What changed in this application, and who did it?",
            days=365,
            may=Need.CLIENT,
            must=True,
            events=(
                "client.created",
                "client.updated",
                "client.deleted",
                "client.secret.*",
                "client.adopted",
            ),
        ),
        Question(
            id="Q8",
            asks="Which applications ask for more claims than before, or more than they get?",
            days=90,
            may=Need.CLIENT,
            events=("authz.request.accepted", "token.issued", "userinfo.accessed"),
            table=Table.CLAIMS,
        ),
        Question(
            id="Q9",
            asks="Which privileged or dangerous things were done (severity 4 and 5)?",
            days=31,
            facets={"severity": Severity.HIGH},
        ),
        Question(
            id="Q10",
            asks="Which accounts and applications woke up after 90 days of silence?",
            days=7,
            events=("auth.login.success", "token.issued"),
            table=Table.DORMANT,
        ),
        Question(
            id="Q11",
            asks="Who looked at the log, or took some of it away, and why?",
            days=90,
            may=Need.PERSON,
            events=(
                "finding.listed",
                "finding.viewed",
                "audit.searched",
                "audit.viewed",
                "person.viewed",
                "directory.conflict.viewed",
                "audit.followed",
                "audit.export.*",
                "audit.exported",
                "audit.evidence.*",
            ),
        ),
        Question(
            id="Q12",
            asks="Is the log whole: its head, what waits, what was signed, what checks found?",
            days=90,
            events=(
                "audit.verified",
                "audit.verify.*",
                "audit.checkpoint.*",
                "audit.epoch.*",
                "audit.hold.*",
                "audit.retention.*",
                "audit.spool.*",
            ),
            table=Table.LOG,
        ),
    )
}


def query_for(
    question: Question, subject: Subject, since: datetime | None, until: datetime, limit: int = 100
) -> AuditQuery:
    """Return the search of a question.

    Raises:
        SubjectMissing: it is about something else than what was given.
        AuditQueryInvalid: as `AuditQuery` says.
    """
    given = {
        Need.PERSON: bool(subject.person),
        Need.CLIENT: subject.client is not None,
        Need.ADDRESS: subject.address is not None,
    }
    wrong = [need for need, present in given.items() if present and need is not question.may]
    missing = [question.may] if question.must and not given[question.may] else []
    if wrong or missing:
        raise SubjectMissing(question, (wrong + missing)[0])
    return AuditQuery(
        since=since or until - timedelta(days=question.days),
        until=until,
        events=question.events,
        severity=question.facets.get("severity"),
        involving=subject.person,
        client_id=subject.client,
        address=subject.address,
        limit=limit,
    )


def before(question: Question, query: AuditQuery) -> AuditQuery | None:
    """Return the search of what a question's table compares with: the same, before the time asked about.

    None where it compares with nothing, or nothing can be earlier.
    """
    back = {Table.CLAIMS: query.until - query.since, Table.DORMANT: MEMORY}
    if question.table not in back or query.since <= _NOTHING_BEFORE:
        return None
    length = min(back[question.table], query.since - _NOTHING_BEFORE)
    return replace(query, since=query.since - length, until=query.since)


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: names of its columns, and rows of as many values.

    `broken` are the entries that it would have been computed from, too, and that cannot be read.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[JsonValue, ...], ...]
    broken: tuple[str, ...] = ()


def left_out(table: Rows | None, found: Sequence[Found]) -> Sequence[str]:
    """Return the entries, by id, that an answer would have told of, and that cannot be read."""
    of_table = () if table is None else table.broken
    return list(dict.fromkeys((*broken(found), *of_table)))
