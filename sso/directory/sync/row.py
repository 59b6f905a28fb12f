"""An entry as the hub keeps it, and a digest by which an unchanged one is recognised."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sso.directory import account_state
from sso.directory.entry import Entry
from sso.directory.mapping import account_claims
from sso.directory.person import ClaimValue, Departure
from sso.directory.presets import Vendor
from sso.directory.settings import DirectorySettings

DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One person as mapped. `is_disabled`: the department has switched the account off or let it end.

    `digest` covers everything that the hub would keep; equal digests mean that nothing is to be written.
    """

    immutable_id: str
    login_name: str
    claims: Mapping[str, ClaimValue] = field(repr=False)
    is_disabled: bool
    digest: bytes


def row_of(entry: Entry, settings: DirectorySettings, now: datetime) -> Row:
    """The row of an entry as it stands at `now`. Pure; never raises for what a directory holds."""
    claims = account_claims(entry, settings)
    is_disabled = is_switched_off(entry, settings.vendor, now)
    return Row(
        entry.immutable_id,
        entry.login_name,
        claims,
        is_disabled,
        _digest([entry.login_name, is_disabled, claims]),
    )


def is_switched_off(entry: Entry, vendor: Vendor, now: datetime) -> bool:
    """Whether the department has switched the account off, or let it end.

    A lock after wrong passwords is not meant: it ends by itself, and anybody can cause it.
    """
    departure = account_state.departure_of(entry.attributes, vendor, now)
    return departure in {Departure.DISABLED, Departure.EXPIRED}


def _digest(content: object) -> bytes:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).digest()[:DIGEST_BYTES]
