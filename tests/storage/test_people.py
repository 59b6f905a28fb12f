"""Persons, accounts, passwords, roles, subjects: contract of `people`, `credentials`, `subjects`."""

from dataclasses import replace

import pytest

from sso.directory.person import Departure, Role
from sso.directory.stores import LoginNameTaken, PasswordCredential, RolesConflict
from sso.storage.database import Database
from tests.storage.examples import HOUR, NOW, ORIGIN, citizen, clerk, person


def test_a_person_comes_back_with_their_role(database: Database) -> None:
    tuya = person()

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.grant_role(tuya.id, Role.AUDITOR, NOW)
        found = stores.people.person(tuya.id)

    assert found == replace(tuya, roles=frozenset({Role.AUDITOR}))


def test_an_account_is_found_by_id_and_by_name(database: Database) -> None:
    tuya = person()
    account = citizen(tuya.id, claims={"name": "Tuya", "note": "NUL \0 and half a pair \ud800"})

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_account(account, NOW)

    with database.read() as stores:
        assert stores.people.account(account.id) == account
        assert stores.people.citizen("tuya") == account
        assert stores.people.citizen("nobody") is None
        assert stores.people.citizen("tuya\0") is None


def test_a_login_name_belongs_to_one_citizen(database: Database) -> None:
    tuya, other = person(), person()

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_person(other)
        stores.people.add_account(citizen(tuya.id), NOW)
        with pytest.raises(LoginNameTaken):
            stores.people.add_account(citizen(other.id), NOW)
        stores.people.add_account(citizen(other.id, login_name="other"), NOW)

    with database.read() as stores:
        assert stores.people.citizen("other") is not None


def test_a_clerk_may_have_a_citizen_s_name(database: Database) -> None:
    tuya = person()

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_account(citizen(tuya.id), NOW)
        stores.people.add_account(clerk(tuya.id, login_name="tuya"), NOW)

        assert len(stores.people.accounts_of(tuya.id)) == 2


def test_a_directory_s_person_has_one_account(database: Database) -> None:
    bolor = person()
    account = clerk(bolor.id)

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(bolor)
        stores.people.add_account(account, NOW)
        with pytest.raises(LoginNameTaken):
            stores.people.add_account(clerk(bolor.id, login_name="else"), NOW)
        stores.people.add_account(clerk(bolor.id, directory_id="housing"), NOW)

    with database.read() as stores:
        assert stores.people.staff("civil", "uuid-1") == account
        assert stores.people.staff("civil", "uuid-2") is None


def test_every_clerk_of_a_re_used_name_is_told_the_latest_first(database: Database) -> None:
    bolor = person()
    old, new = clerk(bolor.id, immutable_id="old"), clerk(bolor.id, immutable_id="new")

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(bolor)
        stores.people.add_account(new, NOW)
        stores.people.add_account(old, NOW + HOUR)
        stores.people.update_account(new.id, "bolor", {}, NOW + 2 * HOUR)

        found = stores.people.staff_named("civil", "bolor")

    assert [account.id for account in found] == [new.id, old.id]


def test_a_clerk_is_found_however_the_directory_spells_the_name(database: Database) -> None:
    bolor = person()
    account = clerk(bolor.id, login_name="Bolor.E")
    with database.begin(ORIGIN) as stores:
        stores.people.add_person(bolor)
        stores.people.add_account(account, NOW)

        assert stores.people.staff_named("civil", "bolor.e") == [account]
        assert stores.people.staff_named("civil", "BOLOR.E") == [account]
        stores.people.update_account(account.id, "Bolor.\u0001", {}, NOW)
        assert stores.people.staff_named("civil", "bolor.e") == []
        assert stores.people.staff_named("civil", "bolor.\u0001") == []


def test_a_name_of_two_clerks_in_use_means_neither(database: Database) -> None:
    bolor = person()
    old, new = clerk(bolor.id, immutable_id="old"), clerk(bolor.id, immutable_id="new")
    with database.begin(ORIGIN) as stores:
        stores.people.add_person(bolor)
        stores.people.add_account(old, NOW)
        stores.people.add_account(new, NOW + HOUR)

        both = stores.subjects.named("civil", "bolor")
        stores.people.disable_account(old.id, Departure.OFFICER, NOW)
        left = stores.subjects.named("civil", "bolor")
        stores.people.disable_account(new.id, Departure.OFFICER, NOW)
        nobody_left = stores.subjects.named("civil", "bolor")

    assert (both, left, nobody_left) == (None, new.id, None)


