"""A record of the log as an event of the Open Cybersecurity Schema Framework (OCSF 1.8.0).

Which class and activity each event is stands in ocsf.toml. What the schema has no member for is never left
out: `unmapped` holds the record's identifiers and its whole detail.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from sso.audit.entry import names_account
from sso.audit.record import AuditRecord, JsonValue, Outcome

PRODUCT = "sso-hub"
OTHER = 99
_SEVERITIES = {1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
_STATUS = {Outcome.SUCCESS: (1, "Success"), Outcome.FAILURE: (2, "Failure")}
_NEW_FINDING, _FINDING_IN_PROGRESS, _RESOLVED_FINDING = (1, "New"), (2, "In Progress"), (4, "Resolved")
_FINDING, _UPDATE, _CLOSE = 2004, 2, 3
_ENTITY_TYPES = {"User": 2, "Group": 3}
_USER, _SYSTEM, _SERVICE, _UNKNOWN = 1, 3, 4, 0
_NOT_UNMAPPED = {"id", "event", "occurred_at", "outcome", "severity"}


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who tells: the issuer's host, and the release of the hub."""

    host: str
    version: str

    @classmethod
    def of(cls, issuer: str, version: str) -> "Reporter":
        """Return who tells for an issuer."""
        return cls(urlsplit(issuer).netloc, version)


@dataclass(frozen=True, slots=True)
class OcsfClass:
    """A class of the schema, as far as it is used here."""

    uid: int
    name: str
    category: str
    activities: Mapping[int, str]
    holds: tuple[str, ...]
    profile: str | None


@dataclass(frozen=True, slots=True)
class Mapped:
    """What an event becomes: `type` and `uid` say what it is about, and which member identifies that."""

    kind: OcsfClass
    activity_id: int
    activity_name: str
    type: str
    uid: str


class NotMapped(LookupError):
    """An event that the mapping does not know: one of another release."""


def ocsf_event(record: AuditRecord, reporter: Reporter, index: int | None = None) -> dict[str, JsonValue]:
    """Return the OCSF event of a record; `index` is its place in the log, where it has one.

    An event of another release is told in the base class (class_uid 0): nothing is left out.
    """
    try:
        mapped = mapping_of(record.event)
    except NotMapped:
        mapped = _BASE
    status_id, status = _status(record, mapped)
    kind, code = mapped.kind, _reason_in_a_word(record)
    whole: dict[str, JsonValue] = {
        "category_uid": kind.uid // 1000,
        "category_name": kind.category,
        "class_uid": kind.uid,
        "class_name": kind.name,
        "activity_id": mapped.activity_id,
        "activity_name": mapped.activity_name,
        "type_uid": kind.uid * 100 + mapped.activity_id,
        "type_name": f"{kind.name}: {mapped.activity_name}",
        "time": int(record.occurred_at.timestamp() * 1000),
        "severity_id": int(record.severity),
        "severity": _SEVERITIES[int(record.severity)],
        "status_id": status_id,
        "status": status,
        "status_code": code,
        "status_detail": _text(record.detail.get("reason")) or None,
        "message": f"{record.event}: {code or record.outcome.value}",
        "metadata": _metadata(record, kind, reporter, index),
        **{name: _OBJECTS[name](record, mapped, reporter) for name in kind.holds},
        "unmapped": {name: value for name, value in record.as_json().items() if name not in _NOT_UNMAPPED},
    }
    return {name: value for name, value in whole.items() if value not in (None, {})}


def mapping_of(code: str) -> Mapped:
    """Return what an event becomes.

    Raises:
        NotMapped: the event is not in the mapping.
    """
    try:
        return _mapping().events[code]
    except KeyError as error:
        raise NotMapped(code) from error


def mapped_codes() -> frozenset[str]:
    """Return the codes of all events that the mapping knows."""
    return frozenset(_mapping().events)


@dataclass(frozen=True, slots=True)
class _Mapping:
    """The file, read."""

    version: str
    events: Mapping[str, Mapped]


