"""Passwords that the hub keeps."""

from sqlalchemy import Executable, bindparam, delete, select
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
    set_={
        "hash": _insert.excluded.hash,
        "changed_at": _insert.excluded.changed_at,
        "must_change": _insert.excluded.must_change,
    },
)
_FORGET = delete(password_credential).where(_C.account_id == bindparam("key"))


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
        return PasswordCredential(row.account_id, row.hash, row.changed_at, row.must_change)

    def put(self, credential: PasswordCredential) -> None:
        """Set or replace the credential of an account."""
        row = {
            "account_id": credential.account_id,
            "hash": credential.hash,
            "changed_at": credential.changed_at,
            "must_change": credential.must_change,
        }
        self._unit.change(_PUT, row)

    def forget(self, account_id: str) -> None:
        """Remove the credential of an account, if it has one."""
        self._unit.change(_FORGET, {"key": account_id})
