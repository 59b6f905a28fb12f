"""How a batch of the log reaches a sink: by syslog over TLS, as a signed webhook, or in a file.

Each returns when the other side has the batch; otherwise it raises, and the whole batch comes again.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from sso import __version__
from sso.audit.cloud_event import BATCH_MEDIA_TYPE, batch_of, cloud_event, signature_headers
from sso.audit.ocsf import Reporter
from sso.audit.record import JsonValue
from sso.audit.syslog import octet_counted, syslog_message
from sso.audit.telling import Teller
from sso.config.sinks import FileTarget, PullTarget, SinkSettings, SyslogTarget, WebhookTarget
from sso.outbound import Answer, NoAnswer, Outbound, Posting
from sso.outbound.syslog import Receiver, send_stream, tls_context
from sso.storage.audit_sinks import Told
from sso.storage.detection import Place
from sso.storage.folders import keep_names

_TAKEN = range(200, 300)


class NotDelivered(Exception):
    """A sink does not have a batch, or nobody knows; the text says why."""


Delivery = Callable[[Sequence[Told]], None]


def delivery_to(sink: SinkSettings, issuer: str, outbound: Outbound) -> Delivery:
    """Return what delivers a batch to a sink, and raises NotDelivered where it cannot.

    Raises:
        ValueError: nothing is delivered to this one: its reader comes for it.
    """
    tells = _Teller(issuer, Teller(Reporter.of(issuer, __version__), ocsf=sink.ocsf))
    match sink.target:
        case SyslogTarget() as receiver:
            return lambda batch: _by_syslog(receiver, tells, batch)
        case WebhookTarget() as webhook:
            return lambda batch: _by_webhook(sink.name, webhook, tells, outbound, batch)
        case FileTarget() as file:
            return lambda batch: _to_file(file, tells, batch)
        case PullTarget():
            message = f"the sink {sink.name} is pulled"
            raise ValueError(message)
        case _ as never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class _Teller:
    """For which issuer a sink is told, in which form."""

    issuer: str
    form: Teller

    def document(self, told: Told) -> dict[str, JsonValue]:
        """What a record is told as."""
        return self.form.document(told.record, *told.at)


def _by_syslog(target: SyslogTarget, tells: _Teller, batch: Sequence[Told]) -> None:
    host = tells.form.reporter.host
    messages = (syslog_message(told.record, told.at, host, tells.document(told)) for told in batch)
    try:
        context = tls_context(target.ca_file, target.certificate_file, target.certificate_key_file)
        receiver = Receiver(target.host, target.port, context, target.answers_close)
        send_stream(receiver, octet_counted(messages))
    except NoAnswer as error:
        raise NotDelivered(str(error)) from error


def _by_webhook(
    name: str, target: WebhookTarget, tells: _Teller, outbound: Outbound, batch: Sequence[Told]
) -> None:
    content = batch_of(
        cloud_event(told.record, told.at, tells.issuer, tells.document(told)) for told in batch
    )
    first, last = batch[0].place, batch[-1].place
    message_id = f"{name}-{first.epoch}-{first.index}-{last.index}"
    headers = signature_headers(message_id, content, target.key, datetime.now(UTC))
    (answer,) = outbound.post([Posting(target.url, content, BATCH_MEDIA_TYPE, headers=headers)])
    if not isinstance(answer, Answer):
        raise NotDelivered(str(answer))
    if answer.status not in _TAKEN:
        raise NotDelivered(f"HTTP status {answer.status}")


def _to_file(target: FileTarget, tells: _Teller, batch: Sequence[Told]) -> None:
    content = "".join(tells.form.line(told.record, *told.at) for told in batch).encode()
    try:
        _set_aside(target, batch[0].place, len(content))
        _append(target.file, content)
    except OSError as error:
        raise NotDelivered(error.strerror or type(error).__name__) from error


def _set_aside(target: FileTarget, place: Place, more: int) -> None:
    """Rename a file that would grow too long, for whoever collects it: named by what comes after it."""
    if not target.file.exists() or target.file.stat().st_size + more <= target.rotate_bytes:
        return
    name, number = f"{target.file.name}.{place.epoch}-{place.index:012d}", 1
    aside = target.file.with_name(name)
    while aside.exists():  # of a try before this one
        number += 1
        aside = target.file.with_name(f"{name}-{number}")
    target.file.rename(aside)


def _append(file: Path, content: bytes) -> None:
    """Add to a file, durable on return; a line that a crash cut off is ended before."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    with os.fdopen(os.open(file, flags, 0o600), "r+b") as opened:
        size = opened.seek(0, os.SEEK_END)
        if size:
            opened.seek(size - 1)
            content = content if opened.read(1) == b"\n" else b"\n" + content
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    if not size:
        keep_names(file.parent)
