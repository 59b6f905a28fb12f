import re
from dataclasses import replace
from pathlib import Path

import pytest

from sso.directory.claim_rules import ClaimRule
from sso.directory.groups import GroupRules
from sso.directory.presets import OwnWords, PasswordChange, preset_of
from sso.directory.settings import BindMethod, Vendor
from sso.directory.sync_rules import ChangeSource, SyncRules
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

    assert told.rules["name"].attributes == ("displayName",)
    assert told.rules["preferred_username"].attributes == ("sAMAccountName",)


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


WINDOWS = {"vendor": Vendor.ACTIVE_DIRECTORY, "login_attribute": "sAMAccountName"}
CERTIFICATE = {"certificate_file": Path("hub.pem"), "certificate_key_file": Path("hub.key")}
NOBODY = {"bind_dn": "", "bind_password": b""}


def _groups(vendor, **changes):
    words = replace(preset_of(vendor).groups, **changes)
    return GroupRules(base_dn="ou=groups,dc=example", words=words, released={"a": "b"})


def _told(**words):
    return {"own_words": OwnWords(**words)}


EXTERNAL = {"bind_method": BindMethod.EXTERNAL} | NOBODY
DIRECT = {"bind_method": BindMethod.DIRECT} | NOBODY
UID = {"bind_template": "uid={name},dc=example"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (_told(password_change=PasswordChange.UNICODE_PWD), '"unicode-pwd" does not exist on openldap'),
        (
            WINDOWS | _told(password_change=PasswordChange.MODIFY_PASSWORD),
            '"modify-password" does not exist on active-directory',
        ),
        ({"groups": _groups(Vendor.SAMBA)}, '"in-chain" finds nothing on openldap'),
        ({"sync": SyncRules(changes=ChangeSource.USN)}, '"usn" does not exist on openldap'),
        (
            WINDOWS | {"sync": SyncRules(changes=ChangeSource.SYNCREPL)},
            '"syncrepl" does not exist on active-directory',
        ),
        (
            {"sync": SyncRules(changes=ChangeSource.SYNCREPL)} | _told(immutable_attribute="employeeNumber"),
            '"syncrepl" names nobody by employeeNumber on openldap',
        ),
        ({"groups": _groups(Vendor.OPENLDAP, member_attribute="member)(cn=*")}, "not a name that LDAP knows"),
        ({"groups": _groups(Vendor.OPENLDAP, object_class="")}, "not a name that LDAP knows"),
        (_told(immutable_attribute="*"), "not the name of an LDAP attribute"),
        (_told(upn_attribute="a b"), "not the name of an LDAP attribute"),
        (_told(expiry_attribute="userPassword"), "secret"),
        ({"mapping": {"name": ClaimRule(template="{cn} {userPassword}")}}, "secret"),
        ({"mapping": {"groups": "memberOf"}}, "stated by the hub alone"),
        ({"realms": ()}, "at least one realm"),
        ({"warn_days": 91}, "warn_days"),
        ({"certificate_file": Path("hub.pem")}, "belong together"),
        (EXTERNAL, "needs certificate_file"),
        (EXTERNAL | CERTIFICATE | {"bind_dn": "cn=hub"}, "takes no bind_dn"),
        (
            EXTERNAL | CERTIFICATE | {"urls": ("ldap://127.0.0.1",), "allow_plaintext_on_loopback": True},
            "needs ldaps://",
        ),
        (DIRECT, "bind_template holds {name} once"),
        (DIRECT | {"bind_template": "{name}{name}"}, "bind_template holds {name} once"),
        (DIRECT | {"bind_template": "{name}{uid}"}, "bind_template holds {name} once"),
        (DIRECT | UID | {"bind_dn": "cn=hub"}, "takes no bind_dn"),
        (DIRECT | WINDOWS | {"bind_template": "{name}@tax.example"}, "lets only a service account change"),
        (UID, "for bind_method"),
    ],
)
def test_what_could_never_work_is_refused_when_it_is_saved(changes, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        settings(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        EXTERNAL | CERTIFICATE,
        CERTIFICATE,
        DIRECT | UID,
        DIRECT
        | WINDOWS
        | {"bind_template": "{name}@tax.example"}
        | _told(password_change=PasswordChange.NONE),
        WINDOWS | {"groups": _groups(Vendor.SAMBA)},
        WINDOWS | {"sync": SyncRules(changes=ChangeSource.USN)},
        {"sync": SyncRules(changes=ChangeSource.SYNCREPL)},
        WINDOWS | {"groups": _groups(Vendor.OPENLDAP)},
        {"realms": (), "mail_domains": ("civil.example",)},
    ],
)
def test_every_way_to_bind_and_to_find_groups_can_be_described(changes):
    assert settings(**changes).id == "civil-affairs"


def test_the_attributes_of_groups_and_of_the_passwords_end_are_asked_for():
    told = settings(**WINDOWS, groups=_groups(Vendor.DS389))

    assert {"memberOf", "msDS-UserPasswordExpiryTimeComputed"} <= set(told.attributes)
