"""Find the account that someone names: by its id, a citizen's login name, or a clerk's name@realm."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from sso.cli.context import fail
from sso.directory.person import Account, AccountKind
from sso.directory.routing import DirectoryRoute, normalise_login_name, route
from sso.directory.settings import DirectorySettings

PAGE = 500


class PeopleRead(Protocol):
    """What is asked of the people's store here."""

    def account(self, account_id: str) -> Account | None: ...  # noqa: D102 - sso.directory.stores says it
    def citizen(self, login_name: str) -> Account | None: ...  # noqa: D102
    def staff_named(self, directory_id: str, login_name: str) -> Account | None: ...  # noqa: D102
    def list_accounts(self, *, after: str, limit: int) -> Sequence[Account]: ...  # noqa: D102


def named_account(people: PeopleRead, name: str, directories: Sequence[DirectorySettings]) -> Account:
    """Return the account, or end the command with a sentence."""
    account = find_account(people, name, directories)
    if account is None:
        fail(f"no account named {name}")
    return account


def find_account(people: PeopleRead, name: str, directories: Sequence[DirectorySettings]) -> Account | None:
    """Return the account of an id, a citizen's login name or name@realm of a clerk who has signed in."""
    if account := people.account(name):
        return account
    try:
        door = route(name, directories)
    except ValueError:
        return None
    if isinstance(door, DirectoryRoute):
        return _clerk(people, door)
    return people.citizen(door.login_name)


def _clerk(people: PeopleRead, door: DirectoryRoute) -> Account | None:
    """A directory's own spelling is stored: where the folded one finds nobody, compare every clerk's."""
    if account := people.staff_named(door.directory.id, door.login_name):
        return account
    for account in all_of(people.list_accounts):
        if account.kind is AccountKind.STAFF and account.directory_id == door.directory.id:
            with suppress(ValueError):  # a name that nobody could type names nobody
                if normalise_login_name(account.login_name) == door.login_name:
                    return people.staff_named(door.directory.id, account.login_name)
    return None


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


_Item = TypeVar("_Item", bound=_HasId, covariant=True)


class _Page(Protocol[_Item]):
    def __call__(self, *, after: str, limit: int) -> Sequence[_Item]: ...


def all_of(page: _Page[_Item]) -> Iterator[_Item]:
    """Yield everything that a store lists by ascending id, page by page."""
    after = ""
    while found := page(after=after, limit=PAGE):
        yield from found
        after = found[-1].id
