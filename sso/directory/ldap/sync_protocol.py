"""The controls of RFC 4533 (LDAP Content Synchronization): asking for changes, and what comes back.

ldap3 knows their OIDs and no more.
"""

from dataclasses import dataclass
from enum import IntEnum

from sso.directory.ber import (
    BOOLEAN,
    ENUMERATED,
    OCTETS,
    SEQUENCE,
    SET,
    Malformed,
    content_of,
    elements,
    encoded,
    first_element,
)

REQUEST_OID = "1.3.6.1.4.1.4203.1.9.1.1"
STATE_OID = "1.3.6.1.4.1.4203.1.9.1.2"
DONE_OID = "1.3.6.1.4.1.4203.1.9.1.3"
INFO_OID = "1.3.6.1.4.1.4203.1.9.1.4"
REFRESH_REQUIRED = 4096
"""e-syncRefreshRequired (RFC 4533 section 2.4): the cookie says nothing any more."""

_REFRESH_ONLY = b"\x0a\x01\x01"
_NEW_COOKIE, _REFRESH_DELETE, _REFRESH_PRESENT, _ID_SET = 0x80, 0xA1, 0xA2, 0xA3
_ID_BYTES = 16


class EntryState(IntEnum):
    """RFC 4533 section 2.2: `present` entries come without attributes."""

    PRESENT = 0
    ADD = 1
    MODIFY = 2
    DELETE = 3


@dataclass(frozen=True, slots=True)
class EntryMark:
    """What the sync state control says of an entry: its state and its 16-byte id."""

    state: EntryState
    sync_id: bytes


@dataclass(frozen=True, slots=True)
class Information:
    """A sync info message (2.5). `ids` are gone; in a `present_phase` they are those who are there."""

    ids: tuple[bytes, ...] = ()
    present_phase: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The sync done control (2.4)."""

    cookie: bytes | None


def request(cookie: bytes | None) -> bytes:
    """The value of the sync request control (2.1), refreshOnly; without a cookie everything is sent."""
    return encoded(SEQUENCE, _REFRESH_ONLY + (b"" if cookie is None else encoded(OCTETS, cookie)))


def entry_mark(value: bytes) -> EntryMark:
    """Read a sync state control. Raises Malformed."""
    parts = list(elements(content_of(value, SEQUENCE)))
    tags = [tag for tag, _ in parts[:2]]
    if tags != [ENUMERATED, OCTETS] or len(parts[1][1]) != _ID_BYTES:
        raise Malformed
    try:
        return EntryMark(EntryState(int.from_bytes(parts[0][1], "big")), parts[1][1])
    except ValueError as error:
        raise Malformed from error


def done(value: bytes) -> Done:
    """Read a sync done control. Raises Malformed."""
    return Done(dict(elements(content_of(value, SEQUENCE))).get(OCTETS))


def information(value: bytes) -> Information:
    """Read a sync info message. Raises Malformed."""
    tag, content, rest = first_element(value)
    if rest or tag not in (_NEW_COOKIE, _REFRESH_DELETE, _REFRESH_PRESENT, _ID_SET):
        raise Malformed
    if tag == _NEW_COOKIE:
        return Information()
    parts = dict(elements(content))
    if tag != _ID_SET:
        return Information(present_phase=tag == _REFRESH_PRESENT)
    ids = tuple(each for kind, each in elements(parts.get(SET, b"")) if kind == OCTETS)
    if any(len(each) != _ID_BYTES for each in ids):
        raise Malformed
    return Information(ids, present_phase=parts.get(BOOLEAN, b"\0") == b"\0")
