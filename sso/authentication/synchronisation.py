"""What a reading of a directory does to accounts; every function works inside the caller's transaction.

Only accounts of that directory are touched, found by (directory id, immutable id) and by nothing else.
Somebody whose account an officer has disabled stays disabled: what the synchronisation took away, it alone
gives back, and nothing more. Groups that were not read stay as they were known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from sso.audit.event import AccountCreated, AccountUpdated
from sso.audit.event.synchronisation import DirectoryPersonReturned
from sso.authentication.leaver import restore_access
from sso.authentication.stores import Stores
from sso.directory.mapping import FROM_GROUPS
from sso.directory.person import Account, AccountKind, ClaimValue, Departure, Person
from sso.directory.settings import DirectorySettings
from sso.directory.sync.plan import Plan
from sso.directory.sync.row import Row
from sso.directory.sync.run import Counts, Run
from sso.directory.sync.stages import Registered, Standing
from sso.directory.sync.stores import Register, Staff, SyncRuns
from sso.directory.sync_rules import SyncRules
from sso.oidc.digest import new_id
from sso.oidc.stores import AuditLog

SOURCE = "directory"
_ENDS_WITH_THE_ENTRY = frozenset({Departure.GONE, Departure.MOVED, Departure.DISABLED, Departure.EXPIRED})
"""What is over when the entry is back and switched on; a lock after wrong passwords may still be there."""


class KeyedLog(AuditLog, Protocol):
    """The log, told beforehand of many accounts."""

    def prepare(self, account_ids: Iterable[str], now: datetime) -> None:
        """Make the keys for events of many accounts that are just being made."""
        ...

    def recall(self, account_ids: Iterable[str], now: datetime) -> None:
        """Read the keys for events of many accounts at once."""
        ...


class SyncStores(Stores, Protocol):
    """Everything that a synchronisation remembers."""

    @property
    def audit(self) -> KeyedLog: ...  # noqa: D102 - the noun says it
    @property
    def staff(self) -> Staff: ...  # noqa: D102
    @property
    def register(self) -> Register: ...  # noqa: D102
    @property
    def sync_runs(self) -> SyncRuns: ...  # noqa: D102


def rules_of(directory: DirectorySettings) -> SyncRules:
    """The rules of a directory, the usual ones where it has none of its own."""
    return directory.sync or SyncRules()


def unregistered(directory: DirectorySettings, stores: SyncStores, limit: int) -> Sequence[Registered]:
    """The people of accounts that sign-ins have made, as they would be registered."""
    first = stores.register.next_number(directory.id)
    ids = stores.register.unregistered(directory.id, limit)
    return [Registered(number=first + place, immutable_id=each) for place, each in enumerate(ids)]


def adopt(directory: DirectorySettings, stores: SyncStores, limit: int) -> int:
    """Register accounts that sign-ins have made; return how many. Whom no reading shows can then leave."""
    found = unregistered(directory, stores, limit)
    stores.register.add(directory.id, found)
    return len(found)


@dataclass(frozen=True, slots=True)
class Work:
    """One run's transaction: for which directory, by which run, where and when."""

    directory: DirectorySettings
    run: Run
    stores: SyncStores
    now: datetime


def accounts_among(
    immutable_ids: Sequence[str], directory: DirectorySettings, stores: SyncStores, now: datetime
) -> Mapping[str, Account]:
    """The accounts of a directory's people, by immutable id, of whom there will be events."""
    accounts = stores.staff.among(directory.id, immutable_ids)
    stores.audit.recall([account.id for account in accounts.values()], now)
    return accounts


def apply(plan: Plan, work: Work) -> tuple[Counts, Sequence[Registered]]:
    """Write what a page changes; return the counts, and the new people with their numbers."""
    directory, stores = work.directory, work.stores
    touched = [row.immutable_id for row in (*plan.new, *(row for _, row in plan.changed))]
    touched += [person.immutable_id for person in plan.returned]
    accounts = accounts_among(touched, directory, stores, work.now)
    updated = sum(_update(row, accounts, work) for _, row in plan.changed)
    for person in plan.returned:
        greet(person, accounts.get(person.immutable_id), work)
    for person in _after(plan):
        stores.register.put(directory.id, person)
    created, added = _add(plan.new, accounts, work)
    return Counts(created=created, updated=updated, returned=len(plan.returned)), added


