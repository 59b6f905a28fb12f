"""What a directory says of accounts that are in use, asked again: after the sign-in, without a password.

prepare   whoever calls reads the account
ask       outside of any transaction: the department's directory
conclude  in a transaction: the state is noted, or every access ends
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sso.authentication.leaver import Leave, end_access
from sso.authentication.stores import Stores
from sso.directory.person import Account, Departure
from sso.directory.verification import DirectoryUnavailable

SOURCE = "directory"
BATCH = 100
"""People of one directory that are asked about at once."""
ABSENT = frozenset({Departure.GONE, Departure.MOVED})
"""What a directory says of nobody when it does not show them: believed of a few, doubted of many."""


class StateDirectory(Protocol):
    """What a department's directory can be asked (`sso.directory.ldap.LdapDirectory`)."""

    def departures(self, immutable_ids: Sequence[str], now: datetime) -> Mapping[str, Departure | None]:
        """Why each of these people may not use their account; None for whoever may.

        Raises:
            DirectoryUnavailable: nobody could be asked, or the answer cannot be true.
        """
        ...


@dataclass(frozen=True, slots=True)
class AccountStates:
    """The directories that can be asked, by id."""

    directories: Mapping[str, StateDirectory]

    def ask(self, accounts: Sequence[Account], now: datetime) -> Mapping[str, Departure | None]:
        """Return by account id what one directory says of its accounts. Never call it in a transaction.

        Raises:
            DirectoryUnavailable: it could not be asked.
        """
        if not accounts:
            return {}
        directory = self.directories.get(accounts[0].directory_id or "")
        if directory is None:
            message = "the directory of the account is not configured any more"
            raise DirectoryUnavailable(message)
        ids = {account.immutable_id: account.id for account in accounts if account.immutable_id is not None}
        said = directory.departures(tuple(ids), now)
        return {account_id: said[key] for key, account_id in ids.items() if key in said}


def conclude(
    account_id: str, said: Departure | None, asked_at: datetime, stores: Stores, now: datetime
) -> bool:
    """Note what a directory said when it was asked; true if an access ended by it.

    An answer that is older than what is known changes nothing: somebody who has signed in since then is not
    ended by it, and nobody comes back by it.
    """
    stores.people.lock_account(account_id)
    account = stores.people.account(account_id)
    if account is None or account.disabled_at is not None:
        return False
    if account.state_checked_at is not None and account.state_checked_at > asked_at:
        return False
    if said is not None:
        return end_access(account, Leave(departure=said, source=SOURCE), stores, now)
    stores.people.note_state(account_id, asked_at)
    return False
