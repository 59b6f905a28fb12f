"""Questions to a log that is filled, as people ask them: pages, counts, and the twelve of `sso audit ask`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from bench.filled_log import Filled
from sso.audit.query import AuditQuery
from sso.audit.questions import QUESTIONS, Need, Question, Subject, query_for
from sso.audit.record import Outcome, Severity
from sso.storage.stores import SqlStores

FOUND_NOWHERE = dict.fromkeys(
    ("text", "claim", "status_code", "trace_id", "acr", "directory_id"), "nothing like it"
)
"""Facets without an index, and what is not in the log: all of it is read."""

Ask = Callable[[SqlStores, int], object]


def questions(whole: AuditQuery, late: AuditQuery, filled: Filled) -> Sequence[tuple[str, Ask]]:
    """Return what is asked of a filled log, by names: of the whole time, and of a page in the middle."""
    day, odd = timedelta(days=1), filled.since + timedelta(minutes=10)

    def search(query: AuditQuery, **facets: Callable[[int], object]) -> Ask:
        return lambda stores, number: stores.audit_search.look(
            replace(query, **{name: of(number) for name, of in facets.items()})  # type: ignore[arg-type]
        )

    def count(query: AuditQuery, bars: int, **facets: Callable[[int], object]) -> Ask:
        return lambda stores, number: stores.audit_search.histogram(
            replace(query, **{name: of(number) for name, of in facets.items()}),  # type: ignore[arg-type]
            bars,
        )

    return (
        ("the newest of all", search(whole)),
        ("a page in the middle", search(late)),
        ("of a person", search(whole, account_id=lambda n: f"account-{n}")),
        ("that a person is part of", search(whole, involving=lambda n: (f"account-{n}",))),
        ("of an application", search(whole, client_id=lambda n: f"client-{n}")),
        ("of a session", search(whole, session_id=lambda n: f"session-{n}")),
        ("from an address", search(whole, address=lambda n: f"198.51.100.{n + 1}")),
        ("from a network", search(whole, address=lambda _: "198.51.100.0/24")),
        ("failures only, there are none", search(whole, outcome=lambda _: Outcome.FAILURE)),
        ("of severity 3 on, there are none", search(whole, severity=lambda _: Severity.MEDIUM)),
        ("of severity 4 on, there are none", search(whole, severity=lambda _: Severity.HIGH)),
        ("of a transaction", search(whole, transaction=lambda _: filled.middle)),
        *(
            (f"{facet}, none, no index", search(replace(whole, **{facet: value})))
            for facet, value in FOUND_NOWHERE.items()
        ),
        ("one event in the middle", lambda stores, _: stores.audit_search.find(filled.middle)),
        ("histogram of a day", count(AuditQuery(since=filled.since, until=filled.since + day), 24)),
        ("a day, bars begin within an hour", count(AuditQuery(since=odd, until=odd + day), 24)),
        ("histogram of the month", count(whole, 30)),
        ("the month, bars begin within an hour", count(replace(whole, since=odd), 30)),
        ("the month, of an application", count(whole, 30, client_id=lambda n: f"client-{n}")),
        ("the month, of failures", count(whole, 30, outcome=lambda _: Outcome.FAILURE)),
        ("the month, of an account", count(whole, 30, account_id=lambda n: f"account-{n}")),
        *((f"{question.id}, its page", _page_of(question, whole)) for question in QUESTIONS.values()),
    )


def _page_of(question: Question, whole: AuditQuery) -> Ask:
    """The records of one of the twelve questions, of the whole time."""

    def ask(stores: SqlStores, number: int) -> object:
        about = Subject(
            person=(f"account-{number}",) if question.must and question.may is Need.PERSON else (),
            client=f"client-{number}" if question.must and question.may is Need.CLIENT else None,
            address=f"198.51.100.{number + 1}" if question.may is Need.ADDRESS else None,
        )
        return stores.audit_search.look(query_for(question, about, whole.since, whole.until))

    return ask
