"""Distinguished names (RFC 4514) as far as the hub compares and writes them."""

import re
import unicodedata

_SPECIAL = frozenset('"+,;<>\\=')
_ESCAPED = re.compile(r'\\([0-9a-fA-F]{2}|[ "#+,;<=>\\])')


def comparable(dn: str) -> tuple[str, ...]:
    """The name's parts, so that two spellings of one DN are equal: case, spaces and escapes do not count."""
    return tuple(_comparable_part(part) for part in _parts(dn))


def is_below(dn: str, base_dn: str) -> bool:
    """Whether an entry is the base or below it."""
    base = comparable(base_dn)
    return comparable(dn)[-len(base) :] == base


def first_value(dn: str, attribute: str) -> str | None:
    """The value of the leftmost part when it is named by that attribute, else None."""
    name, equals, value = next(iter(_parts(dn)), "").partition("=")
    if not equals or name.strip().lower() != attribute.lower():
        return None
    return _unescaped(_trimmed(value))


def escaped_value(value: str) -> str:
    """A value as it stands in a DN (RFC 4514 section 2.4), whatever is in it."""
    last = len(value) - 1
    return "".join(_escaped(character, position in (0, last)) for position, character in enumerate(value))


def _escaped(character: str, at_an_end: bool) -> str:
    if character == "\0":
        return "\\00"
    if character in _SPECIAL or (at_an_end and character in " #"):
        return f"\\{character}"
    return character


def _parts(dn: str) -> list[str]:
    """Split at the commas that are no part of a value."""
    parts, current, escaped = [], "", False
    for character in dn:
        if character == "," and not escaped:
            parts.append(current)
            current = ""
            continue
        escaped = character == "\\" and not escaped
        current += character
    return [*parts, current]


def _comparable_part(part: str) -> str:
    name, _, value = part.partition("=")
    folded = unicodedata.normalize("NFKC", _unescaped(_trimmed(value)).casefold())
    return f"{name.strip().lower()}={' '.join(folded.split())}"


def _trimmed(value: str) -> str:
    """Without the spaces around it; an escaped one is part of the value."""
    shorter = value.strip(" ")
    backslashes = len(shorter) - len(shorter.rstrip("\\"))
    return f"{shorter} " if backslashes % 2 and value.rstrip(" ") != value else shorter


def _unescaped(value: str) -> str:
    """The value itself; escaped octets are UTF-8 together."""
    out = bytearray()
    position = 0
    while position < len(value):
        found = _ESCAPED.match(value, position)
        if found is None:
            out += value[position].encode("utf-8", "surrogatepass")
            position += 1
            continue
        text = found[1]
        out += bytes.fromhex(text) if len(text) == 2 else text.encode()
        position = found.end()
    return out.decode("utf-8", "replace")
