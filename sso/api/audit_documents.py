"""What the API answers about the audit log."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

LOOKED_BACK_TO = Field(
    description=(
        "From this time on all that match are here, or were in the pages before; looking further takes "
        "longer than a request may. Null unless it does."
    )
)


class AuditEventDocument(BaseModel):
    """One record; what does not apply is left out. `detail` depends on the event, see event-types."""

    id: str
    event: str
    occurred_at: str
    outcome: str
    severity: int
    client_id: str | None = None
    account_id: str | None = None
    session_id: str | None = None
    grant_id: str | None = None
    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    actor: str | None = None
    detail: dict[str, Any] | None = None


class AuditPage(BaseModel):
    """A page of records, newest first; older ones follow with `before=next_before`, unless it is null.

    `broken` are the ids of entries of this page that cannot be read: somebody has changed what is stored.
    """

    events: list[AuditEventDocument]
    broken: list[str]
    next_before: str | None
    looked_back_to: str | None = LOOKED_BACK_TO


class BarDocument(BaseModel):
    """One column: records from `start` on, until the next column's."""

    start: str
    success: int
    failure: int


class Histogram(BaseModel):
    """Counts in equal steps of the time range."""

    since: str
    until: str
    success: int
    failure: int
    bars: list[BarDocument]


class EventType(BaseModel):
    """One kind of event: when it is written and what it carries."""

    event: str
    outcome: str
    severity: int
    description: str
    fields: list[str]


class EventTypes(BaseModel):
    """Every kind of event."""

    event_types: list[EventType]


class PersonDocument(BaseModel):
    """One account of a person, for an officer: names only."""

    model_config = ConfigDict(extra="forbid")

    account_id: str
    person_id: str
    kind: str
    login_name: str
    name: str
    directory_id: str | None
    directory_name: str | None


class PeopleFound(BaseModel):
    """Accounts that match, and the other accounts of the same persons."""

    people: list[PersonDocument]


class NamedClient(BaseModel):
    """An application's id and name."""

    client_id: str
    client_name: str


class NamedClients(BaseModel):
    """Every registered application, by id."""

    clients: list[NamedClient]
