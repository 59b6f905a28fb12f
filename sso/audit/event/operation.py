"""Events: clients, keys, directories, the log itself and the process."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sso.audit.record import JsonValue, Outcome, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCreated:
    """A client was registered; `settings` holds its metadata without secrets.

    One that registered itself did so with the initial access token `token_id`, on the word of
    `statement_issuer`; either is absent where there was none.
    """

    code: ClassVar[str] = "client.created"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    client_id: str
    settings: Mapping[str, JsonValue]
    source: str
    token_id: str | None = None
    statement_issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientUpdated:
    """A client's registration changed; `before` and `after` hold only what differs, without secrets."""

    code: ClassVar[str] = "client.updated"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    client_id: str
    before: Mapping[str, JsonValue]
    after: Mapping[str, JsonValue]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDeleted:
    """A client was removed and its grants revoked."""

    code: ClassVar[str] = "client.deleted"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    client_id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecretRotated:
    """A client received a new secret; the old one works until `previous_valid_until`."""

    code: ClassVar[str] = "client.secret.rotated"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.MEDIUM
    client_id: str
    previous_valid_until: datetime | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCreated:
    """A signing key was made and published; `first`: the hub had none of any algorithm before."""

    code: ClassVar[str] = "key.created"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    kid: str
    alg: str
    active_from: datetime
    first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyActivated:
    """A signing key took over at `active_from`; recorded within a minute."""

    code: ClassVar[str] = "key.activated"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    kid: str
    alg: str
    active_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRetired:
    """A signing key was given its end: it signs until `at` and stays published until `published_until`."""

    code: ClassVar[str] = "key.retired"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    kid: str
    alg: str
    at: datetime
    published_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked:
    """A compromised signing key was ended at once: what it signed is refused. `signed`: it had begun to."""

    code: ClassVar[str] = "key.revoked"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.CRITICAL
    kid: str
    alg: str
    signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearched:
    """Someone searched the log: what was asked, how many records were shown, and why.

    `broken` entries were found that cannot be read: somebody has changed what is stored of them.
    """

    code: ClassVar[str] = "audit.searched"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    query: Mapping[str, JsonValue]
    results: int
    broken: int | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditViewed:
    """Someone opened one record."""

    code: ClassVar[str] = "audit.viewed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    account_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    record_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryStatesDoubted:
    """A directory shows so few of the people who are signed in that nobody is taken for gone."""

    code: ClassVar[str] = "directory.states.doubted"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    severity: ClassVar[Severity] = Severity.HIGH
    directory_id: str
    absent: int
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationChanged:
    """The configuration differs from that of the last start of any node, in who is trusted or what is kept.

    Names of parts, `kind:id` (directory, upstream, trusted_issuer, sink, witness, rule, rule_off, retention
    and so on), never values; `weakened` are those by which the audit sees or keeps less.
    """

    code: ClassVar[str] = "configuration.changed"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.HIGH
    added: tuple[str, ...]
    altered: tuple[str, ...]
    removed: tuple[str, ...]
    weakened: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted:
    """A hub process began to serve."""

    code: ClassVar[str] = "node.started"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    node: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStopped:
    """A hub process ended in good order."""

    code: ClassVar[str] = "node.stopped"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS
    severity: ClassVar[Severity] = Severity.INFORMATIONAL
    node: str
