"""Records of the audit log as lines of a table, for people at a terminal."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click

from sso.audit.found import BrokenEntry, Found
from sso.audit.record import AuditRecord, moment_of_id
from sso.cli.arguments import visible
from sso.cli.context import print_table

_HEADINGS = ("time (UTC)", "event", "outcome", "client", "account", "address", "detail")
_DETAIL_CHARACTERS = 60
_MAX_NAMED = 20
_ADVICE = "`sso audit verify` says what is wrong"


def print_records(found: Iterable[Found]) -> None:
    """Print records as a table; of entries that are broken, that they are."""
    print_table(_HEADINGS, (found_line(each) for each in found))


def print_broken(ids: Sequence[str]) -> None:
    """Say on standard error which entries are left out because they are broken, if any are."""
    if ids:
        shown = ", ".join(visible(each) for each in ids[:_MAX_NAMED])
        more = f" and {len(ids) - _MAX_NAMED} more" if len(ids) > _MAX_NAMED else ""
        click.echo(f"sso: broken, and left out: {shown}{more}; {_ADVICE}", err=True)


def found_line(found: Found) -> list[str]:
    """Return the cells of a record, or of an entry that is broken."""
    if isinstance(found, BrokenEntry):
        return [_time_of(found.id), "BROKEN", "-", "-", "-", "-", f"entry {visible(found.id)}: {_ADVICE}"]
    return _record_line(found)


def _time_of(entry_id: str) -> str:
    """When an entry was made, as far as its id tells."""
    try:
        return _second(moment_of_id(entry_id))
    except (ValueError, OverflowError):
        return "-"


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _record_line(record: AuditRecord) -> list[str]:
    detail = "; ".join(
        f"{name}={value}" for name, value in record.detail.items() if isinstance(value, str | int)
    )
    if record.origin.actor is not None:
        detail = f"by {record.origin.actor}; {detail}"
    if len(detail) > _DETAIL_CHARACTERS:
        detail = detail[: _DETAIL_CHARACTERS - 1] + "…"
    cells = (record.client_id, record.account_id, record.origin.address)
    return [
        _second(record.occurred_at),
        record.event,
        record.outcome.value,
        *(visible(cell or "-") for cell in cells),
        visible(detail),
    ]
