"""Persons and accounts, and who holds which role."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from sso.directory.person import Account, AccountKind, ClaimValue, Departure, Person, Role
from sso.directory.routing import name_key
from sso.directory.stores import LoginNameTaken, RolesConflict
from sso.storage.columns import Text, UtcDateTime
from sso.storage.tables import account, person, role_grant
from sso.storage.unit_of_work import UnitOfWork

NAMESAKES_MAX = 10
"""Accounts of one name that are told: two are too many already."""

_A, _P, _R = account.c, person.c, role_grant.c
_id: BindParameter[str] = bindparam("key", type_=Text)

_PERSONS = select(person, _R.role).outerjoin(role_grant, _R.person_id == _P.id)
_PERSON = _PERSONS.where(_P.id == _id)
_PERSON_PAGE = _PERSONS.where(_P.id > bindparam("after")).order_by(_P.id).limit(bindparam("size"))
_ACCOUNT = select(account).where(_A.id == _id)
_LOCK_ACCOUNT = select(_A.id).where(_A.id == _id).with_for_update()
_CITIZEN = select(account).where(_A.kind == AccountKind.CITIZEN.value, _A.login_name == bindparam("name"))
_STAFF = select(account).where(
    _A.directory_id == bindparam("directory"), _A.immutable_id == bindparam("immutable")
)
_STAFF_NAMED = (
    select(account)
    .where(_A.directory_id == bindparam("directory"), _A.name_key == bindparam("name"))
    .order_by(_A.updated_at.desc(), _A.id)
    .limit(NAMESAKES_MAX)
)
_ACCOUNTS_OF = select(account).where(_A.person_id == _id).order_by(_A.created_at, _A.id)
_ACCOUNT_PAGE = select(account).where(_A.id > bindparam("after")).order_by(_A.id).limit(bindparam("size"))

_ADD_PERSON = insert(person)
_ADD_ACCOUNT = postgresql.insert(account).on_conflict_do_nothing().returning(_A.id)
_other = account.alias("other")
_UPDATE_ACCOUNT = (
    update(account)
    .where(
        _A.id == _id,
        or_(
            _A.kind == AccountKind.STAFF.value,
            ~select(_other.c.id)
            .where(
                _other.c.kind == AccountKind.CITIZEN.value,
                _other.c.login_name == bindparam("new_name"),
                _other.c.id != _id,
            )
            .exists(),
        ),
    )
    .values(
        login_name=bindparam("new_name"),
        name_key=bindparam("new_key"),
        claims=bindparam("new_claims"),
        updated_at=bindparam("now"),
    )
)
_IS_FINAL = or_(*(_A.disabled_for == departure.value for departure in Departure if departure.is_final))
_DISABLE_ACCOUNT = (
    update(account)
    .where(
        _A.id == _id,
        or_(
            _A.disabled_at.is_(None),
            and_(not_(_IS_FINAL), _A.disabled_for != bindparam("departure")),
        ),
    )
    .values(
        disabled_at=func.coalesce(_A.disabled_at, bindparam("now", type_=UtcDateTime())),
        disabled_for=bindparam("departure"),
    )
)
_ENABLE_ACCOUNT = (
    update(account)
    .where(_A.id == _id, _A.disabled_at.is_not(None))
    .values(disabled_at=None, disabled_for=None)
)
_NOTE_STATE = (
    update(account)
    .where(
        _A.id == _id,
        or_(
            _A.state_checked_at.is_(None),
            _A.state_checked_at < bindparam("checked_at", type_=UtcDateTime()),
        ),
    )
    .values(state_checked_at=bindparam("checked_at"))
)
_DISABLE_PERSON = (
    update(person).where(_P.id == _id, _P.disabled_at.is_(None)).values(disabled_at=bindparam("now"))
)
_ENABLE_PERSON = update(person).where(_P.id == _id, _P.disabled_at.is_not(None)).values(disabled_at=None)
_MOVE_ACCOUNT = update(account).where(_A.id == _id).values(person_id=bindparam("to"))
REMOVE_EMPTY_PERSON = delete(person).where(
    _P.id == _id,
    ~select(_A.id).where(_A.person_id == _P.id).exists(),
    ~select(_R.person_id).where(_R.person_id == _P.id).exists(),
)
_GRANT_ROLE = postgresql.insert(role_grant).on_conflict_do_nothing().returning(_R.person_id)
_ROLE = select(_R.role).where(_R.person_id == _id)
_REVOKE_ROLE = delete(role_grant).where(_R.person_id == _id, _R.role == bindparam("taken"))


class SqlPeople:
    """`sso.directory.stores.People` in SQL."""

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def add_person(self, person: Person) -> None:
        """Remember a person (roles are granted apart)."""
        self._unit.change(
            _ADD_PERSON, {"id": person.id, "name": person.name, "disabled_at": person.disabled_at}
        )

    def add_account(self, account: Account, now: datetime) -> None:
        """Remember an account.

        Raises:
            LoginNameTaken: a citizen account of this name, or this directory's person, exists already.
        """
        if self._unit.row(_ADD_ACCOUNT, account_row(account, now)) is None:
            raise LoginNameTaken

    def person(self, person_id: str) -> Person | None:
        """Return a person with their roles, or None."""
        row = self._unit.row(_PERSON, {"key": person_id})
        return None if row is None else _person(row)

    def list_persons(self, *, after: str, limit: int) -> Sequence[Person]:
        """Return persons by ascending id, those after an id ("" from the start)."""
        return [_person(row) for row in self._unit.rows(_PERSON_PAGE, {"after": after, "size": limit})]

    def disable_person(self, person_id: str, now: datetime) -> bool:
        """Disable a person and so every account of theirs; true if they were enabled."""
        return self._unit.change(_DISABLE_PERSON, {"key": person_id, "now": now}) == 1

    def enable_person(self, person_id: str) -> bool:
        """Enable a person again; true if they were disabled."""
        return self._unit.change(_ENABLE_PERSON, {"key": person_id}) == 1

    def account(self, account_id: str) -> Account | None:
        """Return an account, or None."""
        return _account_or_none(self._unit.row(_ACCOUNT, {"key": account_id}))

    def lock_account(self, account_id: str) -> None:
        """Let no other transaction that locks this account go on before this one ends."""
        self._unit.row(_LOCK_ACCOUNT, {"key": account_id})

    def citizen(self, login_name: str) -> Account | None:
        """Return the citizen account of a normalised login name, or None."""
        return _account_or_none(self._unit.row(_CITIZEN, {"name": login_name}))

    def staff(self, directory_id: str, immutable_id: str) -> Account | None:
        """Return the staff account of a directory's person, or None."""
        key = {"directory": directory_id, "immutable": immutable_id}
        return _account_or_none(self._unit.row(_STAFF, key))

    def staff_named(self, directory_id: str, login_name: str) -> Sequence[Account]:
        """Return the staff accounts last seen under a name, the latest first, a few at most."""
        key = {"directory": directory_id, "name": name_key(login_name)}
        return [account_from(row) for row in self._unit.rows(_STAFF_NAMED, key)]

    def accounts_of(self, person_id: str) -> Sequence[Account]:
        """Return every account of a person, oldest first."""
        return [account_from(row) for row in self._unit.rows(_ACCOUNTS_OF, {"key": person_id})]

    def list_accounts(self, *, after: str, limit: int) -> Sequence[Account]:
        """Return accounts by ascending id, those after an id ("" from the start)."""
        return [account_from(row) for row in self._unit.rows(_ACCOUNT_PAGE, {"after": after, "size": limit})]

    def update_account(
        self, account_id: str, login_name: str, claims: Mapping[str, ClaimValue], now: datetime
    ) -> None:
        """Replace what a directory says about an account; an unknown account changes nothing.

        Raises:
            LoginNameTaken: it is a citizen's account and another citizen has this name.
        """
        values = {
            "key": account_id,
            "new_name": login_name,
            "new_key": name_key(login_name),
            "new_claims": dict(claims),
            "now": now,
        }
        if self._unit.change(_UPDATE_ACCOUNT, values) == 0 and self.account(account_id) is not None:
            raise LoginNameTaken

    def disable_account(self, account_id: str, departure: Departure, now: datetime) -> bool:
        """Disable an account, or note another reason; true if anything changed.

        A final reason stands until the account is enabled; it was disabled when it was first.
        """
        values = {"key": account_id, "departure": departure.value, "now": now}
        return self._unit.change(_DISABLE_ACCOUNT, values) == 1

    def enable_account(self, account_id: str) -> bool:
        """Enable an account again; true if it was disabled."""
        return self._unit.change(_ENABLE_ACCOUNT, {"key": account_id}) == 1

    def note_state(self, account_id: str, checked_at: datetime) -> None:
        """Note when the directory said that an account may be used; an earlier time changes nothing."""
        self._unit.change(_NOTE_STATE, {"key": account_id, "checked_at": checked_at})

    def move_account(self, account_id: str, person_id: str) -> None:
        """Give an account to another person; a person left without accounts and roles is removed."""
        moved = self.account(account_id)
        if moved is None or moved.person_id == person_id:
            return
        self._unit.change(_MOVE_ACCOUNT, {"key": account_id, "to": person_id})
        self._unit.change(REMOVE_EMPTY_PERSON, {"key": moved.person_id})

    def grant_role(self, person_id: str, role: Role, now: datetime) -> bool:
        """Grant a role; false if it is held already.

        Raises:
            RolesConflict: no two roles are ever held together.
        """
        row = {"person_id": person_id, "role": role.value, "granted_at": now}
        if self._unit.row(_GRANT_ROLE, row) is not None:
            return True
        held = self._unit.row(_ROLE, {"key": person_id})
        if held is not None and held.role == role.value:
            return False
        raise RolesConflict

    def revoke_role(self, person_id: str, role: Role) -> bool:
        """Take a role; false if it was not held."""
        return self._unit.change(_REVOKE_ROLE, {"key": person_id, "taken": role.value}) == 1


