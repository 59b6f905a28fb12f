"""A record as a message of syslog (RFC 5424), and messages in the frames of a stream (RFC 5425 4.3).

The message is JSON in ASCII, so that no byte order mark is needed (RFC 5424 6.4). The structured data bears
the enterprise number that is reserved for examples (RFC 5612): this project has none of its own.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC

from sso.audit.record import AuditRecord, JsonValue, Severity

APP_NAME = "sso-hub"
FACILITY_LOG_AUDIT = 13
_ENTERPRISE = 32473
_MAX_HOSTNAME, _MAX_MSGID = 255, 32
_SEVERITIES = {
    Severity.INFORMATIONAL: 6,
    Severity.LOW: 5,
    Severity.MEDIUM: 4,
    Severity.HIGH: 3,
    Severity.CRITICAL: 2,
}
"""Informational, notice, warning, error, critical (RFC 5424 6.2.1)."""


def syslog_message(
    record: AuditRecord, place: tuple[int, int], host: str, document: Mapping[str, JsonValue]
) -> bytes:
    """Return the message of a record; `place` is its epoch and index, `host` who tells it."""
    priority = FACILITY_LOG_AUDIT * 8 + _SEVERITIES[record.severity]
    time = record.occurred_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    header = f"<{priority}>1 {time} {_name(host, _MAX_HOSTNAME)} {APP_NAME} -"
    epoch, index = place
    data = f'[log@{_ENTERPRISE} id="{_value(record.id)}" epoch="{epoch}" index="{index}"]'
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    return f"{header} {_name(record.event, _MAX_MSGID)} {data} {text}".encode("ascii")


def octet_counted(messages: Iterable[bytes]) -> bytes:
    """Return messages as one stream: the length of each, a space, the message (RFC 5425 4.3)."""
    return b"".join(b"%d %b" % (len(message), message) for message in messages)


def _name(text: str, limit: int) -> str:
    """Printable ASCII without spaces, `-` where nothing is left."""
    return "".join(each for each in text if "!" <= each <= "~")[:limit] or "-"


def _value(text: str) -> str:
    """A parameter's value: quotation mark, backslash and bracket are escaped (RFC 5424 6.3.3)."""
    ascii_only = text.encode("ascii", "replace").decode("ascii")
    return "".join(f"\\{each}" if each in '"\\]' else each for each in ascii_only)
