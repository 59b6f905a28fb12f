"""`[[audit.sink]]`: systems outside of the house that have the log: a SIEM, a department's own, a file."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from sso.audit.cloud_event import secret_of
from sso.audit.event import EVENT_CLASSES
from sso.audit.slice import LogSlice, means
from sso.config.section import Section, WebAddress
from sso.config.source import ConfigurationError, Source

Kind = Literal["syslog", "webhook", "file", "pull"]
_OF_KIND: dict[Kind, frozenset[str]] = {
    "syslog": frozenset(
        {"host", "port", "ca_file", "certificate_file", "certificate_key_file", "answers_close"}
    ),
    "webhook": frozenset({"url", "secret", "secret_file"}),
    "file": frozenset({"file", "rotate_bytes"}),
    "pull": frozenset({"reader"}),
}
_NEEDED: dict[Kind, str] = {"syslog": "host", "webhook": "url", "file": "file", "pull": "reader"}


class Sink(Section):
    """One system: how it is reached, or who comes for it, and which part of the log it has in which form."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    kind: Kind
    format: Literal["json", "ocsf"] = "json"
    start: Literal["now", "oldest"] = "now"
    events: tuple[str, ...] = ()
    directory: str | None = None
    client_id: str | None = None
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")] | None = None
    port: Annotated[int, Field(gt=0, lt=65_536)] = 6514
    ca_file: Path | None = None
    certificate_file: Path | None = None
    certificate_key_file: Path | None = None
    answers_close: bool = True
    url: WebAddress | None = None
    secret: SecretStr | None = None
    secret_file: Path | None = None
    file: Path | None = None
    rotate_bytes: Annotated[int, Field(ge=65_536)] = 104_857_600
    reader: str | None = None

    @field_validator("events")
    @classmethod
    def _known(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for wanted in values:
            if not any(means(wanted, event.code) for event in EVENT_CLASSES):
                raise ValueError(f"no event of this release is called {wanted}")
        return values

    @model_validator(mode="after")
    def _of_its_kind(self) -> "Sink":
        if getattr(self, _NEEDED[self.kind]) is None:
            raise ValueError(f"a sink of kind {self.kind} needs {_NEEDED[self.kind]}")
        foreign = self.model_fields_set & frozenset().union(*_OF_KIND.values()) - _OF_KIND[self.kind]
        if foreign:
            raise ValueError(f"{', '.join(sorted(foreign))}: not of a sink of kind {self.kind}")
        if self.kind == "webhook" and (self.secret is None) == (self.secret_file is None):
            raise ValueError("set exactly one of secret and secret_file")
        if (self.certificate_file is None) != (self.certificate_key_file is None):
            raise ValueError("certificate_file and certificate_key_file come together")
        if self.reader is not None and self.directory is None and self.client_id not in (None, self.reader):
            raise ValueError("without directory a reader has its own events: client_id is reader, or not set")
        return self


@dataclass(frozen=True, slots=True)
class SyslogTarget:
    """A receiver of syslog over TLS; `ca_file` vouches for it, the system's store where there is none.

    `answers_close` as in `sso.outbound.syslog.Receiver`.
    """

    host: str
    port: int
    ca_file: Path | None
    certificate_file: Path | None
    certificate_key_file: Path | None
    answers_close: bool = True


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """An address that takes batches of CloudEvents, signed with a key that it shares."""

    url: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileTarget:
    """A file of JSON lines; it is set aside when it would be longer than `rotate_bytes`."""

    file: Path
    rotate_bytes: int


@dataclass(frozen=True, slots=True)
class PullTarget:
    """An application that fetches the entries itself, with its client credentials."""

    reader: str


Target = SyslogTarget | WebhookTarget | FileTarget | PullTarget


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """A sink, checked; `from_oldest` says where a new one begins."""

    name: str
    kind: Kind
    ocsf: bool
    from_oldest: bool
    slice: LogSlice
    target: Target


def sinks_of(
    sections: tuple[Sink, ...], directories: Iterable[str], source: Source, home: Path
) -> tuple[SinkSettings, ...]:
    """Return the sinks, with the secrets and files that they name.

    Raises:
        ConfigurationError: a name or a reader comes twice, a directory is unknown, a file or a secret is not
            there.
    """
    known = frozenset(directories)
    found: list[SinkSettings] = []
    for index, section in enumerate(sections):
        place = f"{source.place(('audit', 'sink', index))}: audit.sink.{section.name}"
        if section.name in {each.name for each in found}:
            raise ConfigurationError(f"{place}: a sink of this name comes twice")
        if section.directory is not None and section.directory not in known:
            raise ConfigurationError(f"{place}: there is no directory {section.directory!r}")
        if section.reader is not None and PullTarget(section.reader) in {each.target for each in found}:
            raise ConfigurationError(f"{place}: a sink of this reader comes twice")
        found.append(
            SinkSettings(
                name=section.name,
                kind=section.kind,
                ocsf=section.format == "ocsf",
                from_oldest=section.start == "oldest",
                slice=_slice(section),
                target=_target(section, place, home),
            )
        )
    return tuple(found)


def _slice(section: Sink) -> LogSlice:
    """What a sink has; a reader without a directory only its own, of which it sees what receipts show."""
    own = section.reader is not None and section.directory is None
    client_id = section.reader if own else section.client_id
    return LogSlice(section.events, section.directory, client_id, bodies_only=own)


def _target(section: Sink, place: str, home: Path) -> Target:
    def existing(name: str) -> Path | None:
        told: Path | None = getattr(section, name)
        if told is not None and not (home / told).is_file():
            raise ConfigurationError(f"{place}: {name} {home / told} does not exist")
        return None if told is None else home / told

    if section.host is not None:
        files = (existing("ca_file"), existing("certificate_file"), existing("certificate_key_file"))
        return SyslogTarget(section.host, section.port, *files, section.answers_close)
    if section.reader is not None:
        return PullTarget(section.reader)
    if section.file is not None:
        return FileTarget(home / section.file, section.rotate_bytes)
    return WebhookTarget(section.url or "", _secret(section, place, home))


def _secret(section: Sink, place: str, home: Path) -> bytes:
    try:
        if section.secret is not None:
            return secret_of(section.secret.get_secret_value())
        return secret_of((home / (section.secret_file or "")).read_text(encoding="utf-8").strip())
    except OSError as error:
        raise ConfigurationError(f"{place}: cannot read secret_file: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{place}: {error}") from error
