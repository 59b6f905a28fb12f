"""`[[directory]]`: one department's LDAP directory in the configuration file, and what it means."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, SecretStr, Tag, model_validator

from sso.config.section import Positive, Section
from sso.directory.claim_rules import ClaimRule
from sso.directory.groups import GroupRules
from sso.directory.presets import (
    GroupStrategy,
    GroupWords,
    IdFormat,
    OwnWords,
    PasswordChange,
    Vendor,
    preset_of,
)
from sso.directory.scim import ScimGroups, ScimSettings
from sso.directory.settings import BindMethod, DirectorySettings
from sso.directory.state_rules import StateRules
from sso.directory.sync_rules import ChangeSource, SyncRules


class ClaimMapping(Section):
    """One claim of `mapping` (`sso.directory.claim_rules`); the name of an attribute alone is its `first`."""

    first: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    separator: str = " "
    template: str = ""
    matching: str = ""
    lower: bool = False
    map: dict[str, str] = {}
    otherwise: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, told: object) -> object:
        return {"first": [told]} if isinstance(told, str) else told


class Groups(Section):
    """`[directory.groups]`: where groups are, and which of them are released as what."""

    base_dn: str | None = None
    strategy: GroupStrategy | None = None
    object_class: str | None = None
    member_attribute: str | None = None
    member_of_attribute: str | None = None
    name_attribute: str | None = None
    released: dict[str, str] = {}
    roles: dict[str, str] = {}


class Sync(Section):
    """`[directory.sync]`: reading everybody regularly; `sso.directory.sync_rules` says what each means."""

    every_seconds: int | None = None
    full_every_seconds: int | None = None
    page_size: int | None = None
    page_seconds: float | None = None
    shrink_percent: float | None = None
    shrink_people: int | None = None
    quarantine_seconds: int | None = None
    retention_days: int | None = None
    create_accounts: bool | None = None
    changes: ChangeSource | None = None


class Directory(Section):
    """`[[directory]]`: one department's LDAP directory."""

    kind: Literal["ldap"] = "ldap"
    id: str
    name: str
    names: dict[str, str] = {}
    realms: tuple[str, ...] = ()
    upn_suffixes: tuple[str, ...] = ()
    mail_domains: tuple[str, ...] = ()
    vendor: Vendor
    urls: Annotated[tuple[str, ...], Field(min_length=1)]
    bind_method: BindMethod = BindMethod.SIMPLE
    bind_dn: str | None = None
    bind_password: SecretStr | None = None
    bind_password_file: Path | None = None
    bind_template: str = ""
    base_dn: str
    login_attribute: str
    ca_file: Path | None = None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None
    start_tls: bool = False
    person_filter: dict[str, str] = {}
    mapping: dict[str, ClaimMapping] = {}
    groups: Groups | None = None
    sync: Sync | None = None
    upn_attribute: str | None = None
    mail_attribute: str | None = None
    immutable_attribute: str | None = None
    immutable_format: IdFormat | None = None
    password_change: PasswordChange | None = None
    password_expiry_attribute: str | None = None
    domain_scope: bool | None = None
    warn_days: Annotated[int, Field(ge=0, le=90)] = 14
    deadline_seconds: Annotated[float, Field(gt=0, le=30)] = 5.0
    pool_size: Positive = 4
    state_max_age_seconds: Annotated[int, Field(ge=0)] = 300
    state_grace_seconds: Annotated[int, Field(ge=0)] = 3600
    state_poll_seconds: Annotated[int, Field(ge=0)] = 30
    allow_plaintext_on_loopback: bool = False

    @model_validator(mode="after")
    def _one_password(self) -> "Directory":
        both = (self.bind_password is None) == (self.bind_password_file is None)
        if both and self.bind_method is BindMethod.SIMPLE:
            raise ValueError("set exactly one of bind_password and bind_password_file")
        return self


class ScimReleased(Section):
    """`[directory.groups]` of a department over SCIM: which groups are released as what."""

    released: dict[str, str] = {}
    roles: dict[str, str] = {}


class ScimDirectory(Section):
    """`[[directory]]` with kind = "scim": a department that brings its people itself (RFC 7644)."""

    kind: Literal["scim"]
    id: str
    name: str
    names: dict[str, str] = {}
    realms: Annotated[tuple[str, ...], Field(min_length=1)]
    mapping: dict[str, ClaimMapping] = {}
    groups: ScimReleased | None = None
    bound_tokens_only: bool = False