def test_what_a_directory_says_replaces_what_it_said(database: Database) -> None:
    bolor = person()
    account = clerk(bolor.id)
    with database.begin(ORIGIN) as stores:
        stores.people.add_person(bolor)
        stores.people.add_account(account, NOW)

    with database.begin(ORIGIN) as stores:
        stores.people.update_account(account.id, "bolor.e", {"name": "Bolor E"}, NOW + HOUR)

    with database.read() as stores:
        found = stores.people.account(account.id)
    assert found == replace(account, login_name="bolor.e", claims={"name": "Bolor E"})


def test_a_citizen_cannot_take_another_s_name_by_an_update(database: Database) -> None:
    tuya = person()
    first, second = citizen(tuya.id), citizen(tuya.id, login_name="second")

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_account(first, NOW)
        stores.people.add_account(second, NOW)
        stores.people.update_account(first.id, "tuya", {"name": "Tuya"}, NOW)
        with pytest.raises(LoginNameTaken):
            stores.people.update_account(second.id, "tuya", {}, NOW)
        stores.people.update_account("unknown", "tuya", {}, NOW)


def test_accounts_of_a_person_are_oldest_first(database: Database) -> None:
    tuya = person()
    accounts = [citizen(tuya.id, id=key, login_name=key) for key in ("z", "m", "a")]

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        for number, account in enumerate(accounts):
            stores.people.add_account(account, NOW + number * HOUR)

        assert [found.id for found in stores.people.accounts_of(tuya.id)] == ["z", "m", "a"]
        assert [found.id for found in stores.people.list_accounts(after="", limit=2)] == ["a", "m"]
        assert [found.id for found in stores.people.list_accounts(after="m", limit=2)] == ["z"]


def test_an_account_is_disabled_and_enabled_once(database: Database) -> None:
    tuya = person()
    account = citizen(tuya.id)

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_account(account, NOW)

        assert stores.people.disable_account(account.id, Departure.OFFICER, NOW)
        assert not stores.people.disable_account(account.id, Departure.OFFICER, NOW + HOUR)
        assert stores.people.account(account.id) == replace(
            account, disabled_at=NOW, disabled_for=Departure.OFFICER
        )
        assert stores.people.enable_account(account.id)
        assert not stores.people.enable_account(account.id)
        assert not stores.people.disable_account("unknown", Departure.OFFICER, NOW)


def test_a_reason_gives_way_to_a_newer_one_and_a_final_one_to_none(database: Database) -> None:
    tuya = person()
    account = clerk(tuya.id)

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_account(account, NOW)
        changes = [
            stores.people.disable_account(account.id, departure, NOW)
            for departure in (Departure.LOCKED, Departure.GONE, Departure.OFFICER, Departure.PURGED)
        ]
        found = stores.people.account(account.id)

    assert changes == [True, True, True, False]
    assert found == replace(account, disabled_at=NOW, disabled_for=Departure.OFFICER)


def test_when_the_state_was_checked_only_moves_forward(database: Database) -> None:
    tuya = person()
    account = clerk(tuya.id)

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_account(account, NOW)
        stores.people.note_state(account.id, NOW + HOUR)
        stores.people.note_state(account.id, NOW)
        found = stores.people.account(account.id)

    assert found == replace(account, state_checked_at=NOW + HOUR)


def test_a_person_is_disabled_and_enabled_once(database: Database) -> None:
    tuya = person()

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)

        assert stores.people.disable_person(tuya.id, NOW)
        assert not stores.people.disable_person(tuya.id, NOW)
        assert stores.people.person(tuya.id) == replace(tuya, disabled_at=NOW)
        assert stores.people.enable_person(tuya.id)
        assert not stores.people.enable_person(tuya.id)


