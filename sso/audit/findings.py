"""What several records together tell, where no single one is the answer. Records come oldest first."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sso.audit.questions import Rows
from sso.audit.record import AuditRecord, JsonValue

FAILED, SUCCEEDED = "auth.login.failure", "auth.login.success"
MIN_FAILURES = 3
"""So many failures in a row are an attack, or a bad morning: the officer decides."""


@dataclass(slots=True)
class _Run:
    first: datetime
    last: datetime
    failures: int = 0
    addresses: set[str] = field(default_factory=set)

    def add(self, record: AuditRecord) -> None:
        counted = record.detail.get("count")
        self.failures += counted if isinstance(counted, int) else 1
        self.last = record.occurred_at
        if record.origin.address is not None:
            self.addresses.add(record.origin.address)

    def row(self, success: AuditRecord | None) -> tuple[JsonValue, ...]:
        known = success is not None and success.origin.address in self.addresses
        return (
            self.first.isoformat(timespec="seconds"),
            self.last.isoformat(timespec="seconds"),
            self.failures,
            len(self.addresses),
            "-" if success is None else success.occurred_at.isoformat(timespec="seconds"),
            "-" if success is None else ("an address that had failed" if known else "another address"),
        )


def attacks(records: Iterable[AuditRecord]) -> Rows:
    """Return the runs of failed sign-ins of an account, and whether a success ended each."""
    rows: list[tuple[JsonValue, ...]] = []
    run: _Run | None = None
    for record in records:
        if record.event == FAILED:
            run = run or _Run(record.occurred_at, record.occurred_at)
            run.add(record)
        elif record.event == SUCCEEDED and run is not None:
            if run.failures >= MIN_FAILURES:
                rows.append(run.row(record))
            run = None
    if run is not None and run.failures >= MIN_FAILURES:
        rows.append(run.row(None))
    return Rows(("from", "until", "failures", "addresses", "then_success", "success_from"), tuple(rows))


@dataclass(slots=True)
class ClaimUse:
    """What an application asked for and got, by the names of claims."""

    asked: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)


def claim_use(records: Iterable[AuditRecord]) -> dict[str, ClaimUse]:
    """Return what each application asked for and got."""
    found: dict[str, ClaimUse] = {}
    for record in records:
        if record.client_id is None:
            continue
        use = found.setdefault(record.client_id, ClaimUse())
        use.asked |= _names(record.detail.get("claims_requested"))
        use.released |= _names(record.detail.get("claims_released"))
    return found


def claims_grown(before: dict[str, ClaimUse], now: dict[str, ClaimUse]) -> Rows:
    """Return the applications that ask for more than before, or for what they never get."""
    rows = []
    for client_id, use in sorted(now.items()):
        new = use.asked - before[client_id].asked if client_id in before else set()
        unused = use.asked - use.released
        if new or unused:
            first = client_id not in before
            rows.append((client_id, "yes" if first else "no", sorted(new), sorted(unused)))
    columns = ("client_id", "first_seen", "asked_anew", "asked_and_never_got")
    return Rows(columns, tuple((c, f, list(n), list(u)) for c, f, n, u in rows))


def reach(records: Iterable[AuditRecord]) -> Rows:
    """Return what a person used, by application: how often, when first and last, and which claims left."""
    uses: dict[str, tuple[datetime, datetime, int, set[str]]] = {}
    for record in records:
        if record.client_id is None:
            continue
        first, _, times, claims = uses.get(
            record.client_id, (record.occurred_at, record.occurred_at, 0, set())
        )
        more = _names(record.detail.get("claims_released"))
        uses[record.client_id] = (first, record.occurred_at, times + 1, claims | more)
    rows = tuple(
        (
            client_id,
            times,
            first.isoformat(timespec="seconds"),
            last.isoformat(timespec="seconds"),
            sorted(claims),
        )
        for client_id, (first, last, times, claims) in sorted(uses.items())
    )
    return Rows(("client_id", "records", "first", "last", "claims_released"), rows)


def _names(value: JsonValue) -> set[str]:
    return {str(name) for name in value} if isinstance(value, list | tuple) else set()
