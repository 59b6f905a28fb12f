"""A stream of syslog messages over TLS (RFC 5425), given to a receiver whose name its certificate bears.

A write to a socket says nothing of who read it, and syslog has no answers. So each batch has a connection of
its own, which ends as RFC 5425 4.4 says: our close_notify, the receiver's, and its end of the stream. When it
comes and every byte of ours is acknowledged, the receiver has read them: with bytes unread Linux resets the
connection, and what comes after the end is not acknowledged.
"""

import fcntl
import socket
import ssl
import struct
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from sso.outbound.fetcher import NoAnswer

DEADLINE_SECONDS = 10.0


def tls_context(ca_file: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Return what both sides must prove: TLS 1.2 at least, the receiver's name in its certificate.

    Raises:
        NoAnswer: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.hostname_checks_common_name = False
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise NoAnswer(f"its certificates cannot be used: {type(error).__name__}") from error
    return context


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where streams go, and how it proves what: `context` as `tls_context` makes it.

    `answers_close`: it answers close_notify, as RFC 5425 4.4 demands. Where it does not, somebody on the way
    can cut off a stream and end it in its name.
    """

    host: str
    port: int
    context: ssl.SSLContext
    answers_close: bool = True


def send_stream(to: Receiver, stream: bytes, seconds: float = DEADLINE_SECONDS) -> None:
    """Give a stream to a receiver and wait until it has all of it; so many seconds in all.

    Raises:
        NoAnswer: it does not have it, or nobody knows.
    """
    ends = time.monotonic() + seconds
    try:
        with (
            socket.create_connection((to.host, to.port), timeout=seconds) as plain,
            to.context.wrap_socket(plain, server_hostname=to.host) as connection,
        ):
            _write(connection, stream, ends)
            _finish(connection, ends, to.answers_close)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"its certificate is not accepted: {error.verify_message}") from error
    except TimeoutError as error:
        raise NoAnswer(f"not done within {seconds:g} seconds") from error
    except (OSError, ValueError) as error:
        raise NoAnswer(type(error).__name__) from error


def _write(connection: ssl.SSLSocket, stream: bytes, ends: float) -> None:
    left = memoryview(stream)
    while left:
        connection.settimeout(_until(ends))
        left = left[connection.send(left) :]


def _finish(connection: ssl.SSLSocket, ends: float, answers_close: bool) -> None:
    """Say that this is all, and wait until the receiver has read it and ends the stream too."""
    connection.settimeout(_until(ends))
    try:
        plain: socket.socket = connection.unwrap()
        plain.settimeout(_until(ends))
        while plain.recv(4096):
            plain.settimeout(_until(ends))
    except ssl.SSLEOFError as error:
        if answers_close:
            raise NoAnswer("it ended the connection without close_notify (answers_close)") from error
        plain = connection
    (unconfirmed,) = struct.unpack("i", fcntl.ioctl(plain.fileno(), termios.TIOCOUTQ, bytes(4)))
    if unconfirmed:
        raise ConnectionAbortedError


def _until(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
