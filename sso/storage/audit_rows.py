"""Entries of the audit log as rows: what is found by has columns, who and where are sealed."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from sso.audit.canonical import canonical
from sso.audit.entry import OTHERS, Entry, EntryInvalid, Group, entry_of, record_from
from sso.audit.found import BrokenEntry, Found, readable
from sso.audit.merkle.tree import leaf_hash
from sso.audit.place import parts_of
from sso.audit.record import AuditRecord
from sso.storage.audit_data_key import DataKey
from sso.storage.audit_keys import AuditKeys
from sso.storage.errors import SealBroken
from sso.storage.tables import audit_event, audit_pending
from sso.storage.unit_of_work import UnitOfWork


def collect_entry(record: AuditRecord, keys: AuditKeys, unit: UnitOfWork) -> None:
    """Have a unit insert a record as an entry, and beside it the leaf that waits for its place."""
    row, body = _event_row(record, keys)
    unit.collect(audit_event, row)
    unit.collect(audit_pending, {"event_id": record.id, "leaf_hash": leaf_hash(body)})


def _event_row(record: AuditRecord, keys: AuditKeys) -> tuple[dict[str, Any], bytes]:
    """Return the row of a record, and the entry's body, whose hash is the leaf."""
    entry = entry_of(record)
    subject = _subject(record)
    own = {name: group for name, group in entry.groups.items() if name not in OTHERS}
    key = keys.for_event(subject, record.occurred_at) if own else None
    address_ref, network_ref = keys.refs_around(record.origin.address)
    others = _others(record, entry, keys)
    row = {
        **public_columns(record),
        "account_ref": key.ref(subject) if key and subject else None,
        "address_ref": address_ref,
        "network_ref": network_ref,
        "actor_ref": _actor_ref(record, others, key, keys),
        "about_ref": others["about"].ref if "about" in others else None,
        "body": entry.body,
        "sealed": key.seal(_sealable(own), entry.id) if key else None,
        "key_id": key.id if key else None,
        "others": _others_column(others),
    }
    return row, entry.body


@dataclass(frozen=True, slots=True)
class _Other:
    """A group that tells of somebody else, sealed under their key, and what finds them."""

    ref: bytes
    key_id: str
    sealed: bytes


def _subject(record: AuditRecord) -> str | None:
    """Whose key seals an entry: the account's, or the person's where it is about no account."""
    person_id = record.detail.get("person_id")
    return record.account_id or (person_id if isinstance(person_id, str) else None)


def _others(record: AuditRecord, entry: Entry, keys: AuditKeys) -> dict[str, _Other]:
    found = {}
    for name in OTHERS:
        group = entry.groups.get(name)
        if group is not None:
            (account_id,) = json.loads(group.content).values()
            key = keys.for_event(account_id, record.occurred_at)
            sealed = key.seal(_sealable({name: group}), f"{entry.id} {name}")
            found[name] = _Other(key.ref(account_id), key.id, sealed)
    return found


def _actor_ref(
    record: AuditRecord, others: Mapping[str, _Other], key: DataKey | None, keys: AuditKeys
) -> bytes | None:
    if "actor" in others:
        return others["actor"].ref
    actor = record.origin.actor
    if actor is None:
        return None
    return key.ref(actor) if key is not None and actor == record.account_id else keys.name_ref(actor)


def _others_column(others: Mapping[str, _Other]) -> bytes | None:
    if not others:
        return None
    return canonical({n: [o.key_id, base64.b64encode(o.sealed).decode()] for n, o in others.items()})


def public_columns(record: AuditRecord) -> dict[str, Any]:
    """Return the columns that say what the body says."""
    return {
        "id": record.id,
        "event": record.event,
        "occurred_at": record.occurred_at,
        "outcome": record.outcome.value,
        "severity": int(record.severity),
        "client_id": record.client_id,
        "session_id": record.session_id,
        "grant_id": record.grant_id,
        "request_id": record.origin.request_id,
    }


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """What of a row holds the entry, wherever that is kept."""

    id: str
    body: bytes
    sealed: bytes | None
    key_id: str | None
    others: bytes | None


StoredEntry = Row[Any] | KeptEntry


