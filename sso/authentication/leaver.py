"""Leaving: everything that must follow when an account or a person may no longer be used, in one transaction.

Whoever learns it calls this: a directory's state at a refresh or in the worker's poll, a directory's sync, a
provisioning client, an officer. Sessions end and their applications are told, every grant is revoked with
its codes, refresh tokens and device codes, what a client waits for is refused, and the log says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sso.audit.event import AccountDisabled, AccountEnabled, PersonDisabled, PersonEnabled
from sso.authentication.security_events import tell
from sso.authentication.sessions import end_every
from sso.authentication.stores import Stores
from sso.directory.person import Account, Departure
from sso.oidc.decision import withdraw_requests
from sso.oidc.security_event import EventType
from sso.oidc.session import SessionEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Why an account is left, through which door that came (directory, command, console), and words for it.

    Without words the departure's own is written to the log.
    """

    departure: Departure
    source: str
    words: str = ""

    @property
    def reason(self) -> str:
        """What the log says."""
        return self.words or self.departure.value

    @property
    def session_end(self) -> SessionEnd:
        """How sessions end that way."""
        return SessionEnd.DISABLED if self.departure is Departure.OFFICER else SessionEnd.DIRECTORY


def end_access(account: Account, leave: Leave, stores: Stores, now: datetime) -> bool:
    """End every access of an account; false if nothing was left to end and the reason is known.

    What an officer decided stands, whatever a directory says afterwards. Calling it again is harmless: what
    came into being in between ends as well.
    """
    stores.people.lock_account(account.id)
    changed = stores.people.disable_account(account.id, leave.departure, now)
    if changed:
        event = AccountDisabled(account_id=account.id, source=leave.source, reason=leave.reason)
        stores.audit.append(event, now)
        purged = leave.departure is Departure.PURGED
        kind = EventType.ACCOUNT_PURGED if purged else EventType.ACCOUNT_DISABLED
        tell(account.id, kind, stores, now)
    _end(account.id, leave, stores, now)
    return changed


def restore_access(
    account: Account, source: str, stores: Stores, now: datetime, *, overrule: bool = False
) -> bool:
    """Let an account be used again; false if it was in use, or if that is not for the caller to say.

    A directory lifts what a directory said. With `overrule`, an officer's word, any departure is lifted.
    """
    stores.people.lock_account(account.id)
    known = stores.people.account(account.id)
    if known is None or known.disabled_for is None:
        return False
    if known.disabled_for.is_final and not overrule:
        return False
    if not stores.people.enable_account(account.id):
        return False
    stores.audit.append(AccountEnabled(account_id=account.id, source=source), now)
    tell(account.id, EventType.ACCOUNT_ENABLED, stores, now)
    return True


def end_person(person_id: str, leave: Leave, stores: Stores, now: datetime) -> bool:
    """End every access of a person, whichever account it is of; false if they were disabled already.

    Accounts keep their own state: those that were enabled can be used again when the person is.
    """
    accounts = _locked_accounts(person_id, stores)
    if not stores.people.disable_person(person_id, now):
        return False
    event = PersonDisabled(person_id=person_id, source=leave.source, reason=leave.reason)
    stores.audit.append(event, now)
    for account in accounts:
        if account.disabled_at is None:
            tell(account.id, EventType.ACCOUNT_DISABLED, stores, now)
        _end(account.id, leave, stores, now)
    return True


def restore_person(person_id: str, source: str, stores: Stores, now: datetime) -> bool:
    """Let a person use their enabled accounts again; false if they could."""
    accounts = _locked_accounts(person_id, stores)
    if not stores.people.enable_person(person_id):
        return False
    stores.audit.append(PersonEnabled(person_id=person_id, source=source), now)
    for account in accounts:
        if account.disabled_at is None:
            tell(account.id, EventType.ACCOUNT_ENABLED, stores, now)
    return True


def _locked_accounts(person_id: str, stores: Stores) -> Sequence[Account]:
    """Every account of a person, held in the order of a link: none comes or goes meanwhile."""
    held: set[str] = set()
    while missing := {each.id for each in stores.people.accounts_of(person_id)} - held:
        for account_id in sorted(missing):
            stores.people.lock_account(account_id)
        held |= missing
    return stores.people.accounts_of(person_id)


def _end(account_id: str, leave: Leave, stores: Stores, now: datetime) -> None:
    end_every(account_id, leave.session_end, stores, now, leave.reason)
    withdraw_requests(account_id, stores, now)
