"""An entry of the log: the bytes that a leaf hashes, and the groups of fields that they commit to.

What anybody who verifies may read stands in the body as it is. The rest is told apart in groups, and the body
holds only a salted commitment to each: so a group can be disclosed to one reader and not to another, or be
destroyed for ever, and every hash and proof stays as it was.

    who      the person, and the command or job that acted
    where    address and browser
    detail   whatever else may tell of somebody: reasons, questions asked, settings before and after
    actor    the account that acted, where it is not the person's own
    about    the account that a question was about

The last two tell of somebody else than the first: they are sealed under that person's key, and go with it.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeGuard

from sso.audit.canonical import canonical
from sso.audit.record import IDENTIFIERS, AuditRecord, JsonValue, Origin, Outcome, Severity

FORMAT = 1
SALT_BYTES = 32
OTHERS = ("actor", "about")
GROUPS: Mapping[str, tuple[str, ...]] = {"who": ("who", *OTHERS), "where": ("where",), "detail": ("detail",)}
"""What may be left out when an entry is shown, and the groups that go with it."""

_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{22}")

PUBLIC_DETAILS = frozenset(
    "acr acr_values active active_from alg amr anchor archive_file attempts aud auth_age_seconds begin "
    "broken by capped_since cause channel checkpoints claims claims_changed claims_released "
    "claims_requested closed_as code_prefix count directory_id endpoint entries epoch error expires_at "
    "final finding_id findings generation gone_before grant_type hold_id http_status id_token jti "
    "key_class keys keys_kept kid kind late level lifetime_seconds method minimum_indices month next_epoch "
    "next_index node oldest origin part pkce previous_valid_until prompt published_until redacted "
    "redirect_host reference_prefix refresh_token results retry_after_seconds role rule scope sha256 "
    "signed_size sink size source stage status_code subject_sha256 suppression_id suppressions "
    "uncertain until version within_grace witness_size".split()
)
"""Details that tell of nobody: they stand in the body. A name that is not here is sealed."""


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are disclosed or destroyed together: canonical JSON and the salt of its commitment."""

    content: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def commitment(self, name: str) -> bytes:
        """Return the SHA-256 that the body holds: of the group's name, the salt and the content."""
        return hashlib.sha256(
            b"sso group\0" + name.encode("ascii") + b"\0" + self.salt + self.content
        ).digest()


@dataclass(frozen=True, slots=True)
class Entry:
    """The body, whose hash is the leaf, and the groups it commits to, as far as they are known here."""

    id: str
    body: bytes = field(repr=False)
    groups: Mapping[str, Group]


class EntryInvalid(ValueError):
    """Bytes that are no entry, or a group that is not the one that was committed to."""


def entry_of(record: AuditRecord, salt: bytes | None = None) -> Entry:
    """Return the entry of a record; salts are random unless a test gives one for all groups."""
    contents = {name: content for name, content in _groups(record).items() if content}
    salts = salt * len(contents) if salt else os.urandom(SALT_BYTES * len(contents))
    groups = {
        name: Group(canonical(content), salts[place * SALT_BYTES : (place + 1) * SALT_BYTES])
        for place, (name, content) in enumerate(contents.items())
    }
    public = {name: value for name, value in record.detail.items() if name in PUBLIC_DETAILS}
    body: dict[str, JsonValue] = {
        "v": FORMAT,
        "id": record.id,
        "event": record.event,
        "time": record.occurred_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "outcome": record.outcome.value,
        "severity": int(record.severity),
        "client_id": record.client_id,
        "session_id": record.session_id,
        "grant_id": record.grant_id,
        "request_id": record.origin.request_id,
        "trace_id": record.origin.trace_id,
        "public": public or None,
        "groups": {name: _text(group.commitment(name)) for name, group in groups.items()} or None,
    }
    return Entry(record.id, canonical({k: v for k, v in body.items() if v is not None}), groups)


def public_record(body: bytes) -> AuditRecord:
    """Return what a body alone tells.

    Raises:
        EntryInvalid: not an entry of this format.
    """
    return record_from(Entry("", body, {}))


