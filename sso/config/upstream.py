"""`[[upstream]]`: another OpenID provider at which people may sign in, and what it means."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from sso.authentication.upstream.settings import AcrTable, ClientProof, SignOut, UpstreamSettings
from sso.config.details import Words
from sso.config.directory import ClaimMapping, rule_of_claim
from sso.config.section import Section
from sso.config.source import ConfigurationError, Source
from sso.directory.department import Department
from sso.directory.settings import DirectorySettings
from sso.oidc.registered_address import AddressInvalid, check_web_address

ALGORITHMS = Literal["RS256", "PS256", "ES256", "ES384", "EdDSA"]


class Level(Section):
    """One of `acr` of an upstream: a level of theirs, and what it is worth here."""

    theirs: str
    ours: str


class Upstream(Section):
    """Another OpenID provider, such as a national platform."""

    id: str
    issuer: str
    label: Words
    client_id: str = Field(min_length=1)
    client_authentication: ClientProof = ClientProof.PRIVATE_KEY_JWT
    client_secret_file: Path | None = None
    client_secret_variable: str | None = None
    assertion_algorithm: Literal["RS256", "PS256", "ES256", "EdDSA"] = "ES256"
    assertion_audience: str | None = None
    id_token_algorithms: tuple[ALGORITHMS, ...] = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
    scopes: tuple[str, ...] = ("openid", "profile")
    acr: tuple[Level, ...] = ()
    mapping: dict[str, ClaimMapping] = {}
    identifier_claim: str = "sub"
    userinfo: bool = True
    directory: str | None = None
    just_in_time: bool = False
    sign_out: SignOut = SignOut.OFFER
    allow_loopback: bool = False
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None

    @field_validator("issuer", "assertion_audience")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        if value is not None:
            _check_issuer(value)
        return value

    @field_validator("allow_networks")
    @classmethod
    def _networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            ipaddress.ip_network(value)
        return values

    @model_validator(mode="after")
    def _one_secret(self) -> "Upstream":
        given = (self.client_secret_file is not None) + (self.client_secret_variable is not None)
        if given != (self.client_authentication is not ClientProof.PRIVATE_KEY_JWT):
            raise ValueError(
                "set exactly one of client_secret_file and client_secret_variable with a client secret, and"
                " neither with private_key_jwt"
            )
        return self


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else is configured: our own issuer, the directories, and the environment with its secrets."""

    issuer: str
    directories: tuple[Department, ...]
    environment: Mapping[str, str] = field(repr=False)


def upstreams(
    sections: tuple[Upstream, ...], around: Surroundings, source: Source, home: Path
) -> tuple[UpstreamSettings, ...]:
    """Return the upstreams, with the secrets and files that they name.

    Raises:
        ConfigurationError: an id or issuer that comes twice or is the hub's own, an unknown directory, a
            secret that is not there, or what the settings refuse, such as levels that are not monotone.
    """
    found = tuple(
        _settings(section, around, f"{source.place(('upstream', index))}: upstream.{section.id}", home)
        for index, section in enumerate(sections)
    )
    place = source.place(("upstream",))
    if len({each.id for each in found}) < len(found) or len({each.issuer for each in found}) < len(found):
        raise ConfigurationError(f"{place}: an id or an issuer of an upstream comes twice")
    if around.issuer in {each.issuer for each in found}:
        raise ConfigurationError(f"{place}: the hub is not its own upstream")
    return found


def _settings(section: Upstream, around: Surroundings, place: str, home: Path) -> UpstreamSettings:
    directory = next((each for each in around.directories if each.id == section.directory), None)
    if section.directory is not None and directory is None:
        raise ConfigurationError(f"{place}: there is no directory {section.directory!r}")
    if directory is not None and not isinstance(directory, DirectorySettings):
        sentence = "is a SCIM department: the hub makes the ids of its people, and no upstream can state them"
        raise ConfigurationError(f"{place}: directory {section.directory!r} {sentence}")
    if section.ca_file is not None and not (home / section.ca_file).is_file():
        raise ConfigurationError(f"{place}: ca_file {home / section.ca_file} does not exist")
    try:
        return UpstreamSettings(
            id=section.id,
            issuer=section.issuer,
            labels=section.label,
            client_id=section.client_id,
            proof=section.client_authentication,
            secret=_secret(section, around.environment, place, home),
            assertion_algorithm=section.assertion_algorithm,
            assertion_audience=section.assertion_audience or "",
            algorithms=section.id_token_algorithms,
            scopes=section.scopes,
            acr=AcrTable(tuple((level.theirs, level.ours) for level in section.acr)),
            mapping={claim: rule_of_claim(claim, told) for claim, told in section.mapping.items()},
            identifier=section.identifier_claim,
            userinfo=section.userinfo,
            directory=directory,
            just_in_time=section.just_in_time,
            sign_out=section.sign_out,
            allow_loopback=section.allow_loopback,
            allow_networks=section.allow_networks,
            ca_file=None if section.ca_file is None else home / section.ca_file,
        )
    except ValueError as error:
        raise ConfigurationError(f"{place}: {error}") from error


def _secret(section: Upstream, environment: Mapping[str, str], place: str, home: Path) -> str:
    if section.client_secret_variable is not None:
        secret = environment.get(section.client_secret_variable, "")
        if not secret:
            name = section.client_secret_variable
            raise ConfigurationError(f"{place}: the environment variable {name} is not set")
        return secret
    if section.client_secret_file is None:
        return ""
    file = home / section.client_secret_file
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{place}: client_secret_file: cannot read {file}") from error
    if not secret:
        raise ConfigurationError(f"{place}: client_secret_file: {file} is empty")
    return secret


def _check_issuer(value: str) -> None:
    """Accept https, or http on a loopback address; without query and fragment (Discovery 3)."""
    try:
        check_web_address(value)
    except AddressInvalid as error:
        raise ValueError(f"an issuer {error}") from error
    if "?" in value:
        raise ValueError("an issuer has no query")
