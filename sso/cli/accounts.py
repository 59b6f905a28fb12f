"""Find the account that someone names: by its id, a citizen's login name, or a clerk's name@realm."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from sso.audit.entry import names_account
from sso.cli.arguments import visible
from sso.cli.context import fail
from sso.directory.department import Department
from sso.directory.person import Account
from sso.directory.routing import DirectoryRoute, route
from sso.directory.stores import People

PAGE = 500


def named_account(people: People, name: str, directories: Sequence[Department]) -> Account:
    """Return the account, or end the command with a sentence."""
    account = find_account(people, name, directories)
    if account is None:
        fail(
            f"no account named {name}"
            + ("; a clerk has one from the first sign-in on" if "@" in name else "")
        )
    return account


def find_account(people: People, name: str, directories: Sequence[Department]) -> Account | None:
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


def ids_of_person(people: People, name: str, directories: Sequence[Department]) -> tuple[str, ...]:
    """Return the ids under which the audit log knows a person: their own, then those of their accounts.

    An id that nobody has any more stands for itself: the log may still tell of it. Anything else is an error.
    """
    account = find_account(people, name, directories)
    if account is not None:
        return (account.person_id, *(each.id for each in people.accounts_of(account.person_id)))
    if people.person(name) is not None:
        return (name, *(each.id for each in people.accounts_of(name)))
    return (name,) if names_account(name) else fail(f"no account named {name}")


def _clerk(people: People, door: DirectoryRoute) -> Account | None:
    """A role or a link must not go to the wrong human: several accounts of one name are never guessed at."""
    found = people.staff_named(door.directory.id, door.login_name)
    if len(found) > 1:
        known = "; ".join(f"{account.id} ({visible(account.text_claim('name') or '-')})" for account in found)
        fail(f"several clerks have signed in under that name; give the account id: {known}")
    return found[0] if found else None


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
