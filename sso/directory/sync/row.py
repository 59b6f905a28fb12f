"""An entry as the hub keeps it, and a digest by which an unchanged one is recognised."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sso.directory.entry import Entry
from sso.directory.mapping import account_claims
from sso.directory.person import ClaimValue
from sso.directory.presets import Vendor
from sso.directory.settings import DirectorySettings

DIGEST_BYTES = 16
_ACCOUNTDISABLE = 0x2  # [MS-ADTS] 2.2.16
_FOREVER_LOCKED = b"000001010000Z"  # slapo-ppolicy(5): until an administrator unlocks
_WINDOWS_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER = frozenset({0, 0x7FFFFFFFFFFFFFFF})  # [MS-ADA1] accountExpires

_STATE_ATTRIBUTES: Mapping[Vendor, tuple[str, ...]] = {
    Vendor.ACTIVE_DIRECTORY: ("userAccountControl", "accountExpires"),
    Vendor.SAMBA: ("userAccountControl", "accountExpires"),
    Vendor.OPENLDAP: ("pwdAccountLockedTime", "pwdEndTime"),
    Vendor.DS389: ("nsAccountLock",),
    Vendor.FREEIPA: ("nsAccountLock",),
}


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


def state_attributes(vendor: Vendor) -> tuple[str, ...]:
    """The attributes that tell whether an account is switched off; operational ones are asked by name."""
    return _STATE_ATTRIBUTES[vendor]


def is_switched_off(entry: Entry, vendor: Vendor, now: datetime) -> bool:
    """Whether the entry says that its account may not be used, whatever the password.

    A lock after wrong passwords is not meant: it ends by itself, and anybody can cause it.
    """
    match vendor:
        case Vendor.ACTIVE_DIRECTORY | Vendor.SAMBA:
            return _is_off_in_windows(entry, now)
        case Vendor.OPENLDAP:
            return entry.first("pwdAccountLockedTime") == _FOREVER_LOCKED or _is_past(entry, now)
        case Vendor.DS389 | Vendor.FREEIPA:
            return (entry.first("nsAccountLock") or b"").lower() == b"true"


def _is_off_in_windows(entry: Entry, now: datetime) -> bool:
    control, expires = _number(entry.first("userAccountControl")), _number(entry.first("accountExpires"))
    if control is not None and control & _ACCOUNTDISABLE:
        return True
    if expires is None or expires in _NEVER:
        return False
    return now >= _WINDOWS_EPOCH + timedelta(microseconds=min(expires // 10, _MOST_MICROSECONDS))


_MOST_MICROSECONDS = 200_000 * 86_400 * 10**6  # some 547 years, up to which datetime counts safely


def _is_past(entry: Entry, now: datetime) -> bool:
    ends = generalized_time(entry.first("pwdEndTime"))
    return ends is not None and now >= ends


def generalized_time(value: bytes | None) -> datetime | None:
    """A GeneralizedTime in UTC to the second (RFC 4517 section 3.3.13); None for none or another form."""
    text = (value or b"").decode("ascii", "replace")
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if text[14:] else None
    except ValueError:
        return None


def _number(value: bytes | None) -> int | None:
    try:
        return int(value or b"")
    except ValueError:
        return None


def _digest(content: object) -> bytes:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).digest()[:DIGEST_BYTES]
