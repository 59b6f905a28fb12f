"""Servers that behave badly on purpose, on loopback, each in one thread that ends with its context."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Listener:
    """What a bad server's address is and what it was sent."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connections = 0
        self.received = b""


@contextmanager
def listening(converse: Callable[[Listener, socket.socket, threading.Event], None]) -> Iterator[Listener]:
    """Accept connections one after the other and give each to `converse` until the context ends."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        listener = Listener(server.getsockname()[1])

        def accept() -> None:
            while not over.is_set():
                with suppress(OSError):
                    connection, _ = server.accept()
                    listener.connections += 1
                    with connection:
                        connection.settimeout(0.05)
                        converse(listener, connection, over)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener
        finally:
            over.set()
            thread.join(10)


def record(listener: Listener, connection: socket.socket, over: threading.Event) -> None:
    """Note what is sent and answer nothing."""
    while not over.is_set():
        with suppress(TimeoutError):
            received = connection.recv(4096)
            if not received:
                return
            listener.received += received


def drip(listener: Listener, connection: socket.socket, over: threading.Event) -> None:
    """Begin a long LDAP message and send it a byte at a time, for ever."""
    connection.sendall(bytes.fromhex("3082ffff"))
    while not over.wait(0.1):
        connection.sendall(b"\x04")


def flood(listener: Listener, connection: socket.socket, over: threading.Event) -> None:
    """Announce a huge message and send it as fast as it is taken."""
    connection.sendall(bytes.fromhex("30847fffffff"))
    while not over.is_set():
        with suppress(TimeoutError):
            connection.sendall(b"\x04" * 65536)


def babble(listener: Listener, connection: socket.socket, over: threading.Event) -> None:
    """Answer in another protocol."""
    with suppress(TimeoutError):
        connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    over.wait(0.2)


def malform(listener: Listener, connection: socket.socket, over: threading.Event) -> None:
    """Answer every request with a well framed message of nonsense."""
    for _ in range(10):
        with suppress(TimeoutError):
            connection.recv(4096)
            connection.sendall(bytes.fromhex("30060201016101ff"))
        if over.is_set():
            return


def be_busy(listener: Listener, connection: socket.socket, over: threading.Event) -> None:
    """Accept every bind, and answer every search with result 51 (busy)."""
    for _ in range(10):
        with suppress(TimeoutError):
            request = connection.recv(4096)
            if not request:
                return
            id_start = 2 if request[1] < 0x80 else 2 + (request[1] & 0x7F)
            id_end = id_start + 2 + request[id_start + 1]
            is_bind = request[id_end] == 0x60
            answer = bytes.fromhex("61070a010004000400" if is_bind else "65070a013304000400")
            body = request[id_start:id_end] + answer
            connection.sendall(bytes([0x30, len(body)]) + body)
        if over.is_set():
            return
