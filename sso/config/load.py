"""Load and check the configuration, and turn pydantic's findings into sentences with a place."""

import base64
import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sso.archive.settings import ArchiveSettings
from sso.audit.rules.shipped import RuleSet
from sso.authentication.upstream.settings import UpstreamSettings
from sso.config.archive import archive_settings
from sso.config.directory import KINDS, Directory, scim_settings_of, settings_of
from sso.config.geography import geography_settings
from sso.config.keys import token_settings
from sso.config.registration import registration_policy
from sso.config.rules import rules_of
from sso.config.schema import Config
from sso.config.sinks import SinkSettings, sinks_of
from sso.config.source import ConfigurationError, Path_, Source, read
from sso.config.trusted_issuer import Known, assertion_issuers
from sso.config.upstream import Surroundings, upstreams
from sso.directory.department import Department
from sso.directory.routing import check_realms
from sso.directory.scim import ScimSettings
from sso.directory.settings import DirectorySettings
from sso.geography.settings import GeographySettings
from sso.oidc.assertion_issuer import AssertionIssuer
from sso.oidc.registration_policy import RegistrationPolicy
from sso.pkcs11.settings import TokenSettings
from sso.storage.audit_keys import audit_keys_url

DEFAULT_FILE = "sso.toml"
_BASE64URL_OF_32_BYTES = re.compile(r"[A-Za-z0-9_-]{43}=?")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A checked configuration: the settings, the secrets they point to, and the file they came from."""

    file: Path
    settings: Config = field(repr=False)
    key_encryption_key: bytes = field(repr=False)
    pepper: bytes = field(repr=False)
    directories: tuple[Department, ...]
    database_url: str = field(repr=False)
    audit_key_database_url: str = field(repr=False)
    audit_last_signed_file: Path
    audit_spool_file: Path
    audit_archive: ArchiveSettings | None
    audit_sinks: tuple[SinkSettings, ...]
    rules: RuleSet
    geography: GeographySettings | None
    blocklist_file: Path | None
    registration: RegistrationPolicy
    assertion_issuers: tuple[AssertionIssuer, ...]
    token: TokenSettings | None
    upstreams: tuple[UpstreamSettings, ...]

    def beside(self, file: Path) -> Path:
        """Return where a file is that the configuration names: beside it, unless its path is absolute."""
        return self.file.resolve().parent / file

    @property
    def read_directories(self) -> tuple[DirectorySettings, ...]:
        """Those that the hub asks itself, over LDAP; a department over SCIM comes by itself."""
        return _read_here(self.directories)

    @property
    def scim_directories(self) -> tuple[str, ...]:
        """The ids of the departments that bring their people over SCIM."""
        return tuple(each.id for each in self.directories if isinstance(each, ScimSettings))


def load(file: str | None = None, environment: Mapping[str, str] | None = None) -> Configuration:
    """Load `file`, else the one SSO_CONFIG names, else ./sso.toml.

    Raises:
        ConfigurationError: with file, line, key and the nearest right name.
    """
    environment = os.environ if environment is None else environment
    path = Path(file or environment.get("SSO_CONFIG") or DEFAULT_FILE)
    source = read(path, environment)
    try:
        settings = Config.model_validate(source.tree)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_sentences(error, source))) from error
    home = path.resolve().parent
    _check_outbound(settings.outbound.ca_file, source, home)
    _check_stamping(settings, source, home)
    directories = _directories(settings, source, home)
    around = Surroundings(settings.server.issuer, directories, environment)
    return Configuration(
        file=path,
        settings=settings,
        key_encryption_key=_secret(settings, "key_encryption_key", source, home),
        pepper=_secret(settings, "pepper", source, home),
        directories=directories,
        database_url=_database_url(settings.database.url, home),
        audit_key_database_url=_database_url(
            settings.audit.key_database_url or audit_keys_url(settings.database.url), home
        ),
        audit_last_signed_file=home / settings.audit.last_signed_file,
        audit_spool_file=home / settings.audit.spool_file,
        audit_archive=archive_settings(settings.audit.archive, source, home),
        audit_sinks=sinks_of(settings.audit.sink, _known(settings).directories, source, home),
        rules=rules_of(settings.audit, source, home),
        geography=geography_settings(settings.audit.geography, source, home),
        blocklist_file=_blocklist(settings.password.blocklist_file, source, home),
        registration=registration_policy(settings.registration, source, home),
        assertion_issuers=assertion_issuers(settings.trusted_issuer, _known(settings), source, home),
        token=token_settings(settings.keys.pkcs11, source, home),
        upstreams=upstreams(settings.upstream, around, source, home),
    )


def _known(settings: Config) -> Known:
    return Known(settings.server.issuer, tuple(each.id for each in settings.directory))


def _sentences(error: ValidationError, source: Source) -> list[str]:
    sentences = []
    for finding in error.errors(include_url=False, include_input=False):
        path = _without_kind(tuple(finding["loc"]))
        key = ".".join(str(part) for part in path)
        if finding["type"] == "extra_forbidden":
            sentences.append(f"{source.place(path)}: unknown setting {key}{_nearest(tuple(finding['loc']))}")
        elif finding["type"] == "model_type":
            sentences.append(f"{source.place(path)}: {key} must be a table")
        elif finding["type"] == "missing":
            sentences.append(f"{source.place(path)}: {key} is missing")
        else:
            reason = str(finding["msg"]).removeprefix("Value error, ")
            sentences.append(f"{source.place(path)}: {key or 'configuration'}: {reason}")
    return sentences


def _without_kind(path: Path_) -> Path_:
    """A place in the file: pydantic also names the kind of directory that it took a table for."""
    return path[:2] + path[3:] if path[:1] == ("directory",) and path[2:3] and path[2] in KINDS else path


def _nearest(path: Path_) -> str:
    known = _fields_at(path[:-1])
    close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known here: {', '.join(sorted(known))}" if known else ""


def _fields_at(path: Path_) -> list[str]:
    model: Any = Config
    if path[:1] == ("directory",) and path[2:3]:
        model, path = KINDS.get(str(path[2]), Config), path[3:]
    for part in path:
        if isinstance(part, int):
            continue
        if part not in model.model_fields:  # a key of a table that has any, such as a claim's name
            continue
        annotation = model.model_fields[part].annotation
        within = (annotation, *getattr(annotation, "__args__", ()))
        model = next((a for a in within if _is_model(a)), None)
        if model is None:
            return []
    return list(model.model_fields)


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _secret(settings: Config, name: str, source: Source, home: Path) -> bytes:
    value, file = getattr(settings.secrets, name), getattr(settings.secrets, f"{name}_file")
    place = source.place(("secrets", name if file is None else f"{name}_file"))
    text = value.get_secret_value() if file is None else _content(home / file, place).strip()
    if not _BASE64URL_OF_32_BYTES.fullmatch(text):
        raise ConfigurationError(f"{place}: secrets.{name} must be 32 random bytes in base64url")
    return base64.urlsafe_b64decode(text.removesuffix("=") + "=")


def _content(file: Path, place: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{place}: cannot read {file}: {error.strerror}") from error
    except ValueError as error:  # not UTF-8, or a NUL in the name
        raise ConfigurationError(
            f"{place}: cannot read {str(file)!r}: not a name or not text in UTF-8"
        ) from error


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a folder that may not be entered, a name that is too long
        return False


def _read_here(directories: tuple[Department, ...]) -> tuple[DirectorySettings, ...]:
    return tuple(each for each in directories if isinstance(each, DirectorySettings))


def _directories(settings: Config, source: Source, home: Path) -> tuple[Department, ...]:
    directories = tuple(_directory(settings, index, source, home) for index in range(len(settings.directory)))
    try:
        check_realms(directories)
    except ValueError as error:
        raise ConfigurationError(f"{source.file}: directory: {error}") from error
    return directories


def _directory(settings: Config, index: int, source: Source, home: Path) -> Department:
    section = settings.directory[index]
    place = source.place(("directory", index))
    try:
        if not isinstance(section, Directory):
            return scim_settings_of(section)
        return _ldap_directory(section, place, home)
    except ValueError as error:
        raise ConfigurationError(f"{place}: directory.{section.id}: {error}") from error


def _ldap_directory(section: Directory, place: str, home: Path) -> Department:
    def file(name: str) -> Path | None:
        told: Path | None = getattr(section, name)
        if told is not None and not _is_file(home / told):
            raise ConfigurationError(f"{place}: directory.{section.id}: {name} {home / told} does not exist")
        return None if told is None else home / told

    password = ""
    if section.bind_password is not None:
        password = section.bind_password.get_secret_value()
    elif section.bind_password_file is not None:
        password = _content(home / section.bind_password_file, place).strip("\r\n")
    return settings_of(section, password, file)


def _database_url(url: str, home: Path) -> str:
    """Return the URL with a relative SQLite file resolved beside the configuration file."""
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith("sqlite:////"):
        return f"{prefix}{home / url.removeprefix(prefix)}"
    return url


def _check_outbound(file: Path | None, source: Source, home: Path) -> None:
    if file is not None and not _is_file(home / file):
        place = source.place(("outbound", "ca_file"))
        raise ConfigurationError(f"{place}: outbound.ca_file: {home / file} does not exist")


def _check_stamping(settings: Config, source: Source, home: Path) -> None:
    authority = settings.audit.timestamp
    if authority is not None and not _is_file(home / authority.ca_file):
        place = source.place(("audit", "timestamp", "ca_file"))
        raise ConfigurationError(
            f"{place}: audit.timestamp.ca_file: {home / authority.ca_file} does not exist"
        )


def _blocklist(file: Path | None, source: Source, home: Path) -> Path | None:
    if file is None:
        return None
    path = home / file
    if not _is_file(path) or path.stat().st_size == 0:
        place = source.place(("password", "blocklist_file"))
        raise ConfigurationError(f"{place}: password.blocklist_file: {path} is missing or empty")
    return path
