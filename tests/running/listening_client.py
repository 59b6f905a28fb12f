"""The back-channel endpoint of a client, as good or bad as a test wants it: real HTTP on loopback."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

from tests.running.application import jti_of

Answer = Callable[[socket.socket], None]


def confirms(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def refuses(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def redirects_to(url: str) -> Answer:
    head = f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return lambda connection: connection.sendall(head.encode())


def drips(connection: socket.socket) -> None:
    """One byte a half second: never silent for long, and never done."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.5)


def talks_without_end(connection: socket.socket) -> None:
    """200, and then far more than anyone should read."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\nConnection: close\r\n\r\n")
    for _ in range(10_000):
        connection.sendall(b"a" * 10_000)


@dataclass
class ListeningClient:
    """Listens while the block lasts; `received` are the logout tokens, `sent_bytes` what it got rid of."""

    answer: Answer = confirms
    received: list[str] = field(default_factory=list)
    cut_after: list[float] = field(default_factory=list)
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _ended: bool = False

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/backchannel"

    @property
    def jtis(self) -> list[str]:
        return [jti_of(token) for token in self.received]

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while not self._ended:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            started_at = time.monotonic()
            with suppress(OSError):
                self.received.append(_logout_token(connection))
                self.answer(connection)
            self.cut_after.append(time.monotonic() - started_at)


def _logout_token(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += _more(connection)
    return parse_qs(body.decode())["logout_token"][0]


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(65_536)
    if not part:
        raise ConnectionError
    return part
