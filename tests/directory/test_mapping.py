from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.claim_rules import ClaimRule
from sso.directory.groups import Group, GroupRules
from sso.directory.mapping import CLAIM_MAX_CHARACTERS, claims_of
from sso.directory.presets import Vendor, preset_of
from tests.directory.examples import entry, settings


def test_attributes_become_claims():
    found = entry(cn=b"Bolor Erdene", sn=b"Erdene", mail=b"bolor@civil.example", departmentNumber=b"Registry")

    claims = claims_of(found, settings())

    assert claims == {
        "name": "Bolor Erdene",
        "family_name": "Erdene",
        "email": "bolor@civil.example",
        "department": "Registry",
    }


def test_no_claim_says_that_an_address_is_verified():
    claims = claims_of(entry(mail=b"bolor@civil.example"), settings())

    assert "email_verified" not in claims


def test_a_value_that_is_not_utf8_makes_no_claim():
    assert claims_of(entry(cn=b"Bj\xf6rn"), settings()) == {}


@pytest.mark.parametrize("raw", [b"", b"   ", b"\x00\x07", "\u202e".encode()])
def test_a_value_without_readable_text_makes_no_claim(raw):
    assert claims_of(entry(cn=raw), settings()) == {}


def test_control_and_bidi_characters_are_removed():
    claims = claims_of(entry(cn="Bo\u202elor\0 \x1bErdene\r\n".encode()), settings())

    assert claims["name"] == "Bolor Erdene"


@pytest.mark.parametrize("name", ["ᠪᠣᠯᠣᠷ\u180eᠠ", "علی\u200cرضا", "王小明", "Ганболд Бат"])
def test_names_in_other_scripts_stay_as_they_are(name):
    assert claims_of(entry(cn=name.encode()), settings())["name"] == name


def test_a_long_name_is_shortened():
    claims = claims_of(entry(cn=b"x" * 1000), settings())

    assert claims["name"] == "x" * CLAIM_MAX_CHARACTERS


def test_a_long_address_makes_no_claim_because_a_shortened_one_is_somebody_elses():
    assert claims_of(entry(mail=b"x" * 300 + b"@civil.example"), settings()) == {}


@given(st.binary(max_size=600))
def test_any_bytes_give_a_clean_short_value_or_none(raw):
    value = claims_of(entry(cn=raw), settings()).get("name", "x")

    assert 1 <= len(value) <= CLAIM_MAX_CHARACTERS
    assert not {"\0", "\n", "\r", "\x1b", "\u202e", "\u2028"} & set(value)


RULES = GroupRules(
    base_dn="ou=groups,dc=x",
    words=preset_of(Vendor.OPENLDAP).groups,
    released={"Registry": "clerks"},
    roles={"Approvers": "approver"},
)


def test_rules_make_claims_of_cleaned_values():
    told = settings(mapping={"name": ClaimRule(template="{sn} {givenName}"), "nickname": "uid"})
    found = entry(sn="Er\u202edene".encode(), givenName=b"Bolor\0")

    assert claims_of(found, told) == {"name": "Erdene Bolor"}


def test_groups_and_roles_are_released_when_they_were_read():
    found = replace(entry(), groups=(Group("cn=registry,dc=x", "registry"), Group("cn=vault,dc=x", "vault")))

    claims = claims_of(found, settings(groups=RULES))

    assert (claims["groups"], claims["roles"]) == (["clerks"], [])


def test_groups_that_were_not_read_make_no_claim():
    assert claims_of(entry(), settings(groups=RULES)) == {}
