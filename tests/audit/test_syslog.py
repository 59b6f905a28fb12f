"""Records as messages of syslog (RFC 5424 6) in frames (RFC 5425 4.3)."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sso.audit.event import EVENT_CLASSES, NodeStarted
from sso.audit.record import AuditRecord, Origin, Severity, record_of
from sso.audit.syslog import octet_counted, syslog_message
from tests.servers.collector import frames_in

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
MESSAGE = re.compile(  # the grammar of RFC 5424 6, without its options that are not used
    r"<(?P<pri>[0-9]{1,3})>1 (?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{1,6}Z) "
    r"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<procid>[!-~]{1,128}) (?P<msgid>[!-~]{1,32}) "
    r'\[log@32473(?P<sd>(?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")*)\] (?P<msg>.*)'
)


def record(**changes: object) -> AuditRecord:
    made = record_of(NodeStarted(node="日志", version="1"), Origin(), NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


def message(of: AuditRecord, host: str = "id.example.gov") -> re.Match[str]:
    told = syslog_message(of, (1, 4711), host, of.as_json()).decode("ascii")
    found = MESSAGE.fullmatch(told)
    assert found is not None, told
    return found


def test_a_record_is_a_message_with_its_place_and_its_json() -> None:
    one = record()

    told = message(one)

    assert (told["time"], told["host"], told["msgid"]) == (
        "2026-03-04T05:06:07.123456Z",
        "id.example.gov",
        "node.started",
    )
    assert told["sd"] == f' id="{one.id}" epoch="1" index="4711"'
    assert json.loads(told["msg"]) == one.as_json()


@pytest.mark.parametrize(("severity", "priority"), [(1, 110), (2, 109), (3, 108), (4, 107), (5, 106)])
def test_severities_are_those_of_syslog_in_the_facility_of_audit_logs(severity: int, priority: int) -> None:
    """RFC 5424 6.2.1: facility 13, log audit, times eight, and the severity."""
    assert message(record(severity=Severity(severity)))["pri"] == str(priority)


def test_every_code_of_ours_is_a_message_id() -> None:
    """RFC 5424 6.2.7: 32 characters at most."""
    assert [event.code for event in EVENT_CLASSES if len(event.code) > 32] == []


def test_hostile_names_cannot_leave_their_places() -> None:
    told = message(record(id='x"]y\\z\n', event="a b\nc"), host="")

    assert (told["host"], told["msgid"]) == ("-", "abc")
    assert told["sd"].startswith(' id="x\\"\\]y\\\\z')


def test_frames_are_counted_in_octets() -> None:
    assert octet_counted([b"hello", b"world\n"]) == b"5 hello6 world\n"
    assert frames_in(octet_counted([b"1 2", b"3"])) == ["1 2", "3"]
