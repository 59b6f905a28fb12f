"""A clerk's account: one whatever its name is spelled like, and no poorer by what was not read."""

import unicodedata
from dataclasses import replace

import pytest

from sso.authentication.clerks import account_of
from sso.directory.groups import Group, GroupRules
from tests.authentication.examples import CIVIL, HOUR, NOW, Desk, entry

RULES = GroupRules(
    base_dn="dc=example",
    words=CIVIL.preset.groups,
    released={"permits": "permits"},
    roles={"permits": "approver"},
)
GROUPED = replace(CIVIL, groups=RULES)
PERMITS = (Group(dn="cn=permits,dc=example", name="permits"),)


@pytest.mark.parametrize(
    "spelled", ["Bolor.Erdené", "BOLOR.ERDENÉ", unicodedata.normalize("NFD", "bolor.erdené")]
)
def test_a_clerk_is_found_however_the_directory_spells_the_name(spelled: str) -> None:
    desk = Desk()

    account = account_of(entry(login_name=spelled), CIVIL, desk.stores, NOW)

    assert desk.stores.people.staff_named("civil", "bolor.erdené") == [account]


def test_groups_that_were_not_read_stay_as_they_were_known() -> None:
    desk = Desk()
    account_of(entry(groups=PERMITS), GROUPED, desk.stores, NOW)

    account = account_of(entry(groups=None), GROUPED, desk.stores, NOW + HOUR)

    assert (account.claims["groups"], account.claims["roles"]) == (["permits"], ["approver"])
    assert desk.stores.audit.codes() == ["account.created"]


def test_groups_that_were_left_are_gone() -> None:
    desk = Desk()
    account_of(entry(groups=PERMITS), GROUPED, desk.stores, NOW)

    account = account_of(entry(groups=()), GROUPED, desk.stores, NOW + HOUR)

    assert (account.claims["groups"], account.claims["roles"]) == ([], [])


def test_groups_that_nobody_wants_any_more_are_gone() -> None:
    desk = Desk()
    account_of(entry(groups=PERMITS), GROUPED, desk.stores, NOW)

    account = account_of(entry(groups=None), CIVIL, desk.stores, NOW + HOUR)

    assert not {"groups", "roles"} & account.claims.keys()
