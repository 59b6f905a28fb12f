"""Questions to the audit log: always bounded in time, answered newest first in pages by key."""

from dataclasses import dataclass
from datetime import datetime

from sso.audit.place import parts_of
from sso.audit.record import Outcome

MAX_PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which records are wanted: every given facet must match.

    `since` is inclusive and `until` exclusive. `events` are codes; one ending in `.` or `.*` means
    the family. `address` is an exact address or a CIDR network. `before` is the id of the last record of
    the previous page (records with a smaller id follow).
    """

    since: datetime
    until: datetime
    events: tuple[str, ...] = ()
    outcome: Outcome | None = None
    client_id: str | None = None
    account_id: str | None = None
    session_id: str | None = None
    grant_id: str | None = None
    request_id: str | None = None
    address: str | None = None
    before: str | None = None
    limit: int = 100

    def __post_init__(self) -> None:
        """Refuse a question without an end.

        Raises:
            ValueError: the range is empty, the page is larger than MAX_PAGE_SIZE, or the network too wide.
        """
        if self.since >= self.until:
            message = "the time range is empty: since must be before until"
            raise ValueError(message)
        if not 1 <= self.limit <= MAX_PAGE_SIZE:
            message = f"limit must be between 1 and {MAX_PAGE_SIZE}"
            raise ValueError(message)
        if self.address is not None:
            parts_of(self.address)


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a histogram: records that began in `start` to `start` + width."""

    start: datetime
    success: int
    failure: int
