"""What each vendor of directory calls things: the table behind the defaults of `DirectorySettings`.

Attribute names: RFC 4519, RFC 2798 (inetOrgPerson), [MS-ADA], 389-DS nsUniqueId, FreeIPA ipaUniqueID.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Vendor(StrEnum):
    """The directory servers whose account states and immutable ids are known."""

    ACTIVE_DIRECTORY = "active-directory"
    SAMBA = "samba"
    OPENLDAP = "openldap"
    DS389 = "389-ds"
    FREEIPA = "freeipa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """The vendor's words.

    `immutable_attribute` survives a rename and a move. `person_filter` are the attribute-value pairs
    that every clerk's entry has. `mapping` leads from claim to LDAP attribute.
    """

    immutable_attribute: str
    person_filter: tuple[tuple[str, str], ...]
    mapping: Mapping[str, str] = field(hash=False)


_INETORGPERSON = MappingProxyType(
    {
        "name": "cn",
        "given_name": "givenName",
        "family_name": "sn",
        "email": "mail",
        "phone_number": "telephoneNumber",
        "department": "departmentNumber",
        "title": "title",
    }
)
_WINDOWS_USER = MappingProxyType(dict(_INETORGPERSON, name="displayName", department="department"))
_ACTIVE_DIRECTORY = Preset(
    immutable_attribute="objectGUID",
    person_filter=(("objectCategory", "person"), ("objectClass", "user")),
    mapping=_WINDOWS_USER,
)

PRESETS: Mapping[Vendor, Preset] = MappingProxyType(
    {
        Vendor.ACTIVE_DIRECTORY: _ACTIVE_DIRECTORY,
        Vendor.SAMBA: _ACTIVE_DIRECTORY,
        Vendor.OPENLDAP: Preset(
            immutable_attribute="entryUUID",
            person_filter=(("objectClass", "inetOrgPerson"),),
            mapping=_INETORGPERSON,
        ),
        Vendor.DS389: Preset(
            immutable_attribute="nsUniqueId",
            person_filter=(("objectClass", "inetOrgPerson"),),
            mapping=_INETORGPERSON,
        ),
        Vendor.FREEIPA: Preset(
            immutable_attribute="ipaUniqueID",
            person_filter=(("objectClass", "inetOrgPerson"), ("objectClass", "posixAccount")),
            mapping=_INETORGPERSON,
        ),
    }
)
