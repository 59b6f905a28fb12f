"""Every setting, with its default, its unit and its limits. `config.example.toml` shows each once."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from sso.config.audit import Audit
from sso.config.details import AuthorizationDetailType
from sso.config.directory import AnyDirectory
from sso.config.keys import Keys
from sso.config.outbound import Outbound
from sso.config.registration import Registration
from sso.config.section import Positive, Section, WebAddress, checked_database_url
from sso.config.trusted_issuer import TrustedIssuer
from sso.config.upstream import Upstream

_HOST_AND_PORT = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


class Server(Section):
    """`[server]`: the issuer and how it is served."""

    issuer: str
    listen: str = "127.0.0.1:8000"
    management_listen: str = "127.0.0.1:9000"
    software: Literal["granian", "gunicorn"] = "granian"
    workers: Positive = 1
    threads: Positive = 16
    trusted_proxies: tuple[str, ...] = ()
    mtls_host: str | None = None
    drain_seconds: Positive = 20
    max_request_bytes: Annotated[int, Field(ge=16_384)] = 262_144

    @field_validator("issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        return checked_issuer(value)

    @field_validator("mtls_host")
    @classmethod
    def _mtls_host(cls, value: str | None) -> str | None:
        if value is not None and not _HOST_AND_PORT.fullmatch(value):
            raise ValueError("a host such as mtls.id.example.gov, in lower case, with :PORT if not 443")
        return value

    @field_validator("listen", "management_listen")
    @classmethod
    def _listen(cls, value: str) -> str:
        split_listen(value)
        return value

    @field_validator("management_listen")
    @classmethod
    def _management(cls, value: str) -> str:
        if not is_loopback(split_listen(value)[0]):
            raise ValueError("the management listener must be on a loopback address")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            ipaddress.ip_network(value, strict=False)
        return values

    @model_validator(mode="after")
    def _somebody_hands_certificates_on(self) -> "Server":
        if self.mtls_host is not None and not self.trusted_proxies:
            raise ValueError("mtls_host needs trusted_proxies: only they are believed about certificates")
        return self


class DatabaseSection(Section):
    """`[database]`: SQLite for one process, PostgreSQL for many."""

    url: str = "sqlite:///hub.db"
    pool_size: Positive = 10

    @field_validator("url")
    @classmethod
    def _known(cls, value: str) -> str:
        return checked_database_url(value)


class Secrets(Section):
    """`[secrets]`: 32 random bytes each, base64url; better kept in files apart from the database."""

    key_encryption_key: SecretStr | None = None
    key_encryption_key_file: Path | None = None
    pepper: SecretStr | None = None
    pepper_file: Path | None = None

    @model_validator(mode="after")
    def _one_source_each(self) -> "Secrets":
        for name in ("key_encryption_key", "pepper"):
            if (getattr(self, name) is None) == (getattr(self, f"{name}_file") is None):
                raise ValueError(f"set exactly one of {name} and {name}_file")
        return self


class Tokens(Section):
    """`[tokens]`: lifetimes in seconds, and what proofs of a key must hold."""

    code_lifetime_seconds: Annotated[int, Field(gt=0, le=60)] = 60
    access_token_lifetime_seconds: Annotated[int, Field(ge=30, le=86_400)] = 300
    id_token_lifetime_seconds: Annotated[int, Field(ge=30, le=86_400)] = 600
    refresh_token_lifetime_seconds: Positive = 2_592_000
    refresh_grace_seconds: Annotated[int, Field(ge=0, le=120)] = 20
    capped_token_lifetime_seconds: Annotated[int, Field(ge=30, le=3_600)] = 120
    dpop_nonce_required: bool = False
    device_code_lifetime_seconds: Annotated[int, Field(ge=60, le=1_800)] = 600
    polling_interval_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    backchannel_lifetime_seconds: Annotated[int, Field(ge=30, le=86_400)] = 300
    backchannel_max_lifetime_seconds: Annotated[int, Field(ge=30, le=86_400)] = 3_600


class SessionSection(Section):
    """`[session]`: limits of a browser session, and how long a consent is remembered."""

    idle_seconds: Positive = 1_800
    lifetime_seconds: Positive = 43_200
    consent_lifetime_seconds: Positive = 31_536_000
    pending_lifetime_seconds: Annotated[int, Field(ge=60, le=86_400)] = 1_800
    session_management: bool = False


class Requests(Section):
    """`[requests]`: how applications may ask for a sign-in."""

    pushed_lifetime_seconds: Annotated[int, Field(ge=10, le=600)] = 90
    require_pushed: bool = False
    request_uri: bool = False


class Api(Section):
    """`[api]`: the management API."""

    fresh_sign_in_seconds: Annotated[int, Field(ge=0)] = 0


class Password(Section):
    """`[password]`: rules for citizens' new passwords, and the cost of hashing them."""

    minimum_length: Annotated[int, Field(ge=8, le=64)] = 15
    blocklist_file: Path | None = None
    memory_kibibytes: Annotated[int, Field(ge=7_168)] = 19_456
    iterations: Positive = 2
    parallelism: Positive = 1
    concurrency: Positive = 4


