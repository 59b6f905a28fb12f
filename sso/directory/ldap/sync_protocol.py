"""The controls of RFC 4533 (LDAP Content Synchronization): asking for changes, and what comes back.

BER by hand as `sso.directory.ppolicy` does it: ldap3 knows the OIDs and no more. 389-DS writes long lengths.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

REQUEST_OID = "1.3.6.1.4.1.4203.1.9.1.1"
STATE_OID = "1.3.6.1.4.1.4203.1.9.1.2"
DONE_OID = "1.3.6.1.4.1.4203.1.9.1.3"
INFO_OID = "1.3.6.1.4.1.4203.1.9.1.4"
REFRESH_REQUIRED = 4096
"""e-syncRefreshRequired (RFC 4533 section 2.4): the cookie says nothing any more."""

_REFRESH_ONLY = b"\x0a\x01\x01"
_SEQUENCE, _SET, _OCTETS, _BOOLEAN, _ENUMERATED = 0x30, 0x31, 0x04, 0x01, 0x0A
_NEW_COOKIE, _REFRESH_DELETE, _REFRESH_PRESENT, _ID_SET = 0x80, 0xA1, 0xA2, 0xA3
_ID_BYTES = 16


class Malformed(ValueError):
    """The server sent what no RFC 4533 server sends."""


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
    """A sync info message (2.5). `ids` are gone if `deletes`, else they are unchanged.

    `present_phase`: the server names who is there instead of who is gone.
    """

    cookie: bytes | None = None
    ids: tuple[bytes, ...] = ()
    deletes: bool = False
    present_phase: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The sync done control (2.4)."""

    cookie: bytes | None
    deletes: bool


def request(cookie: bytes | None) -> bytes:
    """The value of the sync request control (2.1), refreshOnly; without a cookie everything is sent."""
    return _tlv(_SEQUENCE, _REFRESH_ONLY + (b"" if cookie is None else _tlv(_OCTETS, cookie)))


def entry_mark(value: bytes) -> EntryMark:
    """Read a sync state control. Raises Malformed."""
    parts = list(_parts(_inside(value, _SEQUENCE)))
    tags = [tag for tag, _ in parts[:2]]
    if tags != [_ENUMERATED, _OCTETS] or len(parts[1][1]) != _ID_BYTES:
        raise Malformed
    try:
        return EntryMark(EntryState(int.from_bytes(parts[0][1], "big")), parts[1][1])
    except ValueError as error:
        raise Malformed from error


def done(value: bytes) -> Done:
    """Read a sync done control. Raises Malformed."""
    parts = dict(_parts(_inside(value, _SEQUENCE)))
    return Done(parts.get(_OCTETS), parts.get(_BOOLEAN, b"\0") != b"\0")


def information(value: bytes) -> Information:
    """Read a sync info message. Raises Malformed."""
    tag, content, rest = _first(value)
    if rest:
        raise Malformed
    if tag == _NEW_COOKIE:
        return Information(cookie=content)
    parts = dict(_parts(content))
    cookie = parts.get(_OCTETS)
    match tag:
        case 0xA1:
            return Information(cookie=cookie)
        case 0xA2:
            return Information(cookie=cookie, present_phase=True)
        case 0xA3:
            deletes = parts.get(_BOOLEAN, b"\0") != b"\0"
            ids = tuple(content for tag, content in _parts(parts.get(_SET, b"")) if tag == _OCTETS)
            if any(len(each) != _ID_BYTES for each in ids):
                raise Malformed
            return Information(cookie, ids, deletes, present_phase=not deletes)
        case _:
            raise Malformed


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _inside(value: bytes, tag: int) -> bytes:
    found, content, rest = _first(value)
    if found != tag or rest:
        raise Malformed
    return content


def _parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    while content:
        tag, value, content = _first(content)
        yield tag, value


def _first(octets: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows (X.690 8.1), lengths short or long."""
    if len(octets) < 2:
        raise Malformed
    tag, length, start = octets[0], octets[1], 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or len(octets) < 2 + size:
            raise Malformed
        length, start = int.from_bytes(octets[2 : 2 + size], "big"), 2 + size
    if len(octets) < start + length:
        raise Malformed
    return tag, octets[start : start + length], octets[start + length :]
