"""Clerks' accounts, a whole page of a directory at once."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, delete, func, select

from sso.directory.person import Account, AccountKind, Person
from sso.storage.many import named, padded
from sso.storage.people import REMOVE_EMPTY_PERSON, account_from, account_row
from sso.storage.tables import account as accounts
from sso.storage.tables import consent, subject_identifier
from sso.storage.tables import person as persons
from sso.storage.unit_of_work import UnitOfWork

_REMOVE_CONSENTS = delete(consent).where(consent.c.account_id == bindparam("key"))
_REMOVE_SUBJECTS = delete(subject_identifier).where(subject_identifier.c.account_id == bindparam("key"))
_REMOVE_ACCOUNT = delete(accounts).where(
    accounts.c.id == bindparam("key"), accounts.c.kind == AccountKind.STAFF.value
)


_COUNTS = (
    select(accounts.c.disabled_for, func.count().label("accounts"))
    .where(accounts.c.directory_id == bindparam("directory"))
    .group_by(accounts.c.disabled_for)
    .order_by(accounts.c.disabled_for)
)


class SqlStaff:
    """`sso.directory.sync.stores.Staff` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add(self, person: Person, account: Account, now: datetime) -> None:
        """Remember a new clerk at the end of the unit, which fails as a whole if the account exists."""
        row = {"id": person.id, "name": person.name, "disabled_at": person.disabled_at}
        self._unit.collect(persons, row)
        self._unit.collect(accounts, account_row(account, now))

    def remove(self, account: Account) -> None:
        """Remove a clerk's account with what services knew of it, and a person who has no other."""
        for statement in (_REMOVE_CONSENTS, _REMOVE_SUBJECTS, _REMOVE_ACCOUNT):
            self._unit.change(statement, {"key": account.id})
        self._unit.change(REMOVE_EMPTY_PERSON, {"key": account.person_id})

    def counts(self, directory_id: str) -> Mapping[str, int]:
        """Return how many accounts a directory has in use, and how many were disabled, by the reason."""
        rows = self._unit.rows(_COUNTS, {"directory": directory_id})
        return {row.disabled_for or "in_use": row.accounts for row in rows}

    def among(self, directory_id: str, immutable_ids: Collection[str]) -> Mapping[str, Account]:
        """Return the accounts of a directory's people, by immutable id."""
        if not immutable_ids:
            return {}
        wanted = padded(sorted(immutable_ids))
        rows = self._unit.rows(_among(len(wanted)), {"directory": directory_id, **named(wanted)})
        return {row.immutable_id: account_from(row) for row in rows}


@cache
def _among(size: int) -> Select[Any]:
    ids: list[BindParameter[str]] = [bindparam(f"id_{place}") for place in range(size)]
    return select(accounts).where(
        accounts.c.directory_id == bindparam("directory"), accounts.c.immutable_id.in_(ids)
    )
