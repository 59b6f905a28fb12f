"""Passwords of citizens."""

from sqlalchemy import Executable, bindparam, select
from sqlalchemy.dialects import postgresql

from sso.directory.stores import PasswordCredential
from sso.storage.tables import password_credential
from sso.storage.unit_of_work import UnitOfWork

_C = password_credential.c

_GET = select(password_credential).where(_C.account_id == bindparam("key"))
_LOCK = _GET.with_for_update()
_insert = postgresql.insert(password_credential)
_PUT = _insert.on_conflict_do_update(
    index_elements=[_C.account_id],
    set_={"hash": _insert.excluded.hash, "changed_at": _insert.excluded.changed_at},
)


class SqlCredentials:
    """`sso.directory.stores.Credentials` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, account_id: str) -> PasswordCredential | None:
        """Return the credential of an account, or None."""
        return self._read(_GET, account_id)

    def for_update(self, account_id: str) -> PasswordCredential | None:
        """Return the credential as it is now, and let nobody replace it before the end."""
        return self._read(_LOCK, account_id)

    def _read(self, statement: Executable, account_id: str) -> PasswordCredential | None:
        row = self._unit.row(statement, {"key": account_id})
        if row is None:
            return None
        return PasswordCredential(account_id=row.account_id, hash=row.hash, changed_at=row.changed_at)

    def put(self, credential: PasswordCredential) -> None:
        """Set or replace the credential of an account."""
        row = {
            "account_id": credential.account_id,
            "hash": credential.hash,
            "changed_at": credential.changed_at,
        }
        self._unit.change(_PUT, row)
