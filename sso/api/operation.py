"""One operation of the API: how it is called, what it needs, what it answers. The OpenAPI document and the
routes are made from the same values, so neither can lack what the other has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from sso.api.officer import Need, Officer
from sso.audit.record import AuditEvent, Origin
from sso.hub import Hub

Asked = TypeVar("Asked", bound=BaseModel)


class Nothing(BaseModel):
    """No parameters at all."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers: a JSON document, or None for an empty 204."""

    document: Mapping[str, Any] | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Asked]):
    """One call: who asks for what. `origin` names the officer as the actor of whatever is recorded."""

    hub: Hub
    officer: Officer
    origin: Origin
    now: datetime
    path: Mapping[str, str]
    asked: Asked
    if_match: str | None

    def record(self, *events: AuditEvent) -> None:
        """Record a look, all of it or nothing, durably before its answer leaves."""
        with self.hub.database.begin(self.origin) as stores:
            for event in events:
                stores.audit.append(event, self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[Asked]):
    """`asked` is read from the query, or from a JSON body by POST and PATCH."""

    name: str
    method: str
    path: str
    summary: str
    need: Need | None
    asked: type[Asked]
    answer: type[BaseModel] | None
    run: Callable[[Call[Asked]], Answer]
    status: int = 200
    conditional: bool = False

    @property
    def changes(self) -> bool:
        """Whether something is different afterwards: such a call may need a recent sign-in (RFC 9470)."""
        return self.method != "GET"

    @property
    def in_body(self) -> bool:
        """Whether what is asked comes as JSON."""
        return self.method in {"POST", "PATCH"}
