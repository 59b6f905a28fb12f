"""How old the hub's knowledge of an account may be when something is issued about it.

The state of a clerk's account is the directory's to say. No directory is asked while a transaction is open:
whoever finds a state too old raises `StateUnknown`, which undoes everything, and the endpoint asks and tries
once more (`sso/web/account_states.py`).
"""

from datetime import datetime

from sso.oidc.account import Subject
from sso.oidc.settings import Provider
from sso.oidc.state_limits import Asked


class StateUnknown(Exception):
    """Nothing was decided, issued or spent: first the directory of this account has to be asked."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"the state of account {account_id} is too old")
        self.account_id = account_id


def require_known_state(subject: Subject, provider: Provider, now: datetime) -> None:
    """Accept a subject whose state is young enough, as a citizen's always is.

    So is that of a department that nobody can ask, or that tells by itself (`unasked_directories`). Nothing
    is known any more of an account whose directory has left the configuration.

    Raises:
        StateUnknown: it is older than the directory's rules allow, or there is no such directory.
    """
    directory_id, settings = subject.directory_id, provider.settings
    if directory_id is None or directory_id in settings.unasked_directories:
        return
    limits = settings.state_limits.get(directory_id)
    if limits is None:
        raise StateUnknown(subject.account_id)
    asked = provider.states_asked.get(subject.account_id)
    if asked is Asked.ANSWERED:
        return
    limit = limits.max_age if asked is None else limits.grace
    if subject.state_checked_at is None or now - subject.state_checked_at > limit:
        raise StateUnknown(subject.account_id)
