"""BER (X.690 8.1) as LDAP's controls need it, of which ldap3 hands over the raw bytes.

Lengths may come in the long form: 389-DS writes `30 84 00 00 00 03 81 01 01` where OpenLDAP writes
`30 03 81 01 01`.
"""

from collections.abc import Iterator

SEQUENCE, SET, OCTETS, BOOLEAN, ENUMERATED = 0x30, 0x31, 0x04, 0x01, 0x0A
_LENGTH_MAX_OCTETS = 4


class Malformed(ValueError):
    """The bytes are not what was to be read."""

    def __init__(self) -> None:
        super().__init__("the server sent a control that cannot be read")


def encoded(tag: int, content: bytes) -> bytes:
    """Return an element with a definite length, as short as can be."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def content_of(value: bytes, tag: int) -> bytes:
    """Return the content of a value that is one element with this tag. Raises Malformed."""
    found, content, rest = first_element(value)
    if found != tag or rest:
        raise Malformed
    return content


def elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Return the tags and contents of elements in a row. Raises Malformed."""
    while content:
        tag, value, content = first_element(content)
        yield tag, value


def first_element(octets: bytes) -> tuple[int, bytes, bytes]:
    """Return the first element's tag and content, and what follows it. Raises Malformed."""
    if len(octets) < 2:
        raise Malformed
    tag, length, start = octets[0], octets[1], 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= _LENGTH_MAX_OCTETS or len(octets) < 2 + size:
            raise Malformed
        length, start = int.from_bytes(octets[2 : 2 + size], "big"), 2 + size
    if len(octets) < start + length:
        raise Malformed
    return tag, octets[start : start + length], octets[start + length :]
