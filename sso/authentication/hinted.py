"""Whom a name means: as a client hints at it (CIBA Core 7.1, login_hint), and as an officer writes it."""

from collections.abc import Sequence

from sso.authentication.stores import Stores
from sso.directory.department import Department
from sso.directory.person import Account, meant
from sso.directory.routing import CitizenRoute, route


def account_named(typed: str, directories: Sequence[Department], stores: Stores) -> Account | None:
    """Return the account that would be signed in to under a name; a clerk's once they have signed in here.

    A name that several clerks in use bear means nobody.
    """
    try:
        destination = route(typed, directories)
    except ValueError:
        return None
    if isinstance(destination, CitizenRoute):
        return stores.people.citizen(destination.login_name)
    return meant(stores.people.staff_named(destination.directory.id, destination.login_name))


def account_called(text: str, directories: Sequence[Department], stores: Stores) -> Account | None:
    """Return the account of an account id or of a name as it is typed at sign-in."""
    return stores.people.account(text) or account_named(text, directories, stores)
