"""One department's directory as an administrator describes it, checked once when it is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from sso.directory.account_state import state_attributes
from sso.directory.address import ServerAddress, parse_address
from sso.directory.claim_rules import ClaimRule, attributes_of, rule_of
from sso.directory.groups import GroupRules
from sso.directory.presets import GroupStrategy, OwnWords, PasswordChange, Preset, Vendor, preset_of
from sso.directory.state_rules import StateRules
from sso.directory.sync_rules import SyncRules, check_source

__all__ = ["SECRET_ATTRIBUTES", "BindMethod", "DirectorySettings", "OwnWords", "Vendor"]


# RFC 4512 section 2.5: an attribute description is a name or an OID, then options.
_ATTRIBUTE = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*")
DIRECTORY_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")

# Attributes that hold secrets of the person: never asked for, never mapped.
SECRET_ATTRIBUTES = frozenset(
    {"userpassword", "unicodepwd", "dbcspwd", "ntpwdhistory", "lmpwdhistory", "supplementalcredentials"}
    | {"pwdhistory", "passwordhistory", "krbprincipalkey", "ipanthash", "sambantpassword", "sambalmpassword"}
    | {"authpassword", "ms-mcs-admpwd", "mslaps-password"}
)
# Claims that only the provider itself may state (OpenID Connect Core 1.0 sections 2 and 5.1, RFC 9068), and
# those that come from the rules for groups.
RESERVED_CLAIMS = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "azp", "sid"}
    | {"at_hash", "c_hash", "s_hash", "client_id", "scope", "cnf", "act", "roles", "groups", "events"}
    | {"email_verified", "phone_number_verified"}
)


class BindMethod(StrEnum):
    """As whom the hub looks a clerk up.

    `simple` is a service account with a password, `external` one that the client certificate names (SASL
    EXTERNAL, RFC 4422 appendix A), `direct` nobody: the clerk's own bind comes first, under a name made by a
    template.
    """

    SIMPLE = "simple"
    EXTERNAL = "external"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySettings:
    """A department directory.

    `realms` are the domains behind the `@` of a login name that lead here; the part before the `@` is then
    looked for in `login_attribute`. Names in `upn_suffixes` and `mail_domains` are looked for whole, in the
    user principal name and in the mail address. `person_filter` (pairs of attribute and value, all
    required) and `mapping` (claim -> LDAP attribute or rule) fall back to the vendor's preset when left
    empty. `deadline_seconds` bounds one whole sign-in, `pool_size` the sign-ins under way and the idle
    connections. `state` says how old the hub's knowledge of an account may be. A clerk is warned `warn_days`
    before the password ends. `display_names` gives the department's name per language tag (BCP 47). Without
    `sync` nobody reads the directory by themselves.
    Raises ValueError with a sentence for the administrator.
    """

    id: str
    name: str
    vendor: Vendor
    urls: tuple[str, ...]
    base_dn: str
    login_attribute: str
    realms: tuple[str, ...] = ()
    upn_suffixes: tuple[str, ...] = ()
    mail_domains: tuple[str, ...] = ()
    bind_method: BindMethod = BindMethod.SIMPLE
    bind_dn: str = ""
    bind_password: bytes = field(default=b"", repr=False)
    bind_template: str = ""
    own_words: OwnWords = OwnWords()
    ca_file: Path | None = None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None
    person_filter: tuple[tuple[str, str], ...] = ()
    mapping: Mapping[str, str | ClaimRule] = field(default_factory=dict, hash=False)
    groups: GroupRules | None = None
    start_tls: bool = False
    deadline_seconds: float = 5.0
    pool_size: int = 4
    warn_days: int = 14
    state: StateRules = StateRules()
    display_names: Mapping[str, str] = field(default_factory=dict, hash=False)
    allow_plaintext_on_loopback: bool = False
    sync: SyncRules | None = None
    preset: Preset = field(init=False)
    rules: Mapping[str, ClaimRule] = field(init=False, hash=False)

    def __post_init__(self) -> None:
        preset = self.own_words.applied_to(preset_of(self.vendor))
        mapping = self.mapping or {**preset.mapping, "preferred_username": self.login_attribute}
        rules = {claim: rule_of(told) for claim, told in mapping.items()}
        object.__setattr__(self, "preset", preset)
        object.__setattr__(self, "person_filter", self.person_filter or preset.person_filter)
        object.__setattr__(self, "mapping", MappingProxyType(dict(mapping)))
        object.__setattr__(self, "rules", MappingProxyType(rules))
        object.__setattr__(self, "display_names", MappingProxyType(dict(self.display_names)))
        _check(self)

    @property
    def can_look_up(self) -> bool:
        """Whether people can be looked up without their password: there is a service account."""
        return self.bind_method is not BindMethod.DIRECT

    @property
    def addresses(self) -> tuple[ServerAddress, ...]:
        """The servers in the order in which they are tried."""
        return tuple(parse_address(url) for url in self.urls)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute asked of the server: by name, because `*` leaves operational ids out."""
        wanted = [self.login_attribute, self.preset.immutable_attribute]
        wanted += attributes_of(tuple(self.rules.values()))
        wanted += state_attributes(self.vendor)
        if self.preset.expiry_attribute is not None:
            wanted.append(self.preset.expiry_attribute)
        if self.groups is not None and self.groups.words.strategy is GroupStrategy.MEMBER_OF:
            wanted.append(self.groups.words.member_of_attribute)
        return tuple({name.lower(): name for name in wanted}.values())

    @property
    def keeps_passwords(self) -> bool:
        """Whether the directory itself judges passwords, rather than the hub."""
        return True

    @property
    def changes_passwords(self) -> bool:
        """Whether clerks can change their password during a sign-in."""
        return self.preset.password_change is not PasswordChange.NONE

    def display_name(self, language_tag: str) -> str:
        """The department's name in that language, else the plain name."""
        return self.display_names.get(language_tag, self.name)


