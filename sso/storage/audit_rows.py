"""Entries of the audit log as rows: what is found by has columns, who and where are sealed."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from sso.audit.canonical import canonical
from sso.audit.entry import Entry, Group, entry_of, record_from
from sso.audit.place import parts_of
from sso.audit.record import AuditRecord
from sso.storage.audit_keys import AuditKeys, DataKey


def event_row(record: AuditRecord, keys: AuditKeys) -> tuple[dict[str, Any], bytes]:
    """Return the row of a record, and the entry's body, whose hash is the leaf."""
    entry = entry_of(record)
    key = keys.for_event(record.account_id, record.occurred_at) if entry.groups else None
    address_ref, network_ref = keys.refs_around(record.origin.address)
    row = {
        **public_columns(record),
        "account_ref": key.ref(record.account_id) if key and record.account_id else None,
        "address_ref": address_ref,
        "network_ref": network_ref,
        "body": entry.body,
        "sealed": key.seal(_sealable(entry), entry.id) if key else None,
        "key_id": key.id if key else None,
    }
    return row, entry.body


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


def entries_of(rows: Sequence[Row[Any]], keys: AuditKeys) -> list[Entry]:
    """Return the entries of rows, with their groups where the keys still exist."""
    known = keys.by_ids(row.key_id for row in rows if row.key_id is not None)
    return [_entry(row, known.get(row.key_id)) for row in rows]


def records_of(rows: Sequence[Row[Any]], keys: AuditKeys) -> list[AuditRecord]:
    """Return the records of rows; of a shredded one only what tells of nobody.

    Raises:
        EntryInvalid: what was sealed is not what the body commits to.
        SealBroken: what was sealed was changed.
    """
    return [record_from(entry) for entry in entries_of(rows, keys)]


def account_refs(account_id: str, keys: AuditKeys) -> list[bytes]:
    """Return everything that stands for an account in the log, one ref a key."""
    return [key.ref(account_id) for key in keys.of_account(account_id)]


def address_refs(text: str, keys: AuditKeys) -> tuple[str, list[bytes]]:
    """Return the column and the refs that find an address or a network.

    Raises:
        ValueError: as `sso.audit.place.parts_of` says.
    """
    around, parts = parts_of(text)
    return "network_ref" if around else "address_ref", [keys.address_ref(part) for part in parts]


def _entry(row: Row[Any], key: DataKey | None) -> Entry:
    groups = {} if key is None or row.sealed is None else _opened(key.open(row.sealed, row.id))
    return Entry(row.id, row.body, groups)


def _sealable(entry: Entry) -> bytes:
    return canonical(
        {
            name: [base64.b64encode(group.salt).decode(), group.content.decode("ascii")]
            for name, group in entry.groups.items()
        }
    )


def _opened(plain: bytes) -> Mapping[str, Group]:
    whole: Mapping[str, tuple[str, str]] = json.loads(plain)
    return {
        name: Group(content.encode("ascii"), base64.b64decode(salt))
        for name, (salt, content) in whole.items()
    }