def entries_of(rows: Sequence[StoredEntry], keys: AuditKeys) -> list[Entry | BrokenEntry]:
    """Return the entries of rows, with their groups where the keys still exist, and those that are broken."""
    return [each if isinstance(each, BrokenEntry) else each.entry for each in _read(rows, keys)]


def found_of(rows: Sequence[StoredEntry], keys: AuditKeys) -> list[Found]:
    """Return the records of rows, and those that are broken; of a shredded one only what tells of nobody."""
    return [each if isinstance(each, BrokenEntry) else each.record for each in _read(rows, keys)]


def readable_records_of(rows: Sequence[StoredEntry], keys: AuditKeys) -> list[AuditRecord]:
    """Return the records of rows without those that somebody broke."""
    return readable(found_of(rows, keys))


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry, and the record that it is."""

    entry: Entry
    record: AuditRecord


def _read(rows: Sequence[StoredEntry], keys: AuditKeys) -> Sequence[_Entry | BrokenEntry]:
    """Read rows all at once; where that fails, in halves, until the broken ones are known."""
    try:
        return [_Entry(entry, _record_of(entry)) for entry in _entries(rows, keys)]
    except (EntryInvalid, SealBroken):
        if len(rows) == 1:
            return [BrokenEntry(rows[0].id)]
        middle = len(rows) // 2
        return [*_read(rows[:middle], keys), *_read(rows[middle:], keys)]


def _record_of(entry: Entry) -> AuditRecord:
    record = record_from(entry)
    if record.id != entry.id:
        message = "the body is that of another entry"
        raise EntryInvalid(message)
    return record


def _entries(rows: Sequence[StoredEntry], keys: AuditKeys) -> list[Entry]:
    others = [_read_others(row.others) for row in rows]
    ids = {row.key_id for row in rows if row.key_id is not None}
    known = keys.by_ids(ids | {key_id for each in others for key_id, _ in each.values()})
    return [_entry(row, more, known) for row, more in zip(rows, others, strict=True)]


def account_refs(account_id: str, keys: AuditKeys) -> list[bytes]:
    """Return everything that stands for an account in the log, one ref a key."""
    return [key.ref(account_id) for key in keys.of_account(account_id)]


def people_refs(ids: Iterable[str], keys: AuditKeys) -> list[bytes]:
    """Return everything that stands for people: their accounts, themselves, or the names of commands."""
    return [ref for each in ids for ref in (*account_refs(each, keys), keys.name_ref(each))]


def address_refs(text: str, keys: AuditKeys) -> tuple[str, list[bytes]]:
    """Return the column and the refs that find an address or a network.

    Raises:
        ValueError: as `sso.audit.place.parts_of` says.
    """
    around, parts = parts_of(text)
    return "network_ref" if around else "address_ref", [keys.address_ref(part) for part in parts]


def others_are_readable(others: bytes | None) -> bool:
    """Whether what an entry keeps of somebody else has its form; what it says is sealed."""
    try:
        _read_others(others)
    except EntryInvalid:
        return False
    return True


def _read_others(others: bytes | None) -> dict[str, tuple[str, bytes]]:
    try:
        whole: Mapping[str, tuple[str, str]] = json.loads(others) if others else {}
        return {name: (str(key_id), base64.b64decode(sealed)) for name, (key_id, sealed) in whole.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        message = "what tells of somebody else cannot be read"
        raise EntryInvalid(message) from error


def _entry(row: StoredEntry, others: Mapping[str, tuple[str, bytes]], known: Mapping[str, DataKey]) -> Entry:
    key = known.get(row.key_id or "")
    groups = {} if key is None or row.sealed is None else dict(_opened(key.open(row.sealed, row.id)))
    for name, (key_id, sealed) in others.items():
        if (other := known.get(key_id)) is not None:
            groups |= _opened(other.open(sealed, f"{row.id} {name}"))
    return Entry(row.id, row.body, groups)


def _sealable(groups: Mapping[str, Group]) -> bytes:
    return canonical(
        {
            name: [base64.b64encode(group.salt).decode(), group.content.decode("ascii")]
            for name, group in groups.items()
        }
    )


def _opened(plain: bytes) -> Mapping[str, Group]:
    whole: Mapping[str, tuple[str, str]] = json.loads(plain)
    return {
        name: Group(content.encode("ascii"), base64.b64decode(salt))
        for name, (salt, content) in whole.items()
    }
