"""From a host name to an encrypted socket that keeps a deadline.

ldap3 bounds each `recv`, not the whole: a server that sends a byte a second held a bind of "2 seconds" for
11. Here the socket itself knows the moment at which it stops, for every call, also inside TLS; no watchdog
thread is needed.
"""

import queue
import socket
import ssl
import threading
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import NoReturn

from sso.directory.ldap.deadline import Deadline, DeadlineExceeded
from sso.directory.ldap.library import Connection, Tls
from sso.directory.verification import DirectoryUnavailable

ANSWER_MAX_BYTES = 1024 * 1024
TOO_LARGE = "the answer is too large"


class Stage(StrEnum):
    """How far a conversation came."""

    NAME = "name"
    CONNECT = "connect"
    TLS = "tls"
    TALK = "talk"


class Unreachable(DirectoryUnavailable):
    """A server did not answer.

    `dropped` is true when the server ended a session that was open, as it does at a restart: the one
    failure after which it is asked again.
    """

    def __init__(self, stage: Stage, reason: str, *, dropped: bool = False) -> None:
        super().__init__(f"{stage}: {reason}".encode("ascii", "replace").decode("ascii"))
        self.stage = stage
        self.dropped = dropped


def resolve(host: str, port: int, deadline: Deadline) -> tuple[str, ...]:
    """The addresses of a host. Raises Unreachable.

    The C library's resolver cannot be interrupted, so it runs in a thread that is left behind when it is
    late; the bulkhead and the breaker of the directory bound how many there can be.
    """
    try:
        return (str(ip_address(host)),)
    except ValueError:
        pass
    answers: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, answers), daemon=True).start()
    try:
        addresses = answers.get(timeout=deadline.remaining_seconds())
    except (queue.Empty, DeadlineExceeded) as error:
        raise Unreachable(Stage.NAME, "the name service did not answer in time") from error
    if not addresses:
        raise Unreachable(Stage.NAME, "the name service knows no such host")
    return addresses


def _look_up(host: str, port: int, answers: "queue.SimpleQueue[tuple[str, ...]]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    answers.put(tuple(dict.fromkeys(str(address[0]) for *_, address in found)))


class DeadlineSocket:
    """What ldap3 uses of a socket, each call bounded by the current deadline and answer size."""

    def __init__(self, wrapped: socket.socket, deadline: Deadline) -> None:
        self.wrapped = wrapped
        self._deadline = deadline
        self._bytes_left = ANSWER_MAX_BYTES

    def begin(self, deadline: Deadline, answer_max_bytes: int = ANSWER_MAX_BYTES) -> None:
        """Start one operation."""
        self._deadline = deadline
        self._bytes_left = answer_max_bytes

    def recv(self, size: int) -> bytes:
        """Read. Raises OSError: late, broken, or more than any honest answer to our questions."""
        self.wrapped.settimeout(self._deadline.remaining_seconds())
        received = self.wrapped.recv(size)
        self._bytes_left -= len(received)
        if self._bytes_left < 0:
            raise OSError(TOO_LARGE)
        return received

    def sendall(self, octets: bytes) -> None:
        """Write everything. Raises OSError."""
        self.wrapped.settimeout(self._deadline.remaining_seconds())
        self.wrapped.sendall(octets)

    def shutdown(self, how: int) -> None:
        """End the conversation."""
        self.wrapped.shutdown(how)

    def close(self) -> None:
        """Give the descriptor back."""
        self.wrapped.close()


def trusting(ca_file: Path | None, certificate: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    """A context that trusts the directory's own CA, or the system's when none is set.

    `certificate` is the hub's own with its key, shown to servers that ask. Raises Unreachable.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and host name by construction
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise Unreachable(Stage.TLS, f"ca_file cannot be read ({type(error).__name__})") from error
    try:
        if certificate is not None:
            context.load_cert_chain(*certificate)
    except OSError as error:
        reason = f"certificate_file or its key cannot be read ({type(error).__name__})"
        raise Unreachable(Stage.TLS, reason) from error
    return context


class StrictTls(Tls):  # type: ignore[misc]  # ldap3 is untyped, and its Server accepts only its own Tls
    """ldap3's Tls with the standard library's verification in place of its own.

    The chain, the host name or address and TLS 1.2 are required; SNI is sent; Nagle's algorithm is off (it
    costs 41 ms a connection). `failure` keeps the real exception, which ldap3 turns into prose.
    """

    def __init__(self, context: ssl.SSLContext, host: str, deadline: Deadline) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context
        self._host = host
        self._deadline = deadline
        self.failure: OSError | None = None

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        """Encrypt the connection's socket. Raises OSError; ldap3's signature, always with a handshake."""
        plain = connection.socket
        if isinstance(plain, DeadlineSocket):  # StartTLS
            plain = plain.wrapped
        try:
            without_delay(plain)
            plain.settimeout(self._deadline.remaining_seconds())
            encrypted = self._context.wrap_socket(plain, server_hostname=self._host)
        except OSError as error:
            plain.close()
            self.failure = error
            raise
        connection.socket = DeadlineSocket(encrypted, self._deadline)


def without_delay(plain: socket.socket) -> None:
    """Send each small message at once."""
    if plain.family in (socket.AF_INET, socket.AF_INET6):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def unreachable(stage: Stage, error: Exception) -> NoReturn:
    """Raise Unreachable for a fault of ldap3 or of the socket, without ldap3's prose."""
    timed_out = isinstance(error, TimeoutError) or "timed out" in str(error) or "deadline" in str(error)
    reason = describe(error, timed_out=timed_out)
    raise Unreachable(stage, reason, dropped=stage is Stage.TALK and not timed_out) from error


def describe(error: Exception, *, timed_out: bool) -> str:
    """A few words for the operator: no bytes of the server, no secret."""
    if timed_out:
        return "no answer in time"
    if TOO_LARGE in str(error):
        return TOO_LARGE
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was refused ({error.verify_message})"
    if isinstance(error, ConnectionRefusedError) or "Connection refused" in str(error):
        return "connection refused"
    return type(error).__name__
