"""`sso audit sinks`: which systems outside of the house receive the log, and how far each of them is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from sso.audit.record import JsonValue
from sso.cli.context import hub_of, json_option, print_rows
from sso.hub import Hub
from sso.storage.audit_sinks import SinkState, entries_from

_COLUMNS = ("name", "kind", "next", "behind", "delivered_at", "trouble")
_GONE = "not configured"


@dataclass(frozen=True, slots=True)
class Standing:
    """A sink, and how far it is: `state` is absent before a worker has begun it, `behind` then too."""

    name: str
    kind: str
    state: SinkState | None
    behind: int | None


def standings(hub: Hub) -> Sequence[Standing]:
    """Return every sink that is configured, and those that were once.

    Raises:
        StorageUnavailable: the database does not answer.
    """
    with hub.database.read() as stores:
        heads = stores.audit_tree.heads()
        states = {state.name: state for state in stores.audit_sinks.all()}
    kinds = {sink.name: sink.kind for sink in hub.configuration.audit_sinks}
    found = []
    for name in (*kinds, *sorted(states.keys() - kinds)):
        state = states.get(name)
        behind = None if state is None else entries_from(state.place, heads)
        found.append(Standing(name, kinds.get(name, _GONE), state, behind))
    return found


@click.command()
@json_option
@click.pass_context
def sinks(context: click.Context, as_json: bool) -> None:
    """Print which systems receive the log, where each goes on, how many entries behind, and what is wrong."""
    with hub_of(context) as hub:
        found = standings(hub)
    print_rows([_row(each) for each in found], as_json=as_json, columns=_COLUMNS)
    if not found and not as_json:
        click.echo("Nobody receives the log: add [[audit.sink]] to the configuration.")


def _row(one: Standing) -> dict[str, JsonValue]:
    state = one.state
    if state is None:
        return {**dict.fromkeys(_COLUMNS), "name": one.name, "kind": one.kind}
    trouble = f"{state.reason} (since {_time(state.failing_since)})" if state.failing_since else None
    return {
        "name": one.name,
        "kind": one.kind,
        "next": f"{state.place.index} of epoch {state.place.epoch}",
        "behind": one.behind,
        "delivered_at": None if state.delivered_at is None else _time(state.delivered_at),
        "trouble": trouble,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
