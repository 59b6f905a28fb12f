"""`sso audit shred` and `sso audit hold`: destroy for good what the log tells of a person, or forbid it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import click

from sso.audit.event import HoldLifted, HoldSet, ShreddingOrdered, ShreddingRefused, SubjectShredded
from sso.audit.found import readable
from sso.audit.query import AuditQuery
from sso.cli.accounts import ids_of_person
from sso.cli.arguments import CLEAN_TEXT
from sso.cli.context import fail, hub_of, json_option, print_rows
from sso.cli.operator import operator_origin
from sso.hub import Hub
from sso.storage.audit_data_key import LivingKey
from sso.storage.audit_holds import EVERYTHING
from sso.storage.audit_key_cache import MAX_KEY_AGE_SECONDS
from sso.storage.stores import SqlStores

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

person_option = click.option(
    "--person",
    required=True,
    type=CLEAN_TEXT,
    help="Sign-in name, name@realm of a clerk, account or person id.",
)
basis_option = click.option("--basis", required=True, type=CLEAN_TEXT, help="The law or order that says so.")
reason_option = click.option(
    "--reason", required=True, type=CLEAN_TEXT, help="Why, for the record; name nobody here: it stays."
)


@dataclass(frozen=True, slots=True)
class _Order:
    """Whose part of the log is to go, and why."""

    ids: tuple[str, ...]
    basis: str
    reason: str

    @property
    def digest(self) -> str:
        return _digest(self.ids[0])


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Keys that may go now, and those that may not yet, with the day from which they may."""

    due: Sequence[LivingKey]
    kept: Sequence[tuple[LivingKey, datetime]]


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why nothing may go: the cause for the record, the words for the command's user."""

    cause: str
    words: str


@click.command()
@person_option
@basis_option
@reason_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def shred(context: click.Context, person: str, basis: str, reason: str, yes: bool) -> None:
    """Destroy the keys to what the log tells of a person: entries stay, and nobody can read whose they are.

    A year of theirs goes when its last entry is older than audit.minimum_retention_days; what is younger
    stays, and so does all of it while a hold is set. It cannot be undone, not by a backup of the log either.
    """
    with hub_of(context) as hub:
        order = _Order(_ids(hub, person), basis, reason)
        sorted_keys = _permitted(hub, order)
        if not yes:
            click.confirm(f"{len(sorted_keys.due)} keys will be destroyed for good. Go on?", abort=True)
        sorted_keys = _permitted(hub, order, ordered=sorted_keys)  # much may have happened meanwhile
        destroyed = _destroy(hub, order, sorted_keys)
    click.echo(f"{destroyed} keys destroyed; no process has them in {MAX_KEY_AGE_SECONDS:.0f} s")
    for key, day in sorted_keys.kept:
        click.echo(f"kept: {key.period}, until {day:%Y-%m-%d}")


def _ids(hub: Hub, name: str) -> tuple[str, ...]:
    with hub.database.read() as stores:
        return ids_of_person(stores.people, name, hub.directories)


def _permitted(hub: Hub, order: _Order, ordered: _Sorted | None = None) -> _Sorted:
    """What may go now; a refusal is on record and ends the command, and so is an order on record."""
    now = datetime.now(UTC)
    with hub.database.begin(operator_origin()) as stores:
        stores.audit_holds.lock()
        found = _sort(hub, stores, order.ids, now)
        refusal = _refusal(stores, order, found, now)
        if refusal is not None:
            _refuse(stores, order, refusal, now)
        elif ordered is not None:
            found = _only(found, ordered)
            event = ShreddingOrdered(
                subject_sha256=order.digest, keys=len(found.due), basis=order.basis, reason=order.reason
            )
            stores.audit.append(event, now)
    return found if refusal is None else fail(refusal.words)


def _only(found: _Sorted, ordered: _Sorted) -> _Sorted:
    """Of what may go, what the operator was told of."""
    ids = {key.id for key in ordered.due}
    return replace(found, due=[key for key in found.due if key.id in ids])


def _refusal(stores: SqlStores, order: _Order, found: _Sorted, now: datetime) -> _Refusal | None:
    holds = sorted(hold.id for hold in stores.audit_holds.on(order.ids))
    if holds:
        return _Refusal("hold", f"a hold keeps it: {', '.join(holds)} (sso audit hold list)")
    if not found.due and found.kept and not _is_unfinished(stores, order, now):
        first = min(day for _, day in found.kept)
        return _Refusal("retention", f"nothing may go yet: the first of it on {first:%Y-%m-%d}")
    return None


