"""Accounts as tokens speak of them: whether they may be used, their claims, their sub in a sector."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql

from sso.audit.record import JsonValue
from sso.oidc.account import Subject
from sso.oidc.digest import new_id
from sso.storage.tables import account, person, subject_identifier
from sso.storage.unit_of_work import UnitOfWork

_S = subject_identifier.c

_SUBJECT = (
    select(
        account.c.id,
        account.c.person_id,
        account.c.kind,
        account.c.claims,
        account.c.disabled_at,
        person.c.disabled_at.label("person_disabled_at"),
    )
    .join(person, person.c.id == account.c.person_id)
    .where(account.c.id == bindparam("account_id"))
)
_SUB = select(_S.sub).where(_S.account_id == bindparam("key"), _S.sector == bindparam("in_sector"))
_ADD_SUB = postgresql.insert(subject_identifier).on_conflict_do_nothing()


class SqlSubjects:
    """`sso.oidc.stores.Subjects` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, account_id: str) -> Subject | None:
        """Return the subject of an account, or None.

        Active only if neither the account nor its person is disabled. Claims are the account's and
        `persona`, which is its kind.
        """
        row = self._unit.row(_SUBJECT, {"account_id": account_id})
        if row is None:
            return None
        known: Mapping[str, JsonValue] = row.claims
        return Subject(
            account_id=row.id,
            person_id=row.person_id,
            active=row.disabled_at is None and row.person_disabled_at is None,
            claims={**known, "persona": row.kind},
        )

    def sub(self, account_id: str, sector: str, now: datetime) -> str:
        """Return the immutable `sub` of an account in a sector, made at first use; "" is the public one."""
        key = {"key": account_id, "in_sector": sector}
        row = self._unit.row(_SUB, key)
        while row is None:
            made = {"account_id": account_id, "sector": sector, "sub": new_id(), "created_at": now}
            self._unit.change(_ADD_SUB, made)
            row = self._unit.row(_SUB, key)
        return str(row.sub)
