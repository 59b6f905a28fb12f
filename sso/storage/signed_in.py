"""Who is signed in: the accounts about which the worker asks their directories."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from sso.directory.person import Account
from sso.storage.people import account_from
from sso.storage.tables import account, session
from sso.storage.unit_of_work import UnitOfWork

_A = account.c
_OF_DIRECTORY = (
    select(account)
    .where(
        _A.id.in_(select(session.c.account_id).where(session.c.ended_at.is_(None))),
        _A.directory_id == bindparam("directory"),
        _A.disabled_at.is_(None),
        _A.id > bindparam("after"),
    )
    .order_by(_A.id)
    .limit(bindparam("size"))
)


class SqlSignedIn:
    """Accounts with a session that goes on."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def of_directory(self, directory_id: str, *, after: str, limit: int) -> Sequence[Account]:
        """Return by ascending id the enabled ones of a directory, those after an id ("" from the start)."""
        page = {"directory": directory_id, "after": after, "size": limit}
        return [account_from(row) for row in self._unit.rows(_OF_DIRECTORY, page)]