def _check(settings: DirectorySettings) -> None:
    """Raise ValueError with a sentence for the administrator: mistakes are refused when they are saved."""
    _check_identity(settings)
    _check_limits(settings)
    _check_bind(settings)
    _check_attributes(settings)
    _check_vendor(settings)
    if settings.sync is not None:
        check_source(settings.sync.changes, settings.vendor, settings.preset.immutable_attribute)
    _check_transport(settings)


def _check_identity(settings: DirectorySettings) -> None:
    if not DIRECTORY_ID.fullmatch(settings.id):
        msg = "the id of a directory is made of lower-case letters, digits and hyphens"
        raise ValueError(msg)
    if not (settings.realms or settings.upn_suffixes or settings.mail_domains):
        msg = f"directory {settings.id!r} needs at least one realm, UPN suffix or mail domain"
        raise ValueError(msg)
    if not settings.base_dn:
        msg = f"directory {settings.id!r} needs a base_dn"
        raise ValueError(msg)


def _check_limits(settings: DirectorySettings) -> None:
    if not 0.5 <= settings.deadline_seconds <= 60:
        msg = "deadline_seconds must be between 0.5 and 60"
        raise ValueError(msg)
    if not 1 <= settings.pool_size <= 64:
        msg = "pool_size must be between 1 and 64"
        raise ValueError(msg)
    if not 0 <= settings.warn_days <= 90:
        msg = "warn_days must be between 0 and 90"
        raise ValueError(msg)


def _check_bind(settings: DirectorySettings) -> None:
    match settings.bind_method:
        case BindMethod.SIMPLE:
            _check_simple(settings)
        case BindMethod.EXTERNAL:
            _check_external(settings)
        case BindMethod.DIRECT:
            _check_direct(settings)
    if (settings.certificate_file is None) != (settings.certificate_key_file is None):
        msg = "certificate_file and certificate_key_file belong together"
        raise ValueError(msg)


