"""One department's directory as an administrator describes it, checked once when it is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from sso.directory.address import ServerAddress, parse_address
from sso.directory.presets import PRESETS, Preset, Vendor

__all__ = ["DirectorySettings", "Vendor"]

# RFC 4512 section 2.5: an attribute description is a name or an OID, then options.
_ATTRIBUTE = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*")
_DIRECTORY_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")

# Attributes that hold secrets of the person: never asked for, never mapped.
SECRET_ATTRIBUTES = frozenset(
    {"userpassword", "unicodepwd", "dbcspwd", "ntpwdhistory", "lmpwdhistory", "supplementalcredentials"}
    | {"pwdhistory", "passwordhistory", "krbprincipalkey", "ipanthash", "sambantpassword", "sambalmpassword"}
    | {"authpassword", "ms-mcs-admpwd", "mslaps-password"}
)
# Claims that only the provider itself may state (OpenID Connect Core 1.0 sections 2 and 5.1, RFC 9068).
_RESERVED_CLAIMS = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "azp", "sid"}
    | {"at_hash", "c_hash", "s_hash", "client_id", "scope", "cnf", "act", "roles", "groups", "events"}
    | {"email_verified", "phone_number_verified"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySettings:
    """A department directory.

    `realms` are the domains behind the `@` of a login name that lead here. `person_filter` (pairs of
    attribute and value, all required) and `mapping` (claim -> LDAP attribute) fall back to the vendor's
    preset when left empty. `deadline_seconds` bounds one whole sign-in, `pool_size` the sign-ins under way
    and the idle connections. `display_names` gives the department's name per language tag (BCP 47).
    Raises ValueError with a sentence for the administrator.
    """

    id: str
    name: str
    realms: tuple[str, ...]
    vendor: Vendor
    urls: tuple[str, ...]
    bind_dn: str
    bind_password: bytes = field(repr=False)
    base_dn: str
    login_attribute: str
    ca_file: Path | None = None
    person_filter: tuple[tuple[str, str], ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict, hash=False)
    start_tls: bool = False
    deadline_seconds: float = 5.0
    pool_size: int = 4
    display_names: Mapping[str, str] = field(default_factory=dict, hash=False)
    allow_plaintext_on_loopback: bool = False

    def __post_init__(self) -> None:
        preset = PRESETS[self.vendor]
        mapping = self.mapping or {**preset.mapping, "preferred_username": self.login_attribute}
        object.__setattr__(self, "person_filter", self.person_filter or preset.person_filter)
        object.__setattr__(self, "mapping", MappingProxyType(dict(mapping)))
        object.__setattr__(self, "display_names", MappingProxyType(dict(self.display_names)))
        _check_identity(self)
        _check_attributes(self)
        _check_transport(self)

    @property
    def preset(self) -> Preset:
        """The vendor's words."""
        return PRESETS[self.vendor]

    @property
    def addresses(self) -> tuple[ServerAddress, ...]:
        """The servers in the order in which they are tried."""
        return tuple(parse_address(url) for url in self.urls)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute asked of the server: by name, because `*` leaves operational ids out."""
        wanted = (self.login_attribute, self.preset.immutable_attribute, *self.mapping.values())
        return tuple({name.lower(): name for name in wanted}.values())

    def display_name(self, language_tag: str) -> str:
        """The department's name in that language, else the plain name."""
        return self.display_names.get(language_tag, self.name)


def _check_identity(settings: DirectorySettings) -> None:
    if not _DIRECTORY_ID.fullmatch(settings.id):
        msg = "the id of a directory is made of lower-case letters, digits and hyphens"
        raise ValueError(msg)
    if not settings.realms:
        msg = f"directory {settings.id!r} needs at least one realm"
        raise ValueError(msg)
    if not settings.base_dn or not settings.bind_dn:
        msg = f"directory {settings.id!r} needs a base_dn and a bind_dn"
        raise ValueError(msg)
    if not settings.bind_password:
        msg = f"directory {settings.id!r} needs a password for bind_dn: an empty one is anonymous"
        raise ValueError(msg)
    if not 0.5 <= settings.deadline_seconds <= 60:
        msg = "deadline_seconds must be between 0.5 and 60"
        raise ValueError(msg)
    if not 1 <= settings.pool_size <= 64:
        msg = "pool_size must be between 1 and 64"
        raise ValueError(msg)


def _check_attributes(settings: DirectorySettings) -> None:
    filtered = (name for name, _ in settings.person_filter)
    for name in (settings.login_attribute, *settings.mapping.values(), *filtered):
        if not _ATTRIBUTE.fullmatch(name):
            msg = f"{name!r} is not the name of an LDAP attribute"
            raise ValueError(msg)
        if name.partition(";")[0].lower() in SECRET_ATTRIBUTES:
            msg = f"the attribute {name!r} holds a secret and is never read"
            raise ValueError(msg)
    for claim in settings.mapping:
        if claim in _RESERVED_CLAIMS:
            msg = f"the claim {claim!r} is stated by the hub alone and cannot be mapped"
            raise ValueError(msg)


def _check_transport(settings: DirectorySettings) -> None:
    if not settings.urls:
        msg = f"directory {settings.id!r} needs at least one URL"
        raise ValueError(msg)
    for address in settings.addresses:
        if address.implicit_tls:
            if settings.start_tls:
                msg = f"start_tls is for ldap:// only; {address} is encrypted from its first byte"
                raise ValueError(msg)
            continue
        if settings.start_tls or (settings.allow_plaintext_on_loopback and address.is_loopback):
            continue
        msg = f"{address} would send passwords in clear text: use ldaps:// or start_tls = true"
        raise ValueError(msg)
