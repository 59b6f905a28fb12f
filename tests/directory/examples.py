"""Values that many tests of the directory need."""

from typing import Any

from sso.directory.entry import Entry
from sso.directory.settings import DirectorySettings, Vendor


def settings(**changes: Any) -> DirectorySettings:
    told: dict[str, Any] = {
        "id": "civil-affairs",
        "name": "Civil Affairs Bureau",
        "realms": ("civil.example",),
        "vendor": Vendor.OPENLDAP,
        "urls": ("ldaps://ldap.civil.example",),
        "bind_dn": "cn=hub,dc=civil,dc=example",
        "bind_password": b"service-secret",
        "base_dn": "ou=people,dc=civil,dc=example",
        "login_attribute": "uid",
    }
    return DirectorySettings(**told | changes)


def entry(**attributes: bytes) -> Entry:
    return Entry(
        directory_id="civil-affairs",
        immutable_id="11111111-2222-3333-4444-555555555555",
        dn="uid=bolor,ou=people,dc=civil,dc=example",
        login_name="bolor",
        attributes={name.lower(): (value,) for name, value in attributes.items()},
    )