class Throttle(Section):
    """`[throttle]`: attempts per window, by sign-in name and by network."""

    account_limit: Annotated[int, Field(gt=0, le=100)] = 10
    network_limit: Positive = 300
    window_seconds: Positive = 900


class PagesSection(Section):
    """`[pages]`: what people see."""

    name: str = "Sign-on hub"
    names: dict[str, str] = {}
    default_language: Literal["en", "zh-CN"] = "en"
    create_account_url: WebAddress | None = None


class Log(Section):
    """`[log]`: JSON lines on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """The whole file."""

    server: Server
    database: DatabaseSection = DatabaseSection()
    secrets: Secrets
    tokens: Tokens = Tokens()
    session: SessionSection = SessionSection()
    api: Api = Api()
    requests: Requests = Requests()
    registration: Registration = Registration()
    keys: Keys = Keys()
    password: Password = Password()
    throttle: Throttle = Throttle()
    pages: PagesSection = PagesSection()
    outbound: Outbound = Outbound()
    audit: Audit = Audit()
    log: Log = Log()
    directory: tuple[AnyDirectory, ...] = ()
    authorization_details_type: tuple[AuthorizationDetailType, ...] = ()
    trusted_issuer: tuple[TrustedIssuer, ...] = ()
    upstream: tuple[Upstream, ...] = ()

    @field_validator("authorization_details_type")
    @classmethod
    def _one_of_each(cls, types: tuple[AuthorizationDetailType, ...]) -> tuple[AuthorizationDetailType, ...]:
        if len({each.type for each in types}) != len(types):
            raise ValueError("a type is defined twice")
        return types


def checked_issuer(value: str) -> str:
    """Return an issuer that browsers and clients can trust (OpenID Connect Discovery 3).

    Raises:
        ValueError: not https (http only on a loopback address), or with a trailing slash, query or
            fragment.
    """
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not _HOST_AND_PORT.fullmatch(parts.netloc):
        raise ValueError("the issuer is an address such as https://id.example.gov, in lower case")
    if parts.port == 0 or not parts.hostname:
        raise ValueError("the issuer's port is between 1 and 65535")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("an http issuer is accepted only on a loopback address; use https")
    if parts.query or parts.fragment or "?" in value or "#" in value or value.endswith("/"):
        raise ValueError("the issuer has no trailing slash, no query and no fragment")
    if parts.path:
        raise ValueError("the issuer has no path: the hub serves a whole host")
    return value


def is_loopback(host: str) -> bool:
    """Whether a host is localhost or a loopback IP literal."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def split_listen(value: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT or [IPV6]:PORT.

    Raises:
        ValueError: neither.
    """
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError("use HOST:PORT, for example 127.0.0.1:8000")
    return host.strip("[]"), int(port)
