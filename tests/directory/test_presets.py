import pytest

from sso.directory.presets import (
    GroupStrategy,
    IdFormat,
    OwnWords,
    PasswordChange,
    Vendor,
    preset_of,
    recognise,
)

OPENLDAP = {"objectclass": (b"top", b"OpenLDAProotDSE"), "supportedldapversion": (b"3",)}
DS389 = {"vendorname": (b"389 Project",), "vendorversion": (b"389-Directory/2.3.1 B2023.026.2007",)}
WINDOWS = {"supportedcapabilities": (b"1.2.840.113556.1.4.800", b"1.2.840.113556.1.4.1670")}


@pytest.mark.parametrize("vendor", Vendor)
def test_every_vendor_has_a_data_file(vendor):
    assert preset_of(vendor).vendor is vendor


@pytest.mark.parametrize(
    ("root_dse", "vendor"),
    [
        (OPENLDAP, Vendor.OPENLDAP),
        (DS389, Vendor.DS389),
        (DS389 | {"ipatopologypluginversion": (b"1.0",)}, Vendor.FREEIPA),
        (WINDOWS, Vendor.ACTIVE_DIRECTORY),
        (WINDOWS | {"vendorname": (b"Samba Team (https://www.samba.org)",)}, Vendor.SAMBA),
        ({}, None),
        ({"vendorname": (b"Novell, Inc.",)}, None),
        ({"objectclass": (b"\xff\xfe",)}, None),
    ],
)
def test_a_vendor_is_recognised_by_the_root_dse(root_dse, vendor):
    assert recognise(root_dse) is vendor


def test_the_words_of_windows():
    preset = preset_of(Vendor.ACTIVE_DIRECTORY)

    assert (preset.immutable_attribute, preset.id_format) == ("objectGUID", IdFormat.GUID)
    assert preset.password_change is PasswordChange.UNICODE_PWD
    assert preset.groups.strategy is GroupStrategy.IN_CHAIN


def test_each_word_can_be_replaced():
    own = OwnWords(immutable_attribute="employeeUUID", id_format=IdFormat.UUID, domain_scope=False)

    preset = own.applied_to(preset_of(Vendor.ACTIVE_DIRECTORY))

    assert (preset.immutable_attribute, preset.domain_scope) == ("employeeUUID", False)
    assert preset.mail_attribute == "mail"