def record_from(entry: Entry) -> AuditRecord:
    """Return the record of an entry; what a missing group held is absent from it.

    Raises:
        EntryInvalid: not an entry of this format, or a group differs from its commitment.
    """
    body = _members(entry.body)
    committed = _object(body.get("groups"))
    known: dict[str, Mapping[str, JsonValue]] = {}
    for name, group in entry.groups.items():
        if committed.get(name) != _text(group.commitment(name)):
            message = f"the group {name} is not the one that was committed to"
            raise EntryInvalid(message)
        known[name] = _members(group.content)
    try:
        return _record(body, known)
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        message = "the body is not that of an entry"
        raise EntryInvalid(message) from error


def group_of(field_name: str) -> str | None:
    """Return the group that seals a field of an event, None where the field stands in the body as it is."""
    if field_name == "account_id":
        return "who"
    return None if field_name in IDENTIFIERS or field_name in PUBLIC_DETAILS else "detail"


def names_account(text: JsonValue) -> TypeGuard[str]:
    """Whether a text is an account's id and no name of a command or a job."""
    return isinstance(text, str) and _ACCOUNT_ID.fullmatch(text) is not None


def _groups(record: AuditRecord) -> dict[str, dict[str, JsonValue]]:
    actor = record.origin.actor
    apart = actor != record.account_id and names_account(actor)
    who = {"account_id": record.account_id, "actor": None if apart else actor}
    where = {"address": record.origin.address, "user_agent": record.origin.user_agent}
    detail = {name: value for name, value in record.detail.items() if name not in PUBLIC_DETAILS}
    about = _about(detail, record.account_id)
    for name in about:
        asked = _object(detail[name])
        detail[name] = {member: value for member, value in asked.items() if member != "account_id"}
    return {
        "who": {name: value for name, value in who.items() if value is not None},
        "where": {name: value for name, value in where.items() if value is not None},
        "detail": detail,
        "actor": {"actor": actor} if apart else {},
        "about": about,
    }


def _about(detail: Mapping[str, JsonValue], account_id: str | None) -> dict[str, JsonValue]:
    """The account that a detail (a question that was asked) is about, by the detail's name."""
    for name, value in detail.items():
        asked = _object(value).get("account_id")
        if names_account(asked) and asked != account_id:
            return {name: asked}
    return {}


def _record(body: Mapping[str, JsonValue], known: Mapping[str, Mapping[str, JsonValue]]) -> AuditRecord:
    if body["v"] != FORMAT:
        raise ValueError(body["v"])
    who, where = known.get("who", {}), known.get("where", {})
    severity, occurred_at = body["severity"], datetime.fromisoformat(str(body["time"]))
    if occurred_at.tzinfo is None:
        raise ValueError(body["time"])
    return AuditRecord(
        id=str(body["id"]),
        event=str(body["event"]),
        occurred_at=occurred_at.astimezone(UTC),
        outcome=Outcome(str(body["outcome"])),
        severity=Severity(severity if isinstance(severity, int) else 0),
        client_id=_optional(body.get("client_id")),
        account_id=_optional(who.get("account_id")),
        session_id=_optional(body.get("session_id")),
        grant_id=_optional(body.get("grant_id")),
        origin=Origin(
            address=_optional(where.get("address")),
            user_agent=_optional(where.get("user_agent")),
            request_id=_optional(body.get("request_id")),
            trace_id=_optional(body.get("trace_id")),
            actor=_optional(who.get("actor") or known.get("actor", {}).get("actor")),
        ),
        detail=_whole_detail(body, known),
    )


def _whole_detail(
    body: Mapping[str, JsonValue], known: Mapping[str, Mapping[str, JsonValue]]
) -> dict[str, JsonValue]:
    whole = {**_object(body.get("public")), **known.get("detail", {})}
    for name, account_id in known.get("about", {}).items():
        whole[name] = {**_object(whole.get(name)), "account_id": account_id}
    return whole


def _members(content: bytes) -> Mapping[str, JsonValue]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        message = "not JSON"
        raise EntryInvalid(message) from error
    if not isinstance(value, dict):
        message = "not a JSON object"
        raise EntryInvalid(message)
    return value


def _object(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}


def _optional(value: JsonValue) -> str | None:
    return None if value is None else str(value)


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
