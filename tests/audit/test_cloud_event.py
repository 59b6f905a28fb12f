"""Records as CloudEvents 1.0, and the signature of the webhook that carries them (Standard Webhooks 1.0)."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from sso.audit.cloud_event import batch_of, cloud_event, secret_of, signature_headers
from sso.audit.event import NodeStarted, PasswordReset
from sso.audit.record import Origin, record_of

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)


def test_an_event_has_what_cloudevents_requires_and_sorts_by_its_place() -> None:
    """CloudEvents 1.0.2: id, source, specversion, type; the sequence extension sorts as text."""
    record = record_of(PasswordReset(account_id="a1", source="command"), Origin(), NOW)

    event = cloud_event(record, (1, 9), "https://id.example.gov", record.as_json())

    assert event == {
        "specversion": "1.0",
        "id": record.id,
        "source": "https://id.example.gov/audit",
        "type": "sso-hub.credential.password.reset",
        "subject": "a1",
        "time": "2026-03-04T05:06:07.123Z",
        "datacontenttype": "application/json",
        "sequence": "0000000001-0000000000000000009",
        "data": record.as_json(),
    }
    later = [cloud_event(record, place, "i", {})["sequence"] for place in ((1, 10), (1, 11), (2, 0))]
    assert sorted(map(str, later)) == later > [event["sequence"]]


def test_nobody_is_no_subject_and_a_batch_is_a_list() -> None:
    record = record_of(NodeStarted(node="日志", version="1"), Origin(), NOW)
    event = cloud_event(record, (1, 0), "https://id.example.gov", record.as_json())

    assert "subject" not in event
    assert json.loads(batch_of([event, event])) == [event, event]


def test_the_signature_is_verified_as_standard_webhooks_says() -> None:
    """`v1,` and Base64 of HMAC-SHA256 over `id.timestamp.content`."""
    key = b"k" * 24
    headers = signature_headers("siem-1-0-3", b"[]", key, NOW)

    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + b"[]"
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("siem-1-0-3", "1772600767")


def test_a_secret_is_whsec_and_base64_of_24_to_64_bytes() -> None:
    def written(size: int) -> str:
        return "whsec_" + base64.b64encode(b"k" * size).decode()

    assert [len(secret_of(written(size))) for size in (24, 64)] == [24, 64]
    for wrong in (written(23), written(65), written(24)[6:], "whsec_", "whsec_!!!!", written(25)[:-1]):
        with pytest.raises(ValueError, match="a webhook's secret"):
            secret_of(wrong)
