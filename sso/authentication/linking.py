"""Which accounts are one human's: by proof of both, or an officer's decision, never by equal names.

Every function works inside the caller's transaction and records what it did. A role is decided knowing every
account that could use it, so accounts of an officer are never moved: revoke, link, and grant it anew.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sso.audit.event.identity import AccountLinked, AccountUnlinked
from sso.authentication.sessions import end_every
from sso.authentication.stores import Stores
from sso.directory.person import Account, AccountKind, Person
from sso.oidc.digest import new_id
from sso.oidc.session import SessionEnd

PROOF = "proof"
"""The rule of a link that the person made, by signing in to both accounts."""


class Obstacle(StrEnum):
    """Why accounts cannot be linked, one cannot be separated, or an upstream's be tied to one or untied."""

    SAME_PERSON = "same_person"
    TWO_CITIZENS = "two_citizens"
    SAME_DIRECTORY = "same_directory"
    ROLE = "role"
    DISABLED = "disabled"
    CHANGED = "changed"
    ONLY_ACCOUNT = "only_account"
    TAKEN = "taken"
    ONE_THERE = "one_there"
    MADE_THERE = "made_there"
    NO_CITIZEN = "no_citizen"
    LAST_WAY = "last_way"

    @property
    def sentence(self) -> str:
        """What an officer reads; a citizen reads words of the pages."""
        return _SENTENCES[self]


_SENTENCES: Mapping[Obstacle, str] = {
    Obstacle.SAME_PERSON: "they are one person's already",
    Obstacle.TWO_CITIZENS: "a person has one account as a citizen, and these would be two",
    Obstacle.SAME_DIRECTORY: "a person has one account in a directory, and these would be two",
    Obstacle.ROLE: "one of them is an officer: revoke the role, link or unlink, and grant it anew",
    Obstacle.DISABLED: "one of them is disabled; enable it first, if it is to be used",
    Obstacle.CHANGED: "their persons have other accounts than were shown: look again, then decide",
    Obstacle.ONLY_ACCOUNT: "it is the only account of its person already",
    Obstacle.TAKEN: "that account there belongs to another account here",
    Obstacle.ONE_THERE: "the account here is tied to another one there; untie that first",
    Obstacle.MADE_THERE: "the account here was made for somebody there; an officer says who that is now",
    Obstacle.NO_CITIZEN: "only a citizen's account is tied, and to a provider that signs in citizens",
    Obstacle.LAST_WAY: "it is the only way into the account; give it a password first, or disable it",
}


class LinkRefused(Exception):
    """The accounts stay as they are."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True)
class Decision:
    """By which rule (command, api, or the person's own proof), and why.

    `seen` are the ids of every account of the persons, where an officer was shown them before deciding.
    """

    rule: str
    reason: str = ""
    seen: frozenset[str] | None = None

    @property
    def is_proven(self) -> bool:
        """Whether the person decided, who then stays signed in."""
        return self.rule == PROOF


def obstacle(one: Account, other: Account, stores: Stores) -> Obstacle | None:
    """Return why two accounts cannot be one person's, or None."""
    if one.person_id == other.person_id:
        return Obstacle.SAME_PERSON
    for person_id in (one.person_id, other.person_id):
        person = stores.people.person(person_id)
        if person is None or person.disabled_at is not None:
            return Obstacle.DISABLED
        if person.roles:
            return Obstacle.ROLE
    if one.disabled_at is not None or other.disabled_at is not None:
        return Obstacle.DISABLED
    together = [a for each in (one, other) for a in stores.people.accounts_of(each.person_id)]
    return _too_many(together)


def link(one: Account, other: Account, decision: Decision, stores: Stores, now: datetime) -> None:
    """Give every account of the other's person to the person of the first account.

    Raises:
        LinkRefused: as `obstacle` says, of the accounts as they are now, or others than were seen would move.
    """
    one, other = _locked(one, other, stores=stores)
    if (reason := obstacle(one, other, stores)) is not None:
        raise LinkRefused(reason)
    known = {each.id for person in (one, other) for each in stores.people.accounts_of(person.person_id)}
    if decision.seen not in (None, known):
        raise LinkRefused(Obstacle.CHANGED)
    for account in stores.people.accounts_of(other.person_id):
        _move(account, one.person_id, decision, stores, now)
        event = AccountLinked(
            account_id=account.id,
            person_id=one.person_id,
            rule=decision.rule,
            reason=decision.reason or None,
            linked_account_id=one.id,
        )
        stores.audit.append(event, now)


def unlink(account: Account, decision: Decision, stores: Stores, now: datetime) -> str:
    """Give an account to a person of its own, and return that person's id.

    Raises:
        LinkRefused: it is the only account already, or its person is an officer.
    """
    (account,) = _locked(account, stores=stores)
    person = stores.people.person(account.person_id)
    if person is not None and person.roles:
        raise LinkRefused(Obstacle.ROLE)
    if len(stores.people.accounts_of(account.person_id)) < 2:
        raise LinkRefused(Obstacle.ONLY_ACCOUNT)
    alone = Person(
        id=new_id(),
        name=account.text_claim("name") or account.login_name,
        disabled_at=person.disabled_at if person is not None else None,
        roles=frozenset(),
    )
    stores.people.add_person(alone)
    _move(account, alone.id, decision, stores, now)
    event = AccountUnlinked(
        account_id=account.id,
        person_id=alone.id,
        former_person_id=account.person_id,
        rule=decision.rule,
        reason=decision.reason or None,
    )
    stores.audit.append(event, now)
    return alone.id


def _locked(*accounts: Account, stores: Stores) -> tuple[Account, ...]:
    """Every account of their persons, held until the end: of two decisions at once one sees the other."""
    persons = {account.person_id for account in accounts}
    held = {each.id for person_id in persons for each in stores.people.accounts_of(person_id)}
    for account_id in sorted(held | {account.id for account in accounts}):
        stores.people.lock_account(account_id)
    return tuple(stores.people.account(account.id) or account for account in accounts)


def _move(account: Account, person_id: str, decision: Decision, stores: Stores, now: datetime) -> None:
    """By an officer's decision the account's sessions end, to begin anew; by proof they go on."""
    if decision.is_proven:
        stores.sessions.give(account.id, person_id)
    else:
        end_every(account.id, SessionEnd.OFFICER, stores, now, decision.reason)
    stores.people.move_account(account.id, person_id)


def _too_many(accounts: Sequence[Account]) -> Obstacle | None:
    """A person has at most one account as a citizen, and one in each directory."""
    directories = Counter(account.directory_id for account in accounts)
    if sum(account.kind is AccountKind.CITIZEN for account in accounts) > 1:
        return Obstacle.TWO_CITIZENS
    staff = [count for directory_id, count in directories.items() if directory_id is not None]
    return Obstacle.SAME_DIRECTORY if any(count > 1 for count in staff) else None