def test_persons_are_listed_in_pages(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        for key in ("c", "a", "b"):
            stores.people.add_person(person(id=key))
        stores.people.grant_role("b", Role.CLIENT_MANAGER, NOW)

        found = stores.people.list_persons(after="a", limit=1)

    assert found == [person(id="b", roles=frozenset({Role.CLIENT_MANAGER}))]


def test_a_person_left_with_nothing_is_removed(database: Database) -> None:
    first, second = person(), person()
    account = citizen(first.id)

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(first)
        stores.people.add_person(second)
        stores.people.add_account(account, NOW)
        stores.people.move_account(account.id, second.id)

        assert stores.people.person(first.id) is None
        assert [found.id for found in stores.people.accounts_of(second.id)] == [account.id]


def test_a_person_with_a_role_stays(database: Database) -> None:
    first, second = person(), person()
    account = citizen(first.id)

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(first)
        stores.people.add_person(second)
        stores.people.add_account(account, NOW)
        stores.people.grant_role(first.id, Role.AUDITOR, NOW)
        stores.people.move_account(account.id, second.id)

        assert stores.people.person(first.id) is not None


def test_the_two_roles_are_never_held_together(database: Database) -> None:
    tuya = person()

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)

        assert stores.people.grant_role(tuya.id, Role.AUDITOR, NOW)
        assert not stores.people.grant_role(tuya.id, Role.AUDITOR, NOW)
        with pytest.raises(RolesConflict):
            stores.people.grant_role(tuya.id, Role.CLIENT_MANAGER, NOW)
        assert not stores.people.revoke_role(tuya.id, Role.CLIENT_MANAGER)
        assert stores.people.revoke_role(tuya.id, Role.AUDITOR)
        assert stores.people.grant_role(tuya.id, Role.CLIENT_MANAGER, NOW)


def test_a_password_is_replaced(database: Database) -> None:
    tuya = person()
    account = citizen(tuya.id)

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_account(account, NOW)
        assert stores.credentials.get(account.id) is None
        stores.credentials.put(PasswordCredential(account.id, "$argon2id$1", NOW))
        stores.credentials.put(PasswordCredential(account.id, "$argon2id$2", NOW + HOUR))

        assert stores.credentials.get(account.id) == PasswordCredential(account.id, "$argon2id$2", NOW + HOUR)


def test_a_subject_has_the_account_s_claims_and_persona(database: Database) -> None:
    bolor = person()
    account = clerk(bolor.id, claims={"name": "Bolor"})

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(bolor)
        stores.people.add_account(account, NOW)
        subject = stores.subjects.get(account.id)

    assert subject is not None
    assert (subject.person_id, subject.active) == (bolor.id, True)
    assert subject.claims == {"name": "Bolor", "persona": "staff"}


@pytest.mark.parametrize("whom", ["account", "person"])
def test_a_subject_is_active_only_while_account_and_person_are(database: Database, whom: str) -> None:
    tuya = person()
    account = citizen(tuya.id)

    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_account(account, NOW)
        if whom == "account":
            stores.people.disable_account(account.id, Departure.OFFICER, NOW)
        else:
            stores.people.disable_person(tuya.id, NOW)
        subject = stores.subjects.get(account.id)

    assert subject is not None
    assert not subject.active


def test_an_unknown_subject_is_none(database: Database) -> None:
    with database.read() as stores:
        assert stores.subjects.get("unknown") is None


def test_a_sub_never_changes_and_differs_by_sector(database: Database) -> None:
    with database.begin(ORIGIN) as stores:
        first = stores.subjects.sub("account-1", "housing", NOW)
        public = stores.subjects.sub("account-1", "", NOW)
        other = stores.subjects.sub("account-2", "housing", NOW)
    with database.begin(ORIGIN) as stores:
        again = stores.subjects.sub("account-1", "housing", NOW + HOUR)

    assert again == first
    assert len({first, public, other}) == 3


def test_an_account_is_found_by_its_sub_in_one_sector(database: Database) -> None:
    tuya = person()
    account = citizen(tuya.id)
    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_account(account, NOW)
        sub = stores.subjects.sub(account.id, "housing", NOW)

        assert stores.subjects.account_of(sub, "housing") == account.id
        assert stores.subjects.account_of(sub, "pensions") is None
        assert stores.subjects.account_of("nobody", "housing") is None


def test_an_account_is_found_by_the_name_that_it_signs_in_with(database: Database) -> None:
    tuya, bolor = person(), person()
    one, two = citizen(tuya.id, login_name="tuya"), clerk(bolor.id, login_name="tuya")
    with database.begin(ORIGIN) as stores:
        stores.people.add_person(tuya)
        stores.people.add_person(bolor)
        stores.people.add_account(one, NOW)
        stores.people.add_account(two, NOW)

        assert stores.subjects.named(None, " TUYA ") == one.id
        assert stores.subjects.named("civil", "Tuya") == two.id
        assert stores.subjects.named("finance", "tuya") is None
        assert stores.subjects.named(None, "nobody") is None
        assert stores.subjects.named(None, "") is None
