"""What a directory knows of one clerk: the entry, and the id that outlives every rename and move."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sso.directory.groups import Group
from sso.directory.presets import IdFormat

# 389-DS writes its nsUniqueId as four groups of eight hexadecimal digits.
_NSUNIQUEID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as read. The key of the person is (directory_id, immutable_id); the DN may change tomorrow.

    `attributes` are the raw values under lower-case attribute names. `groups` are None when they were not
    read, which says nothing about the person: None never takes the place of groups known before.
    """

    directory_id: str
    immutable_id: str
    dn: str
    login_name: str
    attributes: Mapping[str, tuple[bytes, ...]] = field(repr=False)
    groups: tuple[Group, ...] | None = field(default=None, repr=False)

    def first(self, attribute: str) -> bytes | None:
        """The first value of an attribute, any case; None when the entry has none."""
        values = self.attributes.get(attribute.lower(), ())
        return values[0] if values else None


def canonical_immutable_id(id_format: IdFormat, raw: bytes) -> str | None:
    """One spelling for one id, so that it can be a key; None when the value is no id.

    objectGUID is 16 bytes in the mixed byte order of [MS-DTYP] 2.3.4.2; entryUUID (RFC 4530) and
    ipaUniqueID are UUIDs in text; nsUniqueId is 389-DS's own four-group text.
    """
    match id_format:
        case IdFormat.GUID:
            return str(UUID(bytes_le=raw)) if len(raw) == 16 else None
        case IdFormat.NSUNIQUEID:
            text = raw.decode("ascii", "replace").lower()
            return text if _NSUNIQUEID.fullmatch(text) else None
        case IdFormat.UUID:
            return _canonical_uuid(raw)


def canonical_id_text(id_format: IdFormat, text: str) -> str | None:
    """The one spelling of an id that came as text, from another than the directory; None when it is no id.

    What `canonical_immutable_id` makes of a directory's value is its own canonical text.
    """
    text_format = IdFormat.UUID if id_format is IdFormat.GUID else id_format
    return canonical_immutable_id(text_format, text.encode("utf-8", "replace"))


def _canonical_uuid(raw: bytes) -> str | None:
    text = raw.decode("ascii", "replace")
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return str(parsed) if text.lower() == str(parsed) else None