def _kind(told: object) -> str:
    kind = told.get("kind", "ldap") if isinstance(told, dict) else getattr(told, "kind", "ldap")
    return str(kind)


AnyDirectory = Annotated[
    Annotated[Directory, Tag("ldap")] | Annotated[ScimDirectory, Tag("scim")],
    Discriminator(_kind, custom_error_type="directory_kind", custom_error_message='kind is "ldap" or "scim"'),
]
KINDS = {"ldap": Directory, "scim": ScimDirectory}


def scim_settings_of(section: ScimDirectory) -> ScimSettings:
    """The department that a table with kind = "scim" describes.

    Raises:
        ValueError: with a sentence for the administrator.
    """
    told = section.groups
    return ScimSettings(
        id=section.id,
        name=section.name,
        display_names=section.names,
        realms=section.realms,
        mapping={claim: rule_of_claim(claim, each) for claim, each in section.mapping.items()},
        groups=None if told is None else ScimGroups(released=told.released, roles=told.roles),
        bound_tokens_only=section.bound_tokens_only,
    )


def settings_of(section: Directory, password: str, file: Callable[[str], Path | None]) -> DirectorySettings:
    """The directory that a table describes. `file` finds the file that a setting names, beside the table's.

    Raises:
        ValueError: with a sentence for the administrator.
    """
    return DirectorySettings(
        id=section.id,
        name=section.name,
        display_names=section.names,
        realms=section.realms,
        upn_suffixes=section.upn_suffixes,
        mail_domains=section.mail_domains,
        vendor=section.vendor,
        urls=section.urls,
        bind_method=section.bind_method,
        bind_dn=section.bind_dn or "",
        bind_password=password.encode(),
        bind_template=section.bind_template,
        base_dn=section.base_dn,
        login_attribute=section.login_attribute,
        own_words=_own_words(section),
        ca_file=file("ca_file"),
        certificate_file=file("certificate_file"),
        certificate_key_file=file("certificate_key_file"),
        person_filter=tuple(section.person_filter.items()),
        mapping={claim: rule_of_claim(claim, told) for claim, told in section.mapping.items()},
        groups=None if section.groups is None else _group_rules(section.groups, section),
        start_tls=section.start_tls,
        deadline_seconds=section.deadline_seconds,
        pool_size=section.pool_size,
        warn_days=section.warn_days,
        state=StateRules(
            max_age=timedelta(seconds=section.state_max_age_seconds),
            grace=timedelta(seconds=section.state_grace_seconds),
            poll=timedelta(seconds=section.state_poll_seconds),
        ),
        allow_plaintext_on_loopback=section.allow_plaintext_on_loopback,
        sync=None if section.sync is None else SyncRules(**section.sync.model_dump(exclude_none=True)),
    )


def _own_words(section: Directory) -> OwnWords:
    return OwnWords(
        upn_attribute=section.upn_attribute,
        mail_attribute=section.mail_attribute,
        immutable_attribute=section.immutable_attribute,
        id_format=section.immutable_format,
        password_change=section.password_change,
        expiry_attribute=section.password_expiry_attribute,
        domain_scope=section.domain_scope,
    )


def rule_of_claim(claim: str, told: ClaimMapping) -> ClaimRule:
    """The rule that a line of `mapping` describes.

    Raises:
        ValueError: with a sentence for the administrator.
    """
    try:
        return ClaimRule(
            first=told.first,
            join=told.join,
            separator=told.separator,
            template=told.template,
            matching=told.matching,
            lower=told.lower,
            table=told.map,
            otherwise=told.otherwise,
        )
    except ValueError as error:
        raise ValueError(f"mapping.{claim}: {error}") from error


def _group_rules(told: Groups, section: Directory) -> GroupRules:
    vendors = preset_of(section.vendor).groups
    words = GroupWords(
        strategy=told.strategy or vendors.strategy,
        object_class=told.object_class or vendors.object_class,
        member_attribute=told.member_attribute or vendors.member_attribute,
        member_of_attribute=told.member_of_attribute or vendors.member_of_attribute,
        name_attribute=told.name_attribute or vendors.name_attribute,
    )
    base_dn = section.base_dn if told.base_dn is None else told.base_dn
    return GroupRules(base_dn=base_dn, words=words, released=told.released, roles=told.roles)
