"""Reading the audit log. Every look is itself recorded, durably, before its answer leaves.

The search runs in a transaction that only reads: on SQLite a long one would hold up every sign-in.
"""

import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

from sso.api.audit_documents import (
    AuditEventDocument,
    AuditPage,
    EventTypes,
    Histogram,
    NamedClients,
    PeopleFound,
)
from sso.api.audit_parameters import Counting, Facets, Look, Search, audit_query, not_asked
from sso.api.flaw import Flaw
from sso.api.officer import Need
from sso.api.operation import Answer, Call, Nothing, Operation
from sso.api.people import PeopleSought, looks, people_found
from sso.api.problem import Problem, wrong
from sso.audit.event import EVENT_CLASSES, AuditSearched, AuditViewed
from sso.audit.found import BrokenEntry, broken, how_many, readable
from sso.audit.query import AuditQuery, AuditQueryInvalid
from sso.audit.record import JsonValue
from sso.storage.audit_selection import TooManyRecords

MAX_CLIENTS = 5000
LOOK_SECONDS = 10.0
"""What was found by then is the answer; it says from where to go on."""
COUNT_SECONDS = 15.0
"""Counting for longer would keep a thread of a web process from everybody else."""


def _question(call: Call[Any], facets: Facets, before: str | None = None, limit: int = 1) -> AuditQuery:
    try:
        return audit_query(facets, call.now, before=before, limit=limit)
    except AuditQueryInvalid as error:
        raise not_asked(error) from error


def searched(
    call: Call[Any], query: dict[str, JsonValue], results: int, unreadable: Sequence[str] = ()
) -> AuditSearched:
    """Return the event of a search; what was asked has a `reason`."""
    return AuditSearched(
        account_id=call.officer.account_id,
        client_id=call.officer.client_id,
        session_id=call.officer.session_id,
        query=query,
        results=results,
        broken=how_many(unreadable),
        reason=call.asked.reason,
    )


def _search(call: Call[Search]) -> Answer:
    asked = call.asked
    query = _question(call, asked, asked.before, asked.limit + 1)
    with call.hub.database.read() as stores:
        looked = stores.audit_search.look(query, LOOK_SECONDS)
    page = looked.found[: asked.limit]
    records, unreadable = readable(page), broken(page)
    call.record(searched(call, query.asked(), len(records), unreadable))
    return Answer(
        {
            "events": [record.as_json() for record in records],
            "broken": list(unreadable),
            "next_before": page[-1].id if len(looked.found) > len(page) else looked.before,
            "looked_back_to": None if looked.back_to is None else looked.back_to.isoformat(),
        }
    )


def _view(call: Call[Look]) -> Answer:
    with call.hub.database.read() as stores:
        record = stores.audit_search.find(call.path["event_id"])
    if record is None:
        raise Problem("not_found")
    event = AuditViewed(
        account_id=call.officer.account_id,
        client_id=call.officer.client_id,
        session_id=call.officer.session_id,
        record_id=record.id,
        reason=call.asked.reason,
    )
    call.record(event)
    if isinstance(record, BrokenEntry):
        raise Problem("entry_broken", "sso audit verify says what is wrong with it")
    return Answer(record.as_json())


def _histogram(call: Call[Counting]) -> Answer:
    query = _question(call, call.asked)
    with call.hub.database.read() as stores:
        try:
            bars = stores.audit_search.histogram(query, call.asked.bars, COUNT_SECONDS)
        except TooManyRecords as error:
            raise wrong("since", Flaw.TAKES_TOO_LONG, str(error)) from error
    success, failure = sum(bar.success for bar in bars), sum(bar.failure for bar in bars)
    asked: dict[str, JsonValue] = {**query.asked(), "bars": call.asked.bars}
    call.record(searched(call, asked, success + failure))
    return Answer(
        {
            "since": query.since.isoformat(),
            "until": query.until.isoformat(),
            "success": success,
            "failure": failure,
            "bars": [
                {"start": bar.start.isoformat(), "success": bar.success, "failure": bar.failure}
                for bar in bars
            ],
        }
    )


def _event_types(_: Call[Nothing]) -> Answer:
    types = [
        {
            "event": event.code,
            "outcome": event.outcome.value,
            "severity": int(event.severity),
            "description": inspect.cleandoc(event.__doc__ or ""),
            "fields": [field.name for field in dataclasses.fields(event)],
        }
        for event in EVENT_CLASSES
    ]
    return Answer({"event_types": types})


def _people(call: Call[PeopleSought]) -> Answer:
    with call.hub.database.read() as stores:
        found = people_found(call.asked, stores, call.hub.directories)
    shown = {person.person_id: person.account_id for person in found}.values()
    call.record(*(searched(call, query, len(shown)) for query in looks(call.asked, call.hub, shown)))
    return Answer({"people": [person.model_dump() for person in found]})


def _clients(call: Call[Nothing]) -> Answer:
    with call.hub.database.read() as stores:
        found = stores.clients.list_clients(limit=MAX_CLIENTS)
    return Answer({"clients": [{"client_id": c.client_id, "client_name": c.client_name} for c in found]})


AUDIT_OPERATIONS: tuple[Operation[Any], ...] = (
    Operation(
        name="search_audit_events",
        method="GET",
        path="/audit/events",
        summary="Search the audit log, newest first; recorded as audit.searched",
        need=Need.AUDIT,
        asked=Search,
        answer=AuditPage,
        run=_search,
    ),
    Operation(
        name="view_audit_event",
        method="GET",
        path="/audit/events/{event_id}",
        summary="Open one record; recorded as audit.viewed",
        need=Need.AUDIT,
        asked=Look,
        answer=AuditEventDocument,
        run=_view,
    ),
    Operation(
        name="count_audit_events",
        method="GET",
        path="/audit/histogram",
        summary="Count what a search would find, over time; recorded as audit.searched",
        need=Need.AUDIT,
        asked=Counting,
        answer=Histogram,
        run=_histogram,
    ),
    Operation(
        name="list_event_types",
        method="GET",
        path="/audit/event-types",
        summary="Every kind of event with its meaning",
        need=Need.AUDIT,
        asked=Nothing,
        answer=EventTypes,
        run=_event_types,
    ),
    Operation(
        name="find_people",
        method="GET",
        path="/audit/people",
        summary="Find the accounts of a sign-in name, or whose an account is; recorded as audit.searched",
        need=Need.AUDIT,
        asked=PeopleSought,
        answer=PeopleFound,
        run=_people,
    ),
    Operation(
        name="list_client_names",
        method="GET",
        path="/audit/clients",
        summary="Ids and names of the applications, to read the log with",
        need=Need.AUDIT,
        asked=Nothing,
        answer=NamedClients,
        run=_clients,
    ),
)
