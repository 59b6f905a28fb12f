"""`sso directory conflicts|resolve`: one name or one id that is two entries', until an officer decides."""

from collections.abc import Mapping
from datetime import UTC, datetime

import click

from sso.audit.record import JsonValue
from sso.authentication import conflicts as queue
from sso.authentication.conflicts import NotResolvable
from sso.authentication.linking import Decision
from sso.cli.arguments import CLEAN_TEXT, visible
from sso.cli.context import configuration_of, fail, hub_of, json_option, print_json
from sso.cli.named_directory import known_department
from sso.cli.operator import SOURCE, operator_origin
from sso.directory.conflict import Conflict, ConflictKind, Resolution, Side
from sso.storage.stores import SqlStores

_WORDS: Mapping[ConflictKind, str] = {
    ConflictKind.NAME_REUSED: "two accounts in use bear one name",
    ConflictKind.NAME_AMBIGUOUS: "a search for one name finds two entries",
    ConflictKind.ID_SHARED: "two entries show one immutable id",
}


@click.command()
@click.argument("directory_id", metavar="ID", type=CLEAN_TEXT)
@click.option("--all", "resolved", is_flag=True, help="Those that are settled too.")
@json_option
@click.pass_context
def conflicts(context: click.Context, directory_id: str, resolved: bool, as_json: bool) -> None:
    """Show what a directory says twice, each with both its sides and how it may be resolved."""
    settings = known_department(configuration_of(context), directory_id)
    with hub_of(context) as hub, hub.database.read() as stores:
        found = (
            stores.conflicts.of_directory(settings.id, resolved=True)
            if resolved
            else queue.unsettled(settings.id, stores)
        )
        rows = [_row(each, stores) for each in found]
    for row in rows:
        if as_json:
            print_json(row)
        else:
            _print(row)
    if not rows and not as_json:
        click.echo("no conflicts")


@click.command()
@click.argument("conflict_id", type=CLEAN_TEXT)
@click.argument("resolution", type=click.Choice([each.value for each in Resolution]))
@click.option("--reason", required=True, type=CLEAN_TEXT, help="Why, for the audit log.")
@click.pass_context
def resolve(context: click.Context, conflict_id: str, resolution: str, reason: str) -> None:
    """Decide a conflict.

    different: two humans, and the one of the earlier account has left; every access of it ends. same: one
    human whose entry was made anew; the earlier account goes on with it, and the one made meanwhile ends.
    mended: the directory was put right.
    """
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        conflict = stores.conflicts.get(conflict_id)
        if conflict is None:
            fail(f"no conflict has the id {conflict_id}")
        try:
            decision = Decision(SOURCE, reason)
            queue.resolve(conflict, Resolution(resolution), decision, stores, datetime.now(UTC))
        except NotResolvable as refusal:
            fail(refusal.sentence)
    click.echo(f"resolved: {resolution}")


def _row(conflict: Conflict, stores: SqlStores) -> dict[str, JsonValue]:
    return {
        "conflict_id": conflict.id,
        "kind": conflict.kind.value,
        "found_at": conflict.found_at.isoformat(),
        "seen_at": conflict.seen_at.isoformat(),
        "resolutions": [each.value for each in conflict.resolutions],
        "resolution": None if conflict.resolution is None else conflict.resolution.value,
        "reason": conflict.reason or None,
        "sides": [_side(side, stores) for side in conflict.sides],
    }


def _side(side: Side, stores: SqlStores) -> dict[str, JsonValue]:
    account = stores.people.account(side.account_id) if side.account_id is not None else None
    return {
        "account_id": side.account_id,
        "name": account.text_claim("name") if account is not None else None,
        "login_name": side.login_name,
        "immutable_id": side.immutable_id,
        "dn": side.dn or None,
    }


def _print(row: Mapping[str, JsonValue]) -> None:
    state = row["resolution"] or f"open; resolve as {' or '.join(map(str, _list(row['resolutions'])))}"
    click.echo(f"{row['conflict_id']}  {_WORDS[ConflictKind(str(row['kind']))]} ({state})")
    for side in _list(row["sides"]):
        if isinstance(side, Mapping):
            told = [f"{name} {value}" for name, value in side.items() if value]
            click.echo(f"    {visible(', '.join(told))}")


def _list(value: JsonValue) -> list[JsonValue]:
    return list(value) if isinstance(value, list) else []
