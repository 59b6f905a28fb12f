"""Accounts as tokens speak of them: whether they may be used, their claims, their sub in a sector."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.dialects import postgresql

from sso.audit.record import JsonValue
from sso.directory.person import meant
from sso.directory.routing import name_key
from sso.oidc.account import Subject
from sso.oidc.digest import new_id
from sso.storage.people import SqlPeople
from sso.storage.tables import account, grant, person, subject_identifier
from sso.storage.unit_of_work import UnitOfWork

_S = subject_identifier.c

SUBJECT_COLUMNS = (
    account.c.id.label("subject_id"),
    account.c.person_id.label("subject_person_id"),
    account.c.kind.label("subject_kind"),
    account.c.claims.label("subject_claims"),
    account.c.directory_id.label("subject_directory_id"),
    account.c.state_checked_at.label("subject_state_checked_at"),
    account.c.disabled_at.label("subject_disabled_at"),
    person.c.disabled_at.label("subject_person_disabled_at"),
)
"""What a subject is made of, for any query that joins `account` and `person`."""

_SUBJECT = (
    select(*SUBJECT_COLUMNS)
    .join(person, person.c.id == account.c.person_id)
    .where(account.c.id == bindparam("account_id"))
)


def with_subject(grants: Select[Any]) -> Select[Any]:
    """Return a query of grants that brings each one's subject too, where the account still exists.

    It saves whoever redeems, refreshes or reads claims a round trip; `remember_subject` keeps it.
    """
    known = grants.add_columns(*SUBJECT_COLUMNS)
    known = known.outerjoin(account, account.c.id == grant.c.account_id)
    return known.outerjoin(person, person.c.id == account.c.person_id)


def remember_subject(unit: UnitOfWork, row: Row[Any]) -> None:
    """Keep the subject that came with a grant for the rest of the unit."""
    if row.subject_id is not None and row.subject_person_id is not None:
        unit.subjects[row.subject_id] = _subject(row)


def _subject(row: Row[Any]) -> Subject:
    known: Mapping[str, JsonValue] = row.subject_claims
    return Subject(
        account_id=row.subject_id,
        person_id=row.subject_person_id,
        active=row.subject_disabled_at is None and row.subject_person_disabled_at is None,
        claims={**known, "persona": row.subject_kind},
        directory_id=row.subject_directory_id,
        state_checked_at=row.subject_state_checked_at,
    )


_SUB = select(_S.sub).where(_S.account_id == bindparam("key"), _S.sector == bindparam("in_sector"))
_ACCOUNT_OF = select(_S.account_id).where(
    _S.sub == bindparam("presented"), _S.sector == bindparam("in_sector")
)
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
        if (known := self._unit.subjects.get(account_id)) is not None:
            return known
        row = self._unit.row(_SUBJECT, {"account_id": account_id})
        if row is None:
            return None
        remember_subject(self._unit, row)
        return self._unit.subjects[account_id]

    def named(self, directory_id: str | None, login_name: str) -> str | None:
        """Return the one account that signs in under a name at a directory, None for citizens; or None."""
        people = SqlPeople(self._unit)
        if directory_id is None:
            found = people.citizen(name_key(login_name) or "")
        else:
            found = meant(people.staff_named(directory_id, login_name))
        return None if found is None else found.id

    def account_of(self, sub: str, sector: str) -> str | None:
        """Return the account that a `sub` of this sector speaks of, or None."""
        row = self._unit.row(_ACCOUNT_OF, {"presented": sub, "in_sector": sector})
        return None if row is None else str(row.account_id)

    def sub(self, account_id: str, sector: str, now: datetime) -> str:
        """Return the immutable `sub` of an account in a sector, made at first use; "" is the public one."""
        key = {"key": account_id, "in_sector": sector}
        row = self._unit.row(_SUB, key)
        while row is None:
            made = {"account_id": account_id, "sector": sector, "sub": new_id(), "created_at": now}
            self._unit.change(_ADD_SUB, made)
            row = self._unit.row(_SUB, key)
        return str(row.sub)
