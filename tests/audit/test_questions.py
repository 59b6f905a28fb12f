"""The questions by name: each is a search of events that exist, and says what it takes."""

from datetime import UTC, datetime, timedelta

import pytest

from sso.audit.event import EVENT_CLASSES, SignInFailed, SignInSucceeded
from sso.audit.findings import ClaimUse, attacks, claims_grown
from sso.audit.questions import QUESTIONS, Need, Question, Subject, SubjectMissing, before, query_for
from sso.audit.record import AuditRecord, Origin, record_of

NOW = datetime(2026, 3, 4, tzinfo=UTC)
ALL = Subject(person=("p",), client="c", address="192.0.2.7")
CODES = {event.code for event in EVENT_CLASSES}


def subject(need: Need) -> Subject:
    return {
        Need.PERSON: Subject(person=("p", "a")),
        Need.CLIENT: Subject(client="c"),
        Need.ADDRESS: Subject(address="192.0.2.0/24"),
        Need.NOTHING: Subject(),
    }[need]


def test_there_are_twelve() -> None:
    assert list(QUESTIONS) == [f"Q{number}" for number in range(1, 13)]


@pytest.mark.parametrize(("name", "days"), [("Q8", 90), ("Q10", 3650)])
def test_what_a_table_compares_with_ends_where_the_question_begins(name: str, days: int) -> None:
    query = query_for(QUESTIONS[name], Subject(), None, NOW)

    earlier = before(QUESTIONS[name], query)

    assert earlier is not None
    assert (earlier.since, earlier.until) == (query.since - timedelta(days=days), query.since)


def test_other_questions_compare_with_nothing() -> None:
    assert before(QUESTIONS["Q9"], query_for(QUESTIONS["Q9"], Subject(), None, NOW)) is None


@pytest.mark.parametrize("year", [1, 1969, 1970])
def test_nothing_is_earlier_than_any_log(year: int) -> None:
    query = query_for(QUESTIONS["Q8"], Subject(), datetime(year, 1, 1, tzinfo=UTC), NOW)

    assert before(QUESTIONS["Q8"], query) is None


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.id)
def test_a_question_asks_for_events_that_exist(question: Question) -> None:
    for wanted in question.events:
        family = wanted.removesuffix("*")
        assert wanted in CODES or any(code.startswith(family) for code in CODES if family != wanted), wanted


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.id)
def test_a_question_takes_what_it_says_and_nothing_else(question: Question) -> None:
    query = query_for(question, subject(question.may), None, NOW)

    assert (query.since, query.until) == (NOW - timedelta(days=question.days), NOW)
    assert query.involving == subject(question.may).person
    with pytest.raises(SubjectMissing):
        query_for(question, ALL, None, NOW)
    if question.must:
        with pytest.raises(SubjectMissing):
            query_for(question, Subject(), None, NOW)


def sign_ins(text: str) -> list[AuditRecord]:
    """`f` and `s` are a failure and a success of one address, `S` a success of another; one a minute."""
    records = []
    for minute, letter in enumerate(text):
        origin = Origin(address="198.51.100.1" if letter == "S" else "192.0.2.7")
        event = (
            SignInFailed(account_id="a", directory_id=None, status_code="BAD_CREDENTIAL", name_hmac="h")
            if letter == "f"
            else SignInSucceeded(account_id="a", session_id="s", directory_id=None, acr="1", amr=())
        )
        records.append(record_of(event, origin, NOW + timedelta(minutes=minute)))
    return records


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("sss", []),
        ("ffs", []),
        ("fff", [(3, "-")]),
        ("ffffs", [(4, "an address that had failed")]),
        ("sfffS", [(3, "another address")]),
        ("fffsfffffs", [(3, "an address that had failed"), (5, "an address that had failed")]),
    ],
)
def test_an_attack_is_a_run_of_failures_and_what_ended_it(text: str, expected: list[tuple[int, str]]) -> None:
    found = attacks(sign_ins(text))

    assert [(row[2], row[5]) for row in found.rows] == expected


def test_an_application_that_asks_for_more_than_before_or_than_it_gets_is_named() -> None:
    before = {"grown": ClaimUse({"name"}, {"name"}), "same": ClaimUse({"name"}, {"name"})}
    now = {
        "grown": ClaimUse({"name", "birthdate"}, {"name", "birthdate"}),
        "same": ClaimUse({"name"}, {"name"}),
        "greedy": ClaimUse({"name", "email"}, {"name"}),
    }

    assert claims_grown(before, now).rows == (
        ("greedy", "yes", [], ["email"]),
        ("grown", "no", ["birthdate"], []),
    )