def _is_unfinished(stores: SqlStores, order: _Order, now: datetime) -> bool:
    """Whether an earlier order has no end on record: its keys may be gone, and what goes with them not."""
    codes = (ShreddingOrdered.code, SubjectShredded.code)
    asked = AuditQuery(since=_EPOCH, until=now + timedelta(days=1), events=codes, text=order.digest, limit=1)
    return any(said.event == ShreddingOrdered.code for said in readable(stores.audit_search.search(asked)))


def _sort(hub: Hub, stores: SqlStores, ids: Sequence[str], now: datetime) -> _Sorted:
    minimum = timedelta(days=hub.configuration.settings.audit.minimum_retention_days)
    due: list[LivingKey] = []
    kept: list[tuple[LivingKey, datetime]] = []
    for key in (key for each in ids for key in hub.database.audit_keys.living(each)):
        last = stores.audit_search.last_with(key.ref)
        if last is None or last + minimum <= now:
            due.append(key)
        else:
            kept.append((key, last + minimum))
    return _Sorted(due, kept)


def _refuse(stores: SqlStores, order: _Order, refusal: _Refusal, now: datetime) -> None:
    event = ShreddingRefused(
        subject_sha256=order.digest, cause=refusal.cause, basis=order.basis, reason=order.reason
    )
    stores.audit.append(event, now)


def _destroy(hub: Hub, order: _Order, found: _Sorted) -> int:
    """The order is on record before the first key goes, and the end after the last: a crash shows."""
    keys, now, destroyed = hub.database.audit_keys, datetime.now(UTC), 0
    with hub.database.begin(operator_origin()) as stores:
        stores.audit_holds.lock()  # nobody sets a hold between this look and the destruction
        refusal = _refusal(stores, order, found, now)
        if refusal is None:
            destroyed = keys.destroy([key.id for key in found.due])
            stores.finding_retention.forget(order.ids, {key.period for key, _ in found.kept})
            stores.detection.forget(hub.configuration.rules.located())  # they remember where people were
        else:
            _refuse(stores, order, refusal, now)
    if refusal is not None:
        fail(refusal.words)
    keys.rewrite(now)
    done = SubjectShredded(subject_sha256=order.digest, keys=destroyed, keys_kept=len(found.kept))
    with hub.database.begin(operator_origin()) as stores:
        stores.audit.append(done, datetime.now(UTC))
    return destroyed


@click.group()
def hold() -> None:
    """Holds: what the log must keep, whatever its retention says, until they are lifted."""


@hold.command("set")
@click.option("--person", type=CLEAN_TEXT, help="A person's part of the log; the whole log unless given.")
@basis_option
@reason_option
@click.pass_context
def set_command(context: click.Context, person: str | None, basis: str, reason: str) -> None:
    """Set a hold; prints its id."""
    now = datetime.now(UTC)
    with hub_of(context) as hub:
        ids = EVERYTHING if person is None else _ids(hub, person)
        with hub.database.begin(operator_origin()) as stores:
            made = stores.audit_holds.set(ids, now)
            event = HoldSet(hold_id=made.id, subject_sha256=_of(ids), basis=basis, reason=reason)
            stores.audit.append(event, now)
    click.echo(made.id)


@hold.command()
@click.argument("hold_id", type=CLEAN_TEXT)
@reason_option
@click.pass_context
def lift(context: click.Context, hold_id: str, reason: str) -> None:
    """Lift a hold."""
    now = datetime.now(UTC)
    with hub_of(context) as hub, hub.database.begin(operator_origin()) as stores:
        ids = stores.audit_holds.lift(hold_id, now)
        if ids is None:
            fail(f"no hold {hold_id}")
        stores.audit.append(HoldLifted(hold_id=hold_id, subject_sha256=_of(ids), reason=reason), now)


@hold.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the holds that are set."""
    with hub_of(context) as hub, hub.database.read() as stores:
        rows = [
            {"id": each.id, "of": _named(each.subject_ids), "since": each.set_at.isoformat()}
            for each in stores.audit_holds.active()
        ]
    print_rows(rows, as_json=as_json, columns=("id", "of", "since"))


def _named(ids: tuple[str, ...]) -> str:
    return "the whole log" if ids == EVERYTHING else ids[0]


def _of(ids: tuple[str, ...]) -> str | None:
    return None if ids == EVERYTHING else _digest(ids[0])


def _digest(subject_id: str) -> str:
    return hashlib.sha256(subject_id.encode()).hexdigest()