def _person(row: Row[Any]) -> Person:
    roles = frozenset() if row.role is None else frozenset({Role(row.role)})
    return Person(id=row.id, name=row.name, disabled_at=row.disabled_at, roles=roles)


def account_row(account: Account, now: datetime) -> dict[str, Any]:
    """Return a new account as a row."""
    return {
        "id": account.id,
        "person_id": account.person_id,
        "kind": account.kind.value,
        "login_name": account.login_name,
        "name_key": name_key(account.login_name),
        "directory_id": account.directory_id,
        "immutable_id": account.immutable_id,
        "claims": dict(account.claims),
        "disabled_at": account.disabled_at,
        "disabled_for": None if account.disabled_for is None else account.disabled_for.value,
        "state_checked_at": account.state_checked_at,
        "created_at": now,
        "updated_at": now,
    }


def _account_or_none(row: Row[Any] | None) -> Account | None:
    return None if row is None else account_from(row)


def account_from(row: Row[Any]) -> Account:
    """Return the account of a row."""
    return Account(
        id=row.id,
        person_id=row.person_id,
        kind=AccountKind(row.kind),
        login_name=row.login_name,
        directory_id=row.directory_id,
        immutable_id=row.immutable_id,
        claims=row.claims,
        disabled_at=row.disabled_at,
        disabled_for=None if row.disabled_for is None else Departure(row.disabled_for),
        state_checked_at=row.state_checked_at,
    )
