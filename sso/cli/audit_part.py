"""The options of `sso audit verify` that name a part of the log, and the part that they mean."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from sso.cli.arguments import EVENT_ID, MOMENT
from sso.cli.audit_question import CLOCK_TOLERANCE
from sso.cli.context import fail
from sso.hub import Hub
from sso.storage.audit_part import LogPart, NoSuchPart, part_of_event, part_of_places, part_of_time

_Command = Callable[..., Any]
_INDEX = click.IntRange(min=0)
_OPTIONS: tuple[Callable[[_Command], _Command], ...] = (
    click.option("--event", "event_id", type=EVENT_ID, help="One entry by its id."),
    click.option("--since", type=MOMENT, help="What was logged since a time, or 24h, 7d ago."),
    click.option("--until", type=MOMENT, help="With --since; now unless given."),
    click.option("--from", "first", type=_INDEX, help="Entries from this index on; the log's first is 0."),
    click.option("--to", "last", type=_INDEX, help="With --from: up to this index, included."),
    click.option("--epoch", type=click.IntRange(min=1), help="With --from: of this tree, not the newest."),
)


def part_options(command: _Command) -> _Command:
    """Give a command the options that name a part of the log."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def part_of(hub: Hub, options: Mapping[str, Any]) -> LogPart | None:
    """Return the part that the options name, None where they name none.

    Ends the command where the log has no such part.
    """
    event_id, since, first = options["event_id"], options["since"], options["first"]
    if sum(each is not None for each in (event_id, since, first)) > 1:
        message = "give one of --event, --since and --from"
        raise click.UsageError(message)
    _require(options, ("until",), since, "--since")
    _require(options, ("last", "epoch"), first, "--from")
    try:
        if event_id is not None:
            return part_of_event(hub.database, event_id)
        if first is not None:
            return part_of_places(hub.database, first, options["last"], options["epoch"])
    except NoSuchPart as error:
        fail(str(error))
    if since is None:
        return None
    until = options["until"] or datetime.now(UTC) + CLOCK_TOLERANCE
    if since >= until:
        message = "--since must be before --until"
        raise click.UsageError(message)
    return part_of_time(hub.database, since, until)


def _require(options: Mapping[str, Any], names: tuple[str, ...], given: object, needed: str) -> None:
    for name in names:
        if options[name] is not None and given is None:
            message = f"--{'to' if name == 'last' else name} goes with {needed}"
            raise click.UsageError(message)
