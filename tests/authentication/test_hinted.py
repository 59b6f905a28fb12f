"""Who signs in under a name: whom a client means by login_hint (CIBA Core 7.1)."""

import pytest

from sso.authentication.hinted import account_named
from sso.directory.person import Account, AccountKind, Departure, Person
from tests.authentication.examples import CIVIL, NOW
from tests.fakes import FakeStores


@pytest.fixture
def stores() -> FakeStores:
    stores = FakeStores()
    for number, kind in ((1, AccountKind.CITIZEN), (2, AccountKind.STAFF)):
        stores.people.add_person(Person(id=f"person-{number}", name="x", disabled_at=None, roles=frozenset()))
        staff = kind is AccountKind.STAFF
        account = Account(
            id=f"account-{number}",
            person_id=f"person-{number}",
            kind=kind,
            login_name="tuya",
            directory_id="civil" if staff else None,
            immutable_id="uuid" if staff else None,
            claims={},
            disabled_at=None,
        )
        stores.people.add_account(account, NOW)
    return stores


@pytest.mark.parametrize(
    ("typed", "account_id"),
    [
        ("tuya", "account-1"),
        (" TUYA ", "account-1"),
        ("tuya@civil.example", "account-2"),
        ("Tuya@Civil.Example", "account-2"),
        ("tuya@elsewhere.example", None),
        ("bolor@civil.example", None),
        ("nobody", None),
        ("", None),
        ("tu\u200bya", None),
        ("x" * 300, None),
    ],
)
def test_a_hint_leads_where_the_name_would(stores: FakeStores, typed: str, account_id: str | None) -> None:
    found = account_named(typed, (CIVIL,), stores)

    assert (found.id if found is not None else None) == account_id


def test_a_hint_that_two_clerks_in_use_bear_means_nobody(stores: FakeStores) -> None:
    """A leaver's name that a newcomer has: nobody is guessed at."""
    namesake = Account(
        id="account-3",
        person_id="person-2",
        kind=AccountKind.STAFF,
        login_name="Tuya",
        directory_id="civil",
        immutable_id="another-uuid",
        claims={},
        disabled_at=None,
    )
    stores.people.add_account(namesake, NOW)

    assert account_named("tuya@civil.example", (CIVIL,), stores) is None

    stores.people.disable_account("account-2", Departure.OFFICER, NOW)
    found = account_named("tuya@civil.example", (CIVIL,), stores)
    assert found is not None
    assert found.id == "account-3"
