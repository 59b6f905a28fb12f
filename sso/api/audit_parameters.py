"""What may be asked of the audit log: the facets of a search, each checked before it meets the database."""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from sso.api.flaw import Flaw, Flawed
from sso.api.problem import Problem, wrong
from sso.audit.event import EVENT_CLASSES
from sso.audit.query import (
    MAX_INVOLVED,
    MAX_TEXT_LENGTH,
    MIN_TEXT_LENGTH,
    AuditQuery,
    AuditQueryInvalid,
)
from sso.audit.record import Outcome, Severity, is_event_id

DEFAULT_RANGE = timedelta(hours=24)
MAX_LIMIT = 500
MAX_EVENTS = 20
MAX_REASON_LENGTH = 200
EVENT_CODES = frozenset(event.code for event in EVENT_CLASSES)

_YEARS = range(2000, 2200)
_FLAWS = {
    "since": Flaw.EMPTY_RANGE,
    "involving": Flaw.TOO_MANY,
    "address": Flaw.NETWORK_TOO_WIDE,
    "text": Flaw.TOO_SHORT,
    "limit": Flaw.OUT_OF_RANGE,
}
_FACETS = (
    "client_id",
    "directory_id",
    "account_id",
    "session_id",
    "grant_id",
    "request_id",
    "trace_id",
    "transaction",
    "status_code",
    "acr",
    "claim",
    "text",
)


def _event(value: str) -> str:
    family = value.removesuffix("*")
    known = value in EVENT_CODES or (
        family.endswith(".") and any(code.startswith(family) for code in EVENT_CODES)
    )
    if not known:
        raise Flawed(Flaw.NOT_AN_EVENT, "is not an event code, nor a family such as auth.*")
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value.strip(), strict=False)
    except ValueError as error:
        raise Flawed(Flaw.NOT_AN_ADDRESS, "is neither an address nor a network") from error
    return value.strip()


def _moment(value: datetime) -> datetime:
    if value.year not in _YEARS:
        raise Flawed(Flaw.NOT_A_TIME, "is not a time of these centuries")
    return value.astimezone(UTC)


def _id(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise Flawed(Flaw.NOT_AN_ID, "is not an identifier")
    return value


def _event_id(value: str) -> str:
    if not is_event_id(value):
        raise Flawed(Flaw.NOT_AN_ID, "is not the id of an event")
    return value


def readable(value: str) -> str:
    """Return a text without control or direction characters.

    Raises:
        Flawed: it has some.
    """
    if not value.isprintable():
        raise Flawed(Flaw.NOT_READABLE, "has control or direction characters")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
Identifier = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_id)]
EventId = Annotated[str, AfterValidator(_event_id)]
Network = Annotated[str, AfterValidator(_network)]
SearchedText = Annotated[
    str, Field(min_length=MIN_TEXT_LENGTH, max_length=MAX_TEXT_LENGTH), AfterValidator(readable)
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON_LENGTH),
    AfterValidator(readable),
]


class Look(BaseModel):
    """Somebody looks at the log, and says why. Without it nothing is read (`reason_missing`)."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = Field(description="Why you look, such as a case number: recorded with what you see.")


class Facets(Look):
    """Which records are meant: every given facet must match. The last 24 hours unless told otherwise."""

    since: Moment | None = Field(None, description="Inclusive; 24 hours before `until` by default.")
    until: Moment | None = Field(None, description="Exclusive; now by default.")
    event: list[Annotated[str, AfterValidator(_event)]] = Field(
        [], max_length=MAX_EVENTS, description="Event codes, or families such as `auth.*`."
    )
    outcome: Literal["success", "failure"] | None = None
    client_id: Identifier | None = None
    account_id: Identifier | None = None
    involving: list[Identifier] = Field(
        [],
        max_length=MAX_INVOLVED,
        description="Ids of a person and of their accounts: told of, acting, or asked about.",
    )
    session_id: Identifier | None = None
    grant_id: Identifier | None = None
    request_id: Identifier | None = None
    trace_id: Identifier | None = Field(
        None, description="Of the request's `traceparent` (W3C Trace Context)."
    )
    transaction: EventId | None = Field(
        None, description="The `txn` of an ID token: everything that its request recorded."
    )
    directory_id: Identifier | None = None
    severity: Annotated[int, Field(ge=1, le=5)] | None = Field(
        None, description="The least severity (OCSF 1.8): 4 is high, 5 critical."
    )
    status_code: Identifier | None = Field(
        None, description="The reason in a word, as the record has it: `status_code`, `error` or `cause`."
    )
    acr: Identifier | None = None
    claim: Identifier | None = Field(
        None, description="The name of a claim that was asked for, released or changed."
    )
    text: SearchedText | None = Field(
        None, description="Stands, as it is written, in a part of the record that tells of nobody."
    )
    address: Network | None = Field(None, description="An IP address or a CIDR network.")


class Search(Facets):
    """A page of a search."""

    before: EventId | None = Field(None, description="`next_before` of the previous page.")
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class Counting(Facets):
    """A histogram of a search."""

    bars: int = Field(24, ge=1, le=200)


def audit_query(facets: Facets, now: datetime, *, before: str | None = None, limit: int = 1) -> AuditQuery:
    """Return the question to the log.

    Raises:
        AuditQueryInvalid: a facet is wrong beside the others, or more than the log is asked for.
    """
    until = facets.until or now
    return AuditQuery(
        since=facets.since or until - DEFAULT_RANGE,
        until=until,
        events=tuple(facets.event),
        outcome=None if facets.outcome is None else Outcome(facets.outcome),
        severity=None if facets.severity is None else Severity(facets.severity),
        involving=tuple(facets.involving),
        address=facets.address,
        before=before,
        limit=limit,
        **{name: getattr(facets, name) for name in _FACETS},
    )


def not_asked(error: AuditQueryInvalid) -> Problem:
    """Return the refusal of a question that the log is not asked, at its facet."""
    return wrong(error.facet, _FLAWS[error.facet], str(error))
