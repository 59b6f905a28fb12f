from pathlib import Path

import pytest

from sso.directory.settings import Vendor
from tests.directory.examples import settings


def test_the_service_password_is_not_in_the_repr():
    told = settings()

    text = repr(told)

    assert "service-secret" not in text


@pytest.mark.parametrize("url", ["ldap://ldap.civil.example", "ldap://127.0.0.1:389", "ldap://localhost"])
def test_plain_text_is_refused(url):
    with pytest.raises(ValueError, match="clear text"):
        settings(urls=(url,))


def test_plain_text_is_refused_even_as_the_second_url():
    with pytest.raises(ValueError, match="clear text"):
        settings(urls=("ldaps://a.example", "ldap://b.example"))


@pytest.mark.parametrize("url", ["ldap://127.0.0.1:389", "ldap://[::1]:389"])
def test_plain_text_is_accepted_on_a_loopback_literal_when_allowed(url):
    told = settings(urls=(url,), allow_plaintext_on_loopback=True)

    assert told.addresses[0].is_loopback


@pytest.mark.parametrize("url", ["ldap://localhost", "ldap://10.0.0.1", "ldap://127.0.0.1.evil.example"])
def test_plain_text_is_refused_elsewhere_although_allowed_on_loopback(url):
    with pytest.raises(ValueError, match="clear text"):
        settings(urls=(url,), allow_plaintext_on_loopback=True)


def test_start_tls_makes_an_ldap_url_acceptable():
    told = settings(urls=("ldap://ldap.civil.example",), start_tls=True)

    assert told.addresses[0].port == 389


def test_start_tls_on_an_ldaps_url_is_refused():
    with pytest.raises(ValueError, match="start_tls is for ldap://"):
        settings(start_tls=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "ldaps://",
        "a.example",
        "ldaps://a:b@c.example",
        "ldaps://a.example/dc=x",
        "ldaps://a:99999",
    ],
)
def test_an_url_that_is_no_server_is_refused(url):
    with pytest.raises(ValueError, match="URL|must be"):
        settings(urls=(url,))


@pytest.mark.parametrize("attribute", ["userPassword", "unicodePwd", "USERPASSWORD", "userPassword;x-a"])
def test_an_attribute_that_holds_a_secret_cannot_be_mapped(attribute):
    with pytest.raises(ValueError, match="secret"):
        settings(mapping={"name": attribute})


@pytest.mark.parametrize("claim", ["sub", "iss", "email_verified", "acr", "roles"])
def test_a_claim_that_only_the_hub_states_cannot_be_mapped(claim):
    with pytest.raises(ValueError, match="stated by the hub alone"):
        settings(mapping={claim: "cn"})


@pytest.mark.parametrize("attribute", ["*", "", "uid)(cn=*", "+", "a b"])
def test_a_login_attribute_that_is_no_attribute_name_is_refused(attribute):
    with pytest.raises(ValueError, match="not the name of an LDAP attribute"):
        settings(login_attribute=attribute)


def test_an_empty_service_password_is_refused():
    with pytest.raises(ValueError, match="anonymous"):
        settings(bind_password=b"")


def test_the_mapping_falls_back_to_the_vendors():
    told = settings(vendor=Vendor.ACTIVE_DIRECTORY, login_attribute="sAMAccountName")

    assert told.mapping["name"] == "displayName"
    assert told.mapping["preferred_username"] == "sAMAccountName"


def test_the_immutable_attribute_is_asked_for_by_name():
    told = settings(vendor=Vendor.DS389)

    assert "nsUniqueId" in told.attributes


def test_an_attribute_is_asked_for_once():
    told = settings(mapping={"name": "cn", "nickname": "CN"})

    assert [name.lower() for name in told.attributes].count("cn") == 1


def test_the_name_is_shown_in_the_readers_language():
    told = settings(display_names={"zh-CN": "民政局"})

    assert told.display_name("zh-CN") == "民政局"
    assert told.display_name("en") == "Civil Affairs Bureau"


def test_a_ca_file_is_kept_as_a_path():
    told = settings(ca_file=Path("ca.pem"))

    assert told.ca_file == Path("ca.pem")
