"""Accounts of people whose password the hub keeps: citizens, and clerks whose department uses SCIM."""

from sso.authentication.stores import Stores
from sso.directory.person import Account
from sso.directory.provisioned import ResourceKind
from sso.directory.routing import CitizenRoute, DirectoryRoute


def known_here(route: CitizenRoute | DirectoryRoute, stores: Stores) -> Account | None:
    """The account of whose password the hub keeps: a citizen's, or a clerk's whose department uses SCIM."""
    if isinstance(route, CitizenRoute):
        return stores.people.citizen(route.login_name)
    user = stores.provisioned.named(route.directory.id, ResourceKind.USER, route.login_name)
    return None if user is None or user.account_id is None else stores.people.account(user.account_id)


def usable(account: Account, stores: Stores) -> bool:
    """Whether neither the account nor its person is disabled."""
    person = stores.people.person(account.person_id)
    return account.disabled_at is None and person is not None and person.disabled_at is None