def _after(plan: Plan) -> Iterable[Registered]:
    """The people of a plan as they are remembered from now on; each once, with every change."""
    current = {person.number: replace(person, digest=row.digest) for person, row in plan.changed}
    for person in plan.returned:
        current[person.number] = well(current.get(person.number, person))
    for person in plan.withdrawn:
        current[person.number] = well(current.get(person.number, person))
    for person in plan.off_again:
        current[person.number] = replace(current.get(person.number, person), standing=Standing.DISABLED)
    return current.values()


def _add(
    rows: Sequence[Row], accounts: Mapping[str, Account], work: Work
) -> tuple[int, Sequence[Registered]]:
    """Register new people, and give those an account who shall have one and may use it."""
    if not rows:
        return 0, ()
    directory, register = work.directory, work.stores.register
    first = register.next_number(directory.id)
    added = [
        Registered(
            number=first + place,
            immutable_id=row.immutable_id,
            digest=row.digest,
            standing=Standing.DISABLED if row.is_disabled else Standing.PRESENT,
            left_at=work.now if row.is_disabled else None,
        )
        for place, row in enumerate(rows)
    ]
    register.add(directory.id, added)
    if not rules_of(directory).create_accounts:
        return 0, added
    wanted = [row for row in rows if not row.is_disabled and row.immutable_id not in accounts]
    _create(wanted, work)
    return len(wanted), added


def _create(rows: Sequence[Row], work: Work) -> None:
    made = [_new(row, work.directory) for row in rows]
    work.stores.audit.prepare([account.id for _, account in made], work.now)
    for person, account in made:
        work.stores.staff.add(person, account, work.now)
        event = AccountCreated(
            account_id=account.id,
            person_id=person.id,
            kind=account.kind.value,
            source=SOURCE,
            directory_id=work.directory.id,
        )
        work.stores.audit.append(event, work.now)


def _new(row: Row, directory: DirectorySettings) -> tuple[Person, Account]:
    name = str(row.claims.get("name", row.login_name))
    person = Person(id=new_id(), name=name, disabled_at=None, roles=frozenset())
    account = Account(
        id=new_id(),
        person_id=person.id,
        kind=AccountKind.STAFF,
        login_name=row.login_name,
        directory_id=directory.id,
        immutable_id=row.immutable_id,
        claims=row.claims,
        disabled_at=None,
    )
    return person, account


def _update(row: Row, accounts: Mapping[str, Account], work: Work) -> bool:
    """Bring an account in step with its row; whether there was something to bring."""
    known = accounts.get(row.immutable_id)
    if known is None:
        return False
    apart = FROM_GROUPS if work.directory.groups is not None else ()
    kept = {name: known.claims[name] for name in apart if name in known.claims}
    claims: dict[str, ClaimValue] = {**kept, **row.claims}
    login_name = row.login_name or known.login_name
    names = claims.keys() | known.claims.keys()
    changed = {name for name in names if (claims.get(name) or None) != (known.claims.get(name) or None)}
    if known.login_name != login_name:
        changed.add("login_name")
    if not changed:
        return False
    work.stores.people.update_account(known.id, login_name, claims, work.now)
    event = AccountUpdated(account_id=known.id, claims_changed=frozenset(changed), source=SOURCE)
    work.stores.audit.append(event, work.now)
    return True


def greet(person: Registered, account: Account | None, work: Work) -> None:
    """Somebody is back: say so, and give back what the synchronisation took."""
    if account is None:
        return
    event = DirectoryPersonReturned(
        account_id=account.id, directory_id=work.directory.id, run=work.run.number
    )
    work.stores.audit.append(event, work.now)
    give_back(account, SOURCE, work.stores, work.now)


def give_back(account: Account, source: str, stores: Stores, now: datetime) -> None:
    """Enable an account again that is disabled for what a directory said; an officer's decision stands."""
    if account.disabled_for in _ENDS_WITH_THE_ENTRY:
        restore_access(account, source, stores, now)


def well(person: Registered) -> Registered:
    """The person as present, with nothing pending."""
    return replace(
        person, standing=Standing.PRESENT, left_at=None, left_in=None, access_ended_at=None, proposed_in=None
    )
