"""Questions to the audit log: always bounded in time, answered newest first in pages by key."""

import dataclasses
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from sso.audit.place import parts_of
from sso.audit.record import JsonValue, Outcome, Severity, first_id_of

MAX_PAGE_SIZE = 1000
MAX_INVOLVED = 50
MIN_TEXT_LENGTH = 3
MAX_TEXT_LENGTH = 200


class AuditQueryInvalid(ValueError):
    """A question that is not asked of the log; `facet` is what is wrong with it, the text says how."""

    def __init__(self, facet: str, sentence: str) -> None:
        super().__init__(sentence)
        self.facet = facet


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which records are wanted: every given facet must match.

    `since` is inclusive and `until` exclusive. `events` are codes; one ending in `.` or `.*` means
    the family. `address` is an exact address or a CIDR network. `before` is the id of the last record of
    the previous page (records with a smaller id follow).

    `involving` are ids of accounts or people of which one must be in the record: as whom it tells of, who
    acted, or whom a question was about; or names of actors that are no accounts (`command:root`).
    `severity` is the least one. `status_code` is the reason in a word, wherever an event carries it: its
    `status_code`, `error` or `cause`. `claim` is the name of one that was asked for, released or changed.
    `transaction` is the id of a record (the `txn` of an ID token) and means all that was recorded in the same
    request. `text` stands, as it is written, in a part of the record that tells of nobody.
    """

    since: datetime
    until: datetime
    events: tuple[str, ...] = ()
    outcome: Outcome | None = None
    severity: Severity | None = None
    status_code: str | None = None
    client_id: str | None = None
    directory_id: str | None = None
    account_id: str | None = None
    involving: tuple[str, ...] = ()
    session_id: str | None = None
    grant_id: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    transaction: str | None = None
    address: str | None = None
    acr: str | None = None
    claim: str | None = None
    text: str | None = None
    before: str | None = None
    limit: int = 100

    def __post_init__(self) -> None:
        """Refuse a question without an end.

        Raises:
            AuditQueryInvalid: the range is empty, the page is larger than MAX_PAGE_SIZE, the network too
                wide, or the text shorter than MIN_TEXT_LENGTH or longer than MAX_TEXT_LENGTH.
        """
        if self.since >= self.until:
            raise AuditQueryInvalid("since", "the time range is empty: since must be before until")
        if not 1 <= self.limit <= MAX_PAGE_SIZE:
            raise AuditQueryInvalid("limit", f"limit must be between 1 and {MAX_PAGE_SIZE}")
        if len(self.involving) > MAX_INVOLVED:
            raise AuditQueryInvalid("involving", f"at most {MAX_INVOLVED} ids of a person")
        if self.text is not None and not MIN_TEXT_LENGTH <= len(self.text) <= MAX_TEXT_LENGTH:
            length = f"{MIN_TEXT_LENGTH} to {MAX_TEXT_LENGTH} characters"
            raise AuditQueryInvalid("text", f"a text to look for has {length}")
        if self.address is not None:
            try:
                parts_of(self.address)
            except ValueError as error:
                raise AuditQueryInvalid("address", str(error)) from error

    def asked(self) -> dict[str, JsonValue]:
        """Return the facets that were given, as the log records a question; the size of a page is none.

        Of a person whom records are to involve the first id stands for all, as `account_id`: only that is
        sealed under the person's own key, and goes with it.
        """
        asked: dict[str, JsonValue] = {}
        for name in _FACETS:
            value = getattr(self, name)
            if isinstance(value, datetime):
                asked[name] = value.isoformat()
            elif value not in (None, ()):
                asked[name] = list(value) if isinstance(value, tuple) else value
        if self.involving:
            asked |= {"account_id": self.account_id or self.involving[0], "involving": True}
        return asked


class _Found(Protocol):
    """What a question finds, whole or in part, with the id that pages follow by."""

    @property
    def id(self) -> str: ...


_AnyFound = TypeVar("_AnyFound", bound=_Found)
_Page = TypeVar("_Page", bound=Sequence[_Found])


def pages(query: AuditQuery, page_of: Callable[[AuditQuery], _Page]) -> Iterator[_Page]:
    """Yield all that a question finds, newest first, in pages of its limit."""
    while True:
        page = page_of(query)
        yield page
        if len(page) < query.limit:
            return
        query = replace(query, before=page[-1].id)


@dataclass(frozen=True, slots=True)
class Looked(Generic[_AnyFound]):
    """A page of what a question finds, newest first, as far as the log was looked through in a given time.

    `back_to` is the millisecond from which on all of it is here; older records may match, too. None: the page
    is full, or the whole time range was looked through.
    """

    found: Sequence[_AnyFound]
    back_to: datetime | None

    @property
    def before(self) -> str | None:
        """`AuditQuery.before` of the next page, where this one was not looked for to the end."""
        return None if self.back_to is None else first_id_of(self.back_to)


def newest(found: Sequence[Sequence[_AnyFound]], limit: int) -> Sequence[_AnyFound]:
    """Return one page of several, each newest first."""
    return list(heapq.merge(*found, key=lambda each: each.id, reverse=True))[:limit]


_FACETS = tuple(field.name for field in dataclasses.fields(AuditQuery) if field.name != "limit")


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a histogram: records that began in `start` to `start` + width."""

    start: datetime
    success: int
    failure: int