def _check_simple(settings: DirectorySettings) -> None:
    if not settings.bind_dn:
        msg = f"directory {settings.id!r} needs a bind_dn"
        raise ValueError(msg)
    if not settings.bind_password:
        msg = f"directory {settings.id!r} needs a password for bind_dn: an empty one is anonymous"
        raise ValueError(msg)
    if settings.bind_template:
        msg = 'bind_template is for bind_method = "direct" only'
        raise ValueError(msg)


def _check_external(settings: DirectorySettings) -> None:
    """The certificate is the account: a second name beside it would only mislead."""
    if settings.certificate_file is None:
        msg = 'bind_method = "external" needs certificate_file and certificate_key_file'
        raise ValueError(msg)
    if settings.bind_dn or settings.bind_password or settings.bind_template:
        msg = 'bind_method = "external" takes no bind_dn, password or bind_template'
        raise ValueError(msg)
    if any(not address.implicit_tls for address in settings.addresses) and not settings.start_tls:
        msg = 'bind_method = "external" needs ldaps:// or start_tls = true'
        raise ValueError(msg)


def _check_direct(settings: DirectorySettings) -> None:
    if settings.bind_template.count("{name}") != 1 or settings.bind_template.count("{") != 1:
        msg = "bind_template holds {name} once, as in {name}@civil.example or uid={name},ou=people,dc=example"
        raise ValueError(msg)
    if settings.bind_dn or settings.bind_password:
        msg = 'bind_method = "direct" takes no bind_dn and no password'
        raise ValueError(msg)
    if settings.sync is not None:
        msg = 'sync reads everybody as the service account, which bind_method = "direct" has not'
        raise ValueError(msg)
    if settings.preset.password_change is PasswordChange.UNICODE_PWD:
        msg = (
            "Active Directory lets only a service account change a password that has ended: set "
            'password_change = "none" with bind_method = "direct"'
        )
        raise ValueError(msg)


def _check_attributes(settings: DirectorySettings) -> None:
    preset = settings.preset
    words = (preset.upn_attribute, preset.mail_attribute)
    filtered = (name for name, _ in settings.person_filter)
    for name in (*settings.attributes, *words, *filtered):
        if not _ATTRIBUTE.fullmatch(name):
            msg = f"{name!r} is not the name of an LDAP attribute"
            raise ValueError(msg)
        if name.partition(";")[0].lower() in SECRET_ATTRIBUTES:
            msg = f"the attribute {name!r} holds a secret and is never read"
            raise ValueError(msg)
    for claim in settings.rules:
        if claim in RESERVED_CLAIMS:
            msg = f"the claim {claim!r} is stated by the hub alone and cannot be mapped"
            raise ValueError(msg)


def _check_vendor(settings: DirectorySettings) -> None:
    """What the server would answer with silence or with an error is refused here."""
    groups, change = settings.groups, settings.preset.password_change
    if groups is not None:
        words = groups.words
        for name in (words.object_class, words.member_attribute, words.name_attribute):
            if not _ATTRIBUTE.fullmatch(name):
                msg = f"{name!r} is not a name that LDAP knows"
                raise ValueError(msg)
        if words.strategy is GroupStrategy.IN_CHAIN and not settings.vendor.is_windows:
            msg = f'strategy = "in-chain" finds nothing on {settings.vendor}: use "climb" or "member-of"'
            raise ValueError(msg)
        if words.strategy is not GroupStrategy.MEMBER_OF and not groups.base_dn:
            msg = "groups need a base_dn below which they are searched"
            raise ValueError(msg)
    if change is PasswordChange.UNICODE_PWD and not settings.vendor.is_windows:
        msg = f'password_change = "unicode-pwd" does not exist on {settings.vendor}: use "modify-password"'
        raise ValueError(msg)
    if change is PasswordChange.MODIFY_PASSWORD and settings.vendor.is_windows:
        msg = f'password_change = "modify-password" does not exist on {settings.vendor}: use "unicode-pwd"'
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
