"""Streams of syslog to real receivers over TLS (RFC 5425): who is believed, and what counts as arrived."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sso.cli.demo.certificate import CertificateWish
from sso.outbound import NoAnswer
from sso.outbound.syslog import Receiver, send_stream, tls_context
from tests.servers.client_certificates import authority, issued
from tests.servers.collector import SyslogCollector

STREAM = b"5 hello5 world"
MANY = 4 * 1024 * 1024


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[SyslogCollector]:
    with SyslogCollector(tmp_path / "collector") as listening:
        yield listening


def receiver(of: SyslogCollector, *, answers_close: bool = True) -> Receiver:
    return Receiver("localhost", of.port, tls_context(of.ca_file, None, None), answers_close)


def send(to: SyslogCollector, stream: bytes = STREAM) -> None:
    send_stream(receiver(to), stream)


def test_a_receiver_that_answers_the_end_of_the_stream_has_all_of_it(collector: SyslogCollector) -> None:
    """RFC 5425 4.4: close_notify ends a session, and is answered by one."""
    send(collector)

    assert collector.messages == ["hello", "world"]


def test_a_receiver_that_only_closes_is_believed_where_that_is_configured(collector: SyslogCollector) -> None:
    """Without close_notify anybody on the way could have ended the stream (TLS truncation)."""
    collector.says_goodbye = False

    with pytest.raises(NoAnswer, match="close_notify"):
        send(collector)
    send_stream(receiver(collector, answers_close=False), STREAM)

    assert collector.messages == ["hello", "world"] * 2


def test_more_than_a_buffer_holds_arrives_whole(collector: SyslogCollector) -> None:
    send(collector, b"%d %b" % (MANY, b"x" * MANY))

    assert collector.messages == ["x" * MANY]


def test_a_receiver_that_dies_does_not_have_it(collector: SyslogCollector) -> None:
    collector.dies = True

    with pytest.raises(NoAnswer):
        send(collector, b"%d %b" % (MANY, b"x" * MANY))


def test_a_receiver_that_hangs_is_left_when_the_time_is_over(collector: SyslogCollector) -> None:
    collector.hangs = True

    with pytest.raises(NoAnswer, match="within 0.2 seconds"):
        send_stream(receiver(collector), STREAM, 0.2)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (CertificateWish(hosts=("siem.example.gov",)), "mismatch"),
        (CertificateWish(lifetime=timedelta(days=-1)), "expired"),
    ],
    ids=["of another name", "expired"],
)
def test_a_receiver_must_prove_its_name(tmp_path: Path, wish: CertificateWish, said: str) -> None:
    """RFC 5425 4.2.1 and 5.2: the certificate bears the name that was configured, in its time."""
    with SyslogCollector(tmp_path, wish) as stranger, pytest.raises(NoAnswer, match=said):
        send(stranger)

    assert stranger.messages == []


def test_a_receiver_of_another_authority_is_refused(collector: SyslogCollector, tmp_path: Path) -> None:
    with SyslogCollector(tmp_path / "other") as other:
        context = tls_context(other.ca_file, None, None)
        with pytest.raises(NoAnswer, match="certificate is not accepted"):
            send_stream(Receiver("localhost", collector.port, context), STREAM)


def test_a_receiver_may_demand_a_certificate(tmp_path: Path) -> None:
    """RFC 5425 4.2: both sides may be authenticated."""
    ca = tmp_path / "clients.pem"
    ca.write_bytes(authority().pem)
    certificate, key = (Path(name) for name in issued().files(tmp_path / "client"))

    with SyslogCollector(tmp_path / "collector", client_ca=ca) as strict:
        # In TLS 1.3 it refuses after the handshake, and sometimes ends before it is sent to.
        for _ in range(50):
            with pytest.raises(NoAnswer):
                send(strict)
        known = tls_context(strict.ca_file, certificate, key)
        send_stream(Receiver("localhost", strict.port, known), STREAM)

    assert strict.messages == ["hello", "world"]


def test_nobody_listens_and_files_that_are_none_are_said(tmp_path: Path) -> None:
    with SyslogCollector(tmp_path / "gone") as gone:
        pass
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")

    with pytest.raises(NoAnswer, match="ConnectionRefusedError"):
        send(gone)
    with pytest.raises(NoAnswer, match="certificates cannot be used"):
        tls_context(nothing, None, None)
