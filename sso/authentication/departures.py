"""Clerks who left: noticed, without access, forgotten; or given back by an officer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sso.audit.event.synchronisation import (
    AccountPurged,
    DirectoryPersonLeft,
    DirectorySyncApproved,
    DirectorySyncUndone,
)
from sso.authentication.leaver import Leave, end_access
from sso.authentication.security_events import tell
from sso.authentication.synchronisation import (
    SOURCE,
    SyncStores,
    Work,
    accounts_among,
    give_back,
    greet,
    rules_of,
    well,
)
from sso.directory.person import Account, Departure
from sso.directory.settings import DirectorySettings
from sso.directory.sync.presence import Presence
from sso.directory.sync.run import Counts
from sso.directory.sync.stages import Registered, Standing
from sso.oidc.security_event import EventType


@dataclass(frozen=True, slots=True)
class Officer:
    """Who decides, and through which door the decision came."""

    name: str
    source: str


def leave(persons: Sequence[tuple[Registered, Standing]], work: Work) -> int:
    """Note that people left, and how; their access ends when its time has come. Return how many left anew.

    Whoever was switched off by the department before, and is absent now, left already.
    """
    directory, stores = work.directory, work.stores
    accounts = accounts_among([person.immutable_id for person, _ in persons], directory, stores, work.now)
    anew = 0
    for person, standing in persons:
        if person.left_at is not None:
            stores.register.put(directory.id, replace(person, standing=standing))
            continue
        anew += 1
        left = replace(person, standing=standing, left_at=work.now, left_in=work.run.number)
        stores.register.put(directory.id, left)
        account = accounts.get(person.immutable_id)
        if account is not None:
            event = DirectoryPersonLeft(
                account_id=account.id,
                directory_id=directory.id,
                standing=standing.value,
                run=work.run.number,
            )
            stores.audit.append(event, work.now)
    return anew


def propose(persons: Iterable[Registered], work: Work) -> None:
    """Note who would have left if the run had not stopped; the first run that says so counts."""
    for person in persons:
        if person.proposed_in is None:
            work.stores.register.put(work.directory.id, replace(person, proposed_in=work.run.number))


def end_due_access(work: Work, seen: Presence) -> Counts:
    """Take the accounts away whose quarantine is over, 500 at most; return how many people that were.

    Who is still registered as absent and is among the numbers `seen` is back, though that could not be
    written yet: nothing of theirs ends. Of an account that an officer disabled nothing changes, and it will
    not be given back. Whom the directory has let in since they were missed, or has said to be well when it
    was asked, is back.
    """
    directory, stores, now = work.directory, work.stores, work.now
    quarantine = timedelta(seconds=rules_of(directory).quarantine_seconds)
    due = stores.register.with_access(directory.id, now, now - quarantine)
    persons = [each for each in due if each.standing is not Standing.ABSENT or each.number not in seen]
    accounts = accounts_among([person.immutable_id for person in persons], directory, stores, now)
    returned = 0
    for person in persons:
        account = accounts.get(person.immutable_id)
        if account is not None and _seen_since(person, account):
            greet(person, account, work)
            stores.register.put(directory.id, well(person))
            returned += 1
            continue
        if account is not None:
            gone = person.standing is Standing.ABSENT
            departure = Departure.GONE if gone else Departure.DISABLED
            end_access(account, Leave(departure=departure, source=SOURCE), stores, now)
        stores.register.put(directory.id, replace(person, access_ended_at=now))
    return Counts(access_ended=len(persons) - returned, returned=returned)


def _seen_since(person: Registered, account: Account) -> bool:
    """Whether the directory has said of somebody absent, after they were missed, that they are well."""
    if person.standing is not Standing.ABSENT or person.left_at is None or account.disabled_at is not None:
        return False
    return account.state_checked_at is not None and account.state_checked_at > person.left_at


def purge_due(directory: DirectorySettings, stores: SyncStores, now: datetime) -> int:
    """Remove the accounts of people who have been away for long; return how many, 500 at most.

    A digest of the id stays, so that an older copy of the directory gives nobody their access back.
    """
    retention = timedelta(days=rules_of(directory).retention_days)
    persons = stores.register.long_absent(directory.id, now - retention)
    accounts = accounts_among([person.immutable_id for person in persons], directory, stores, now)
    for person in persons:
        account = accounts.get(person.immutable_id)
        if account is not None:
            event = AccountPurged(
                account_id=account.id, person_id=account.person_id, directory_id=directory.id, source=SOURCE
            )
            stores.audit.append(event, now)
            if account.disabled_for is not Departure.PURGED:  # of those the applications were told then
                tell(account.id, EventType.ACCOUNT_PURGED, stores, now)
            stores.staff.remove(account)
        stores.register.purge(directory.id, person, now)
    return len(persons)


def approve(directory_id: str, number: int, officer: Officer, stores: SyncStores, now: datetime) -> bool:
    """Let the people leave for whom a run stopped; false if it did not stop or was approved already."""
    if not stores.sync_runs.approve(directory_id, number, officer.name, now):
        return False
    event = DirectorySyncApproved(directory_id=directory_id, run=number, source=officer.source)
    stores.audit.append(event, now)
    return True


def undo(directory: DirectorySettings, number: int, source: str, stores: SyncStores, now: datetime) -> int:
    """Give the people back their access who left by a run; return how many. The purged stay purged.

    Whom the next complete reading does not show leaves again: the guard counts them anew.
    """
    undone = 0
    while persons := stores.register.left_in(directory.id, number):
        accounts = accounts_among([person.immutable_id for person in persons], directory, stores, now)
        for person in persons:
            account = accounts.get(person.immutable_id)
            if account is not None:
                give_back(account, source, stores, now)
            stores.register.put(directory.id, well(person))
        undone += len(persons)
    event = DirectorySyncUndone(directory_id=directory.id, run=number, people=undone, source=source)
    stores.audit.append(event, now)
    return undone
