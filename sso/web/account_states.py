"""Ask a directory between two tries of a request, when what it said of an account has become too old."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from sso.audit.event import AccountStateUnknown
from sso.audit.record import Origin
from sso.authentication import account_states
from sso.authentication.account_states import ABSENT, BATCH
from sso.authentication.stores import Stores
from sso.authentication.synchronisation import rules_of
from sso.directory.person import Account
from sso.directory.sync.absences import may_be_gone
from sso.directory.verification import DirectoryUnavailable
from sso.hub import Hub
from sso.oidc.known_state import StateUnknown
from sso.oidc.settings import Provider
from sso.oidc.state_limits import Asked

log = logging.getLogger("sso.web")

_T = TypeVar("_T")


def with_known_state(hub: Hub, origin: Origin, answer: Callable[[Provider], _T]) -> _T:
    """Answer a request; if that needs a state that is too old, ask the directory and answer once more.

    `answer` opens its own transaction, which the first try undoes.

    Raises:
        StateUnknown: the directory is away, and what it said last is older than its grace.
    """
    provider = hub.provider()
    try:
        return answer(provider)
    except StateUnknown as unknown:
        account_id = unknown.account_id
    asked = refresh_state(hub, account_id, origin)
    try:
        return answer(replace(provider, states_asked={account_id: asked}))
    except StateUnknown:
        with hub.database.begin(origin) as stores:
            stores.audit.append(AccountStateUnknown(account_id=account_id), datetime.now(UTC))
        raise


def refresh_state(hub: Hub, account_id: str, origin: Origin) -> Asked:
    """Ask the directory of an account, and act on the answer; a directory that is away changes nothing."""
    with hub.database.read() as stores:
        account = stores.people.account(account_id)
    if account is None:
        return Asked.AWAY
    asked_at = datetime.now(UTC)
    try:
        said = hub.account_states.ask([account], asked_at)
    except DirectoryUnavailable as error:
        extra = {"directory": account.directory_id, "reason": str(error)}
        log.warning("the state of an account could not be asked for", extra=extra)
        return Asked.AWAY
    if account_id not in said:
        log.warning("a directory does not say how an account is", extra={"account": account_id})
        return Asked.AWAY
    if said[account_id] in ABSENT and not _believed(hub, account, asked_at):
        log.warning("a directory shows too few people", extra={"directory": account.directory_id})
        return Asked.AWAY

    def conclude(stores: Stores) -> bool:
        return account_states.conclude(account_id, said[account_id], asked_at, stores, datetime.now(UTC))

    hub.database.contain(origin, conclude)  # whom it calls gone waits for no log
    return Asked.ANSWERED


def _believed(hub: Hub, account: Account, now: datetime) -> bool:
    """Whether somebody who is absent may have left: others who are signed in there are asked about.

    The worker's poll judges so too. A directory that hides a whole branch ends nobody's access, whichever
    of the two comes first.
    """
    directory_id = account.directory_id or ""
    directory = next(each for each in hub.configuration.read_directories if each.id == directory_id)
    with hub.database.read() as stores:
        others = stores.signed_in.of_directory(directory_id, after="", limit=BATCH)
    try:
        said = hub.account_states.ask([*(each for each in others if each.id != account.id), account], now)
    except DirectoryUnavailable:
        return False
    return may_be_gone(sum(each in ABSENT for each in said.values()), len(said), rules_of(directory))