@cache
def _mapping() -> _Mapping:
    whole = tomllib.loads(files("sso.audit").joinpath("ocsf.toml").read_text(encoding="utf-8"))
    kinds = {
        int(uid): OcsfClass(
            uid=int(uid),
            name=told["name"],
            category=whole["category"][str(int(uid) // 1000)],
            activities={int(number): name for number, name in told["activities"].items()},
            holds=tuple(told["holds"]),
            profile=told.get("profile"),
        )
        for uid, told in whole["class"].items()
    }
    found = {}
    for code, told in whole["event"].items():
        kind, activity = kinds[told["class"]], int(told["activity"])
        name = str(told["label"]) if activity == OTHER else kind.activities[activity]
        found[code] = Mapped(kind, activity, name, told.get("type", ""), told.get("uid", ""))
    return _Mapping(whole["version"], found)


def _status(record: AuditRecord, mapped: Mapped) -> tuple[int, str]:
    """The outcome; of a finding, where it stands (OCSF 1.8 finding: status_id)."""
    if mapped.kind.uid != _FINDING:
        return _STATUS[record.outcome]
    if mapped.activity_id == _CLOSE or record.detail.get("closed_as"):
        return _RESOLVED_FINDING
    return _FINDING_IN_PROGRESS if mapped.activity_id == _UPDATE else _NEW_FINDING


def _metadata(
    record: AuditRecord, kind: OcsfClass, reporter: Reporter, index: int | None
) -> dict[str, JsonValue]:
    whole: dict[str, JsonValue] = {
        "version": _mapping().version,
        "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": reporter.version},
        "uid": record.id,
        "event_code": record.event,
        "log_name": "audit",
        "log_provider": reporter.host,
        "original_time": str(record.as_json()["occurred_at"]),
        "sequence": index,
        "correlation_uid": record.origin.request_id,
        "profiles": [kind.profile] if kind.profile else None,
    }
    return {name: value for name, value in whole.items() if value is not None}


def _user(record: AuditRecord, _mapped: Mapped, _reporter: Reporter) -> dict[str, JsonValue]:
    """Whom it is about: an account, a person, a name that nobody had (a keyed digest), or an application."""
    account = record.account_id or _text(record.detail.get("person_id"))
    typed = _text(record.detail.get("name_hmac"))
    if account:
        return {"uid": account, "type_id": _USER}
    if typed:
        return {"uid": f"hmac:{typed}", "type_id": _UNKNOWN}
    if record.client_id:
        return {"uid": record.client_id, "type_id": _SERVICE}
    return {"name": "unknown", "type_id": _UNKNOWN}


def _actor(record: AuditRecord, _mapped: Mapped, _reporter: Reporter) -> dict[str, JsonValue]:
    """Who acted: somebody by an application in a session, a command, a job; else the hub itself."""
    acting = record.origin.actor or record.account_id
    whole: dict[str, JsonValue] = {}
    if names_account(acting):
        whole["user"] = {"uid": acting, "type_id": _USER}
    elif acting:
        whole["user"] = {"name": acting, "type_id": _SYSTEM}
    if record.session_id:
        whole["session"] = {"uid": record.session_id}
    if record.client_id:
        whole["app_uid"] = record.client_id
    return whole or {"app_name": PRODUCT}


def _service(record: AuditRecord, _mapped: Mapped, reporter: Reporter) -> dict[str, JsonValue]:
    """What somebody signs in to: an application, or the hub."""
    return {"uid": record.client_id} if record.client_id else {"name": PRODUCT, "uid": reporter.host}


def _src_endpoint(record: AuditRecord, _mapped: Mapped, _reporter: Reporter) -> dict[str, JsonValue]:
    """Where it came from: an address, or the hub where none is known or told."""
    return {"ip": record.origin.address} if record.origin.address else {"svc_name": PRODUCT}


def _http_request(record: AuditRecord, _mapped: Mapped, _reporter: Reporter) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"user_agent": record.origin.user_agent, "uid": record.origin.request_id}
    return {name: value for name, value in told.items() if value is not None}


def _session(record: AuditRecord, _mapped: Mapped, _reporter: Reporter) -> dict[str, JsonValue]:
    return {"uid": record.session_id} if record.session_id else {}


def _entity(record: AuditRecord, mapped: Mapped, _reporter: Reporter) -> dict[str, JsonValue]:
    identified = {"uid": _member(record, mapped.uid), "name": mapped.type, "type": mapped.type}
    return {
        **{name: value for name, value in identified.items() if value},
        "type_id": _ENTITY_TYPES.get(mapped.type, OTHER),
    }


def _named(record: AuditRecord, mapped: Mapped, _reporter: Reporter) -> dict[str, JsonValue]:
    identified = {"uid": _member(record, mapped.uid), "name": mapped.type}
    return {name: value for name, value in identified.items() if value}


def _web_resources(record: AuditRecord, mapped: Mapped, reporter: Reporter) -> JsonValue:
    return [{**_named(record, mapped, reporter), "type": mapped.type}]


def _api(_record: AuditRecord, mapped: Mapped, _reporter: Reporter) -> dict[str, JsonValue]:
    return {"operation": mapped.type}


def _privileges(record: AuditRecord, mapped: Mapped, _reporter: Reporter) -> JsonValue:
    return [_member(record, mapped.uid) or "unknown"]


def _finding_info(record: AuditRecord, mapped: Mapped, _reporter: Reporter) -> dict[str, JsonValue]:
    return {"uid": _member(record, mapped.uid) or record.id, "title": record.event}


_OBJECTS: Mapping[str, Callable[[AuditRecord, Mapped, Reporter], JsonValue]] = {
    "user": _user,
    "actor": _actor,
    "service": _service,
    "session": _session,
    "src_endpoint": _src_endpoint,
    "http_request": _http_request,
    "entity": _entity,
    "app": _named,
    "web_resources": _web_resources,
    "api": _api,
    "privileges": _privileges,
    "finding_info": _finding_info,
}
_BASE = Mapped(OcsfClass(0, "Base Event", "Uncategorized", {}, (), None), OTHER, "Other", "", "")


def _member(record: AuditRecord, name: str) -> str:
    """An identifier or a detail of a record by its name; empty where it is absent."""
    found = record.as_json().get(name, record.detail.get(name))
    return "" if found is None else str(found)


def _reason_in_a_word(record: AuditRecord) -> str | None:
    words = (record.detail.get(name) for name in ("status_code", "error", "cause"))
    return next((word for word in words if isinstance(word, str) and word), None)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
