"""`[[trusted_issuer]]`: who else may vouch for people (RFC 7523 2.1), and the issuers that it makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import field_validator, model_validator

from sso.config.key_file import public_keys
from sso.config.section import Section
from sso.config.source import ConfigurationError, Source
from sso.oidc.assertion_issuer import AssertionIssuer, KnownBy
from sso.oidc.registered_address import AddressInvalid, check_web_address


class TrustedIssuer(Section):
    """An issuer whose assertions about people applications may redeem."""

    issuer: str
    jwks_file: Path | None = None
    jwks_uri: str | None = None
    known_by: KnownBy
    sector: str | None = None
    directory: str | None = None
    claim: str = "sub"
    clients: tuple[str, ...] = ()

    @field_validator("jwks_uri")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                check_web_address(value)
        except AddressInvalid as error:
            raise ValueError(f"jwks_uri {error}") from error
        return value

    @model_validator(mode="after")
    def _together(self) -> "TrustedIssuer":
        if (self.jwks_file is None) == (self.jwks_uri is None):
            raise ValueError("set exactly one of jwks_file and jwks_uri")
        if (self.known_by is KnownBy.SUB) != (self.sector is not None):
            raise ValueError('sector goes with known_by = "sub"')
        if (self.known_by is KnownBy.DIRECTORY) != (self.directory is not None):
            raise ValueError('directory goes with known_by = "directory"')
        return self


@dataclass(frozen=True, slots=True)
class Known:
    """What else is configured: the hub's own issuer, and the ids of its directories."""

    issuer: str
    directories: tuple[str, ...]


def assertion_issuers(
    sections: Sequence[TrustedIssuer], settings: Known, source: Source, home: Path
) -> tuple[AssertionIssuer, ...]:
    """Return the issuers, with the keys that are in files.

    Raises:
        ConfigurationError: keys that cannot be read, an unknown directory, an issuer that comes twice or is
            the hub itself.
    """
    place = source.place(("trusted_issuer",))
    names = [section.issuer for section in sections]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"{place}: an issuer comes twice")
    if settings.issuer in names:
        raise ConfigurationError(f"{place}: the hub does not vouch for people to itself")
    for section in sections:
        if section.directory is not None and section.directory not in settings.directories:
            raise ConfigurationError(f"{place}: there is no directory {section.directory!r}")
    return tuple(
        AssertionIssuer(
            issuer=section.issuer,
            known_by=section.known_by,
            claim=section.claim,
            realm=section.sector or section.directory or "",
            jwks=None if section.jwks_file is None else public_keys(home / section.jwks_file, place),
            jwks_uri=section.jwks_uri,
            clients=section.clients,
        )
        for section in sections
    )
