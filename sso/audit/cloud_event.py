"""Records as CloudEvents 1.0 in a batch of JSON, and the signature of a webhook that carries them.

The signature is that of Standard Webhooks 1.0: HMAC-SHA256 over id, time and content, so that a receiver
knows who sent it, that it is whole, and how old it is.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from sso.audit.record import AuditRecord, JsonValue

BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
TYPE_PREFIX = "sso-hub."
SECRET_PREFIX = "whsec_"
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def cloud_event(
    record: AuditRecord, place: tuple[int, int], issuer: str, document: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Return a record as a CloudEvent (1.0, structured); `sequence` sorts by the place in the log.

    `id` and `source` name a record for ever: who receives one again has it already.
    """
    epoch, index = place
    whole: dict[str, JsonValue] = {
        "specversion": "1.0",
        "id": record.id,
        "source": f"{issuer}/audit",
        "type": f"{TYPE_PREFIX}{record.event}",
        "subject": record.account_id,
        "time": str(record.as_json()["occurred_at"]),
        "datacontenttype": "application/json",
        "sequence": f"{epoch:010d}-{index:019d}",
        "data": document,
    }
    return {name: value for name, value in whole.items() if value is not None}


def batch_of(events: Iterable[Mapping[str, JsonValue]]) -> bytes:
    """Return events as a batch (CloudEvents JSON format 4)."""
    return json.dumps(list(events), ensure_ascii=True, separators=(",", ":")).encode("ascii")


def secret_of(text: str) -> bytes:
    """Return the key of a webhook's secret: `whsec_` and Base64 of 24 to 64 bytes.

    Raises:
        ValueError: it is none.
    """
    told = text.removeprefix(SECRET_PREFIX)
    if told == text or len(told) % 4 or not _BASE64.fullmatch(told):
        message = f"a webhook's secret is {SECRET_PREFIX} and Base64"
        raise ValueError(message)
    key = base64.b64decode(told)
    if not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        message = f"a webhook's secret has {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes"
        raise ValueError(message)
    return key


def signature_headers(message_id: str, content: bytes, key: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks; `message_id` stays when the same content is sent again."""
    seconds = int(now.timestamp())
    signed = hmac.digest(key, f"{message_id}.{seconds}.".encode() + content, hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode('ascii')}",
    }
