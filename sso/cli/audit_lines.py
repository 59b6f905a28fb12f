"""Records of the audit log as lines of a table, for people at a terminal."""

from collections.abc import Iterable
from datetime import UTC

from sso.audit.record import AuditRecord
from sso.cli.arguments import visible
from sso.cli.context import print_table

_HEADINGS = ("time (UTC)", "event", "outcome", "client", "account", "address", "detail")
_DETAIL_CHARACTERS = 60


def print_records(records: Iterable[AuditRecord]) -> None:
    """Print records as a table."""
    print_table(_HEADINGS, (record_line(record) for record in records))


def record_line(record: AuditRecord) -> list[str]:
    """Return the cells of a record."""
    detail = "; ".join(
        f"{name}={value}" for name, value in record.detail.items() if isinstance(value, str | int)
    )
    if record.origin.actor is not None:
        detail = f"by {record.origin.actor}; {detail}"
    if len(detail) > _DETAIL_CHARACTERS:
        detail = detail[: _DETAIL_CHARACTERS - 1] + "…"
    cells = (record.client_id, record.account_id, record.origin.address)
    return [
        record.occurred_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        record.event,
        record.outcome.value,
        *(visible(cell or "-") for cell in cells),
        visible(detail),
    ]
