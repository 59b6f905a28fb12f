"""The queue of conflicts: what puts one in, and what an officer's decision does.

Every function works inside the caller's transaction and records what it did.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from sso.audit.event.identity import DirectoryConflictFound, DirectoryConflictResolved
from sso.authentication.leaver import Leave, end_access
from sso.authentication.linking import Decision
from sso.authentication.stores import Stores
from sso.directory.conflict import Conflict, ConflictKind, Resolution, Side
from sso.directory.entry import Entry
from sso.directory.person import Account, Departure
from sso.directory.routing import name_key
from sso.oidc.digest import new_id


class Why(StrEnum):
    """Why a decision is refused."""

    RESOLVED = "resolved"
    SETTLED = "settled"
    NOT_THIS_KIND = "not_this_kind"
    ACCOUNT_GONE = "account_gone"
    ROLE = "role"


_SENTENCES: Mapping[Why, str] = {
    Why.RESOLVED: "it is resolved already",
    Why.SETTLED: "it has settled itself: the two accounts no longer bear one name, or one is out of use",
    Why.NOT_THIS_KIND: "it cannot be resolved like this",
    Why.ACCOUNT_GONE: "one of its accounts is no longer known",
    Why.ROLE: "one of its accounts is an officer's: revoke that, resolve, and grant it anew",
}


class NotResolvable(Exception):
    """The conflict stays open; `sentence` is what the officer reads."""

    def __init__(self, why: Why, conflict: Conflict) -> None:
        super().__init__(why.value)
        self.why = why
        offered = " or ".join(each.value for each in conflict.resolutions)
        self.sentence = _SENTENCES[why] + (f"; use {offered}" if why is Why.NOT_THIS_KIND else "")


def note_namesakes(account: Account, stores: Stores, now: datetime) -> None:
    """Put it into the queue when another account in use bears the name of one just made or renamed.

    The account itself goes on: it is known by its immutable id.
    """
    if account.directory_id is None:
        return
    bearing = stores.people.staff_named(account.directory_id, account.login_name)
    for other in bearing:
        if other.id != account.id and other.disabled_at is None:
            _note(account.directory_id, ConflictKind.NAME_REUSED, (_side(other), _side(account)), stores, now)


def note_reused_names(directory_id: str, names: Sequence[str], stores: Stores, now: datetime) -> None:
    """Put those of some names (of `reused_names`) that two accounts in use still bear into the queue."""
    for name in names:
        bearing = [a for a in stores.people.staff_named(directory_id, name) if a.disabled_at is None]
        for other in bearing[1:]:
            _note(directory_id, ConflictKind.NAME_REUSED, (_side(other), _side(bearing[0])), stores, now)


def unsettled(directory_id: str, stores: Stores) -> Sequence[Conflict]:
    """Return the open conflicts of a directory; a leaver's reused name settles itself when access ends."""
    found = stores.conflicts.of_directory(directory_id)
    return [conflict for conflict in found if is_unsettled(conflict, stores)]


def note_contested(entries: Sequence[Entry], stores: Stores, now: datetime) -> None:
    """Put entries that bear one name, or one immutable id, into the queue: none is taken for anybody."""
    if len(entries) < 2:
        return
    one_id = len({entry.immutable_id for entry in entries}) == 1
    kind = ConflictKind.ID_SHARED if one_id else ConflictKind.NAME_AMBIGUOUS
    sides = tuple(Side(entry.immutable_id, entry.login_name, entry.dn) for entry in entries)
    _note(entries[0].directory_id, kind, sides, stores, now)


def resolve(
    conflict: Conflict, resolution: Resolution, decision: Decision, stores: Stores, now: datetime
) -> None:
    """Do what an officer decided.

    Raises:
        NotResolvable: it is resolved or has settled itself, an officer's account would end or be handed over,
            or it cannot be resolved in this way.
    """
    if resolution not in conflict.resolutions:
        raise NotResolvable(Why.NOT_THIS_KIND, conflict)
    if not stores.conflicts.resolve(conflict.id, resolution, decision.reason, now):
        raise NotResolvable(Why.RESOLVED, conflict)
    accounts: tuple[Account, ...] = ()
    if resolution is not Resolution.MENDED:
        accounts = _settled(conflict, resolution, decision, stores, now)
    event = DirectoryConflictResolved(
        account_id=accounts[1].id if accounts else None,
        directory_id=conflict.directory_id,
        conflict_id=conflict.id,
        kind=conflict.kind.value,
        resolution=resolution.value,
        source=decision.rule,
        reason=decision.reason,
        other_account_id=accounts[0].id if accounts else None,
    )
    stores.audit.append(event, now)


def _settled(
    conflict: Conflict, resolution: Resolution, decision: Decision, stores: Stores, now: datetime
) -> tuple[Account, Account]:
    """End the account that is over, and return the earlier and the later one."""
    earlier, later = _accounts(conflict, stores)
    if not is_unsettled(conflict, stores):
        raise NotResolvable(Why.SETTLED, conflict)
    same = resolution is Resolution.SAME
    departure = Departure.PURGED if same else Departure.GONE
    leave = Leave(departure=departure, source=decision.rule, words=decision.reason)
    _check_no_officer(conflict, (earlier, later) if same else (earlier,), stores)
    if same:
        _adopt(earlier, later, leave, stores, now)
    else:
        end_access(earlier, leave, stores, now)
    return earlier, later


def _adopt(earlier: Account, later: Account, leave: Leave, stores: Stores, now: datetime) -> None:
    """The earlier account goes on with the entry made anew; the one made meanwhile never returns."""
    end_access(later, leave, stores, now)
    stores.conflicts.exchange_ids(earlier, later)


def _check_no_officer(conflict: Conflict, accounts: Sequence[Account], stores: Stores) -> None:
    """A role neither comes to whoever an entry says it is, nor ends unnoticed: it is revoked first."""
    for account in accounts:
        person = stores.people.person(account.person_id)
        if person is not None and person.roles:
            raise NotResolvable(Why.ROLE, conflict)


def _accounts(conflict: Conflict, stores: Stores) -> tuple[Account, Account]:
    for side in sorted(conflict.sides, key=lambda each: each.account_id or ""):
        stores.people.lock_account(side.account_id or "")
    found = [stores.people.account(side.account_id or "") for side in conflict.sides]
    earlier, later = found[0], found[-1]
    if earlier is None or later is None:
        raise NotResolvable(Why.ACCOUNT_GONE, conflict)
    return earlier, later


def _note(
    directory_id: str, kind: ConflictKind, sides: tuple[Side, ...], stores: Stores, now: datetime
) -> None:
    conflict = Conflict(
        id=new_id(), directory_id=directory_id, kind=kind, sides=sides, found_at=now, seen_at=now
    )
    if stores.conflicts.note(conflict):
        event = DirectoryConflictFound(
            account_id=sides[-1].account_id,
            directory_id=directory_id,
            conflict_id=conflict.id,
            kind=kind.value,
            other_account_id=sides[0].account_id,
        )
        stores.audit.append(event, now)


def is_unsettled(conflict: Conflict, stores: Stores) -> bool:
    """Whether an open conflict still waits for an officer: both accounts are in use and bear one name."""
    if conflict.kind is not ConflictKind.NAME_REUSED:
        return True
    accounts = [stores.people.account(side.account_id or "") for side in conflict.sides]
    names = {name_key(account.login_name) for account in accounts if account is not None}
    return len(names) == 1 and all(a is not None and a.disabled_at is None for a in accounts)


def _side(account: Account) -> Side:
    return Side(account.immutable_id or "", account.login_name, account_id=account.id)
