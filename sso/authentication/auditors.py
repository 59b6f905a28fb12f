"""Whom the findings of detection rules can be given to."""

from typing import Protocol

from sso.directory.person import Account, Role
from sso.directory.stores import People


class PeopleStores(Protocol):
    """Where people are."""

    @property
    def people(self) -> People:
        """People and their accounts."""
        ...


def auditor(account_id: str, stores: PeopleStores) -> Account | None:
    """Return an account whose person holds the auditor's role now, or None."""
    account = stores.people.account(account_id)
    person = None if account is None else stores.people.person(account.person_id)
    return account if person is not None and Role.AUDITOR in person.roles else None


def name_of(account_id: str | None, stores: PeopleStores) -> str | None:
    """Return the name of an account's person, or None of nobody's: a command's user, or somebody gone."""
    account = None if account_id is None else stores.people.account(account_id)
    person = None if account is None else stores.people.person(account.person_id)
    return None if person is None else person.name
