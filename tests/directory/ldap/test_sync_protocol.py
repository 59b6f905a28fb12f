"""RFC 4533 by hand: what two real servers sent, and what no server may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso.directory.ber import Malformed
from sso.directory.ldap.sync_protocol import (
    EntryState,
    Information,
    done,
    entry_mark,
    information,
    request,
)

ID = bytes(range(16))
COOKIE = b"rid=000,csn=20261127060749.609683Z#000000#000#000000"


def tlv(tag: int, content: bytes, *, long: bool = False) -> bytes:
    """BER as OpenLDAP writes it, or with the long lengths of 389-DS."""
    if long:
        return bytes((tag, 0x84)) + len(content).to_bytes(4, "big") + content
    return bytes((tag, len(content))) + content


def test_a_request_asks_for_a_refresh_only() -> None:
    """RFC 4533 section 2.1: mode refreshOnly (1), the cookie if there is one."""
    assert request(None) == bytes.fromhex("30030a0101")
    assert request(b"x") == bytes.fromhex("30060a0101040178")
    assert request(b"x" * 200)[:9] == bytes.fromhex("3081ce0a010104 81c8".replace(" ", ""))


@pytest.mark.parametrize("long", [False, True])
def test_an_entry_says_its_state_and_its_id(long: bool) -> None:
    """RFC 4533 section 2.2."""
    value = tlv(0x30, tlv(0x0A, b"\x02", long=long) + tlv(0x04, ID, long=long), long=long)

    assert (entry_mark(value).state, entry_mark(value).sync_id) == (EntryState.MODIFY, ID)


@pytest.mark.parametrize("long", [False, True])
def test_ids_that_are_gone_are_told_from_ids_that_are_there(long: bool) -> None:
    """RFC 4533 section 2.5: syncIdSet with refreshDeletes TRUE or FALSE, which is the default."""
    ids = tlv(0x31, tlv(0x04, ID, long=long), long=long)
    gone = information(tlv(0xA3, tlv(0x04, COOKIE) + tlv(0x01, b"\xff") + ids, long=long))
    there = information(tlv(0xA3, ids, long=long))

    assert (gone.ids, gone.present_phase) == ((ID,), False)
    assert (there.ids, there.present_phase) == ((ID,), True)


def test_the_other_messages() -> None:
    """RFC 4533 section 2.5: newcookie, refreshDelete, refreshPresent."""
    assert information(tlv(0x80, COOKIE)) == Information()
    assert not information(tlv(0xA1, tlv(0x04, COOKIE))).present_phase
    assert information(tlv(0xA2, b"")).present_phase


def test_the_end() -> None:
    """RFC 4533 section 2.4; OpenLDAP leaves the cookie out when nothing changed."""
    assert done(tlv(0x30, tlv(0x04, COOKIE) + tlv(0x01, b"\xff"))).cookie == COOKIE
    assert done(tlv(0x30, tlv(0x01, b"\xff"))).cookie is None
    assert done(tlv(0x30, tlv(0x04, b""))).cookie == b""


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x30",
        b"\x30\x85\x00\x00\x00\x00\x01\x00",
        tlv(0x31, b""),
        tlv(0x30, tlv(0x0A, b"\x09") + tlv(0x04, ID)),
        tlv(0x30, tlv(0x0A, b"\x01") + tlv(0x04, ID[:8])),
        tlv(0x30, tlv(0x04, ID)),
        tlv(0x30, tlv(0x0A, b"\x01") + tlv(0x04, ID)) + b"x",
        tlv(0x30, tlv(0x0A, b"\x01") + tlv(0x04, ID))[:-1],
    ],
)
def test_what_is_no_mark_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed):
        entry_mark(value)


@pytest.mark.parametrize("value", [b"", b"\xa4\x00", tlv(0xA3, tlv(0x31, tlv(0x04, b"short"))), b"\x80\x05a"])
def test_what_is_no_message_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed):
        information(value)


@given(st.binary(max_size=64))
def test_any_octets_are_read_or_refused(value: bytes) -> None:
    for read in (entry_mark, done, information):
        try:
            read(value)
        except Malformed:
            continue
