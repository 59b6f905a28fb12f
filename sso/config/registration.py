"""`[registration]`: whether applications may register themselves, and the policy that it makes."""

from pathlib import Path
from typing import Any

from pydantic import field_validator

from sso.config.key_file import public_keys
from sso.config.section import Positive, Section
from sso.config.source import ConfigurationError, Source
from sso.oidc.claims import COMMAND_LINE_SCOPES
from sso.oidc.client import GrantType
from sso.oidc.offered import GRANT_TYPES
from sso.oidc.registration import FIELDS
from sso.oidc.registration_policy import (
    DEFAULT_GRANT_TYPES,
    DEFAULT_SCOPES,
    RegistrationMode,
    RegistrationPolicy,
    TrustedIssuer,
)


class StatementIssuer(Section):
    """Somebody whose software statements count (RFC 7591 2.3)."""

    issuer: str
    jwks_file: Path


class Registration(Section):
    """`[registration]`: applications that register themselves (RFC 7591)."""

    mode: RegistrationMode = RegistrationMode.OFF
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    grant_types: tuple[GrantType, ...] = DEFAULT_GRANT_TYPES
    impose: dict[str, Any] = {}
    statement_issuers: tuple[StatementIssuer, ...] = ()
    require_software_statement: bool = False
    network_limit: Positive = 20
    max_clients: Positive = 1000

    @field_validator("scopes")
    @classmethod
    def _scopes(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if set(values) & COMMAND_LINE_SCOPES:
            raise ValueError("officers' scopes and scim are never open to whoever registers by itself")
        return values

    @field_validator("grant_types")
    @classmethod
    def _grant_types(cls, values: tuple[GrantType, ...]) -> tuple[GrantType, ...]:
        for value in values:
            if value not in GRANT_TYPES:
                raise ValueError(f"this hub does not have {value.value}")
        return values

    @field_validator("impose")
    @classmethod
    def _impose(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name in values:
            if name not in FIELDS:
                raise ValueError(f"{name} is no field of client metadata")
        return values


def registration_policy(section: Registration, source: Source, home: Path) -> RegistrationPolicy:
    """Return the policy of a section, with the keys of its issuers.

    Raises:
        ConfigurationError: keys that cannot be read, or statements required of issuers that nobody named.
    """
    if section.require_software_statement and not section.statement_issuers:
        place = source.place(("registration", "require_software_statement"))
        raise ConfigurationError(f"{place}: name the issuers in registration.statement_issuers")
    return RegistrationPolicy(
        mode=section.mode,
        scopes=section.scopes,
        grant_types=section.grant_types,
        imposed=section.impose,
        issuers=tuple(_issuer(issuer, source, home) for issuer in section.statement_issuers),
        statement_required=section.require_software_statement,
        max_clients=section.max_clients,
    )


def _issuer(section: StatementIssuer, source: Source, home: Path) -> TrustedIssuer:
    place = source.place(("registration", "statement_issuers"))
    return TrustedIssuer(section.issuer, public_keys(home / section.jwks_file, place))
