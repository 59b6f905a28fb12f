"""What each vendor of directory calls things: one data file a vendor, the defaults of `DirectorySettings`.

Attribute names: RFC 4519, RFC 2798 (inetOrgPerson), [MS-ADA], 389-DS nsUniqueId, FreeIPA ipaUniqueID.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

IN_CHAIN_RULE = "1.2.840.113556.1.4.1941"
"""LDAP_MATCHING_RULE_IN_CHAIN ([MS-ADTS] 3.1.1.3.4.4.3). Elsewhere it finds nothing, with result 0."""


class Vendor(StrEnum):
    """The directory servers whose account states and immutable ids are known."""

    ACTIVE_DIRECTORY = "active-directory"
    SAMBA = "samba"
    OPENLDAP = "openldap"
    DS389 = "389-ds"
    FREEIPA = "freeipa"

    @property
    def is_windows(self) -> bool:
        """Whether it speaks Active Directory's dialect."""
        return self in {Vendor.ACTIVE_DIRECTORY, Vendor.SAMBA}


SYNC_IDS: Mapping[Vendor, str] = MappingProxyType({Vendor.OPENLDAP: "entryuuid", Vendor.DS389: "nsuniqueid"})
"""Whose ids those of RFC 4533 are, in lower case, as measured: no other attribute can be matched to them."""


class IdFormat(StrEnum):
    """How an immutable id is written: 16 bytes of Windows, a UUID in text, or 389-DS's four groups."""

    GUID = "guid"
    UUID = "uuid"
    NSUNIQUEID = "nsuniqueid"


class PasswordChange(StrEnum):
    """How a clerk's password is changed.

    `unicode-pwd` deletes the old value and adds the new one as the service account, which Active Directory
    allows to whoever knows the old ([MS-ADTS] 3.1.1.3.1.5); `modify-password` is RFC 3062, as the clerk.
    """

    UNICODE_PWD = "unicode-pwd"
    MODIFY_PASSWORD = "modify-password"
    NONE = "none"


class GroupStrategy(StrEnum):
    """How the groups of a person are found, those that contain their groups included.

    `in-chain` lets Active Directory follow the members; `member-of` trusts an attribute of the person that
    the server keeps complete; `climb` asks level by level which groups have the last ones as members.
    """

    NONE = "none"
    IN_CHAIN = "in-chain"
    MEMBER_OF = "member-of"
    CLIMB = "climb"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWords:
    """What groups are called. `object_class` and `member_attribute` are those of a group's entry."""

    strategy: GroupStrategy
    object_class: str
    member_attribute: str
    member_of_attribute: str
    name_attribute: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """The vendor's words.

    `immutable_attribute` survives a rename and a move. `person_filter` are the attribute-value pairs
    that every clerk's entry has. `mapping` leads from claim to LDAP attribute. `expiry_attribute` says when
    the password ends, in Windows' 100 ns; None where the server says so with the bind. With `domain_scope`
    searches ask for no references to other domains. `signs` are what the root DSE must show.
    """

    vendor: Vendor
    label: str
    login_attribute: str
    upn_attribute: str
    mail_attribute: str
    immutable_attribute: str
    id_format: IdFormat
    person_filter: tuple[tuple[str, str], ...]
    password_change: PasswordChange
    expiry_attribute: str | None
    domain_scope: bool
    groups: GroupWords
    mapping: Mapping[str, str] = field(hash=False)
    signs: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWords:
    """What this directory calls other than its vendor; None leaves the vendor's word."""

    upn_attribute: str | None = None
    mail_attribute: str | None = None
    immutable_attribute: str | None = None
    id_format: IdFormat | None = None
    password_change: PasswordChange | None = None
    expiry_attribute: str | None = None
    domain_scope: bool | None = None

    def applied_to(self, preset: Preset) -> Preset:
        """The preset with these words in the place of its own."""
        changes = {name: getattr(self, name) for name in self.__slots__}
        return replace(preset, **{name: value for name, value in changes.items() if value is not None})


@cache
def preset_of(vendor: Vendor) -> Preset:
    """The vendor's data file, read once."""
    text = files(__name__).joinpath(f"{vendor.value}.toml").read_text(encoding="utf-8")
    return _parsed(vendor, tomllib.loads(text))


def recognise(root_dse: Mapping[str, Sequence[bytes]]) -> Vendor | None:
    """The vendor whose signs the root DSE (RFC 4512 section 5.1) shows; of several the most particular.

    A sign is an attribute, in lower case, and how one of its values begins.
    """
    shown = [vendor for vendor in Vendor if _shows(root_dse, preset_of(vendor).signs)]
    return max(shown, key=lambda vendor: len(preset_of(vendor).signs), default=None)


def _shows(root_dse: Mapping[str, Sequence[bytes]], signs: Mapping[str, str]) -> bool:
    return all(
        any(value.decode("utf-8", "replace").startswith(start) for value in root_dse.get(attribute, ()))
        for attribute, start in signs.items()
    )


def _parsed(vendor: Vendor, told: Mapping[str, Any]) -> Preset:
    groups = told["groups"]
    return Preset(
        vendor=vendor,
        label=told["label"],
        login_attribute=told["login_attribute"],
        upn_attribute=told["upn_attribute"],
        mail_attribute=told["mail_attribute"],
        immutable_attribute=told["immutable_attribute"],
        id_format=IdFormat(told["id_format"]),
        person_filter=tuple((str(name), str(value)) for name, value in told["person_filter"]),
        password_change=PasswordChange(told["password_change"]),
        expiry_attribute=told.get("expiry_attribute"),
        domain_scope=told["domain_scope"],
        groups=GroupWords(
            strategy=GroupStrategy(groups["strategy"]),
            object_class=groups["object_class"],
            member_attribute=groups["member_attribute"],
            member_of_attribute=groups["member_of_attribute"],
            name_attribute=groups["name_attribute"],
        ),
        mapping=MappingProxyType(dict(told["mapping"])),
        signs=MappingProxyType(dict(told["signs"])),
    )
