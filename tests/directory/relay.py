"""A relay in front of a real server that loses one answer: the cable is cut at the worst moment."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


@contextmanager
def relaying(url: str, mark: bytes, is_delivered: bool) -> Iterator[str]:
    """The URL of a relay that cuts the connection when `mark` comes along, before or after passing it on."""
    target = urlsplit(url)
    over = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def converse(client: socket.socket) -> None:
            with client, socket.create_connection((target.hostname, target.port)) as server:
                client.settimeout(0.05)
                server.settimeout(0.05)
                while not over.is_set():
                    asked = _read(client)
                    if asked is None or (mark in asked and not is_delivered):
                        return
                    server.sendall(asked)
                    if mark in asked:
                        server.settimeout(5)
                        _read(server)  # it is done, and nobody is told
                        return
                    answered = _read(server)
                    if answered is None:
                        return
                    client.sendall(answered)

        def accept() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    client, _ = listener.accept()
                    threads.append(threading.Thread(target=converse, args=(client,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"ldap://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            for thread in (accepting, *threads):
                thread.join(10)


def _read(end: socket.socket) -> bytes | None:
    """What is there, perhaps nothing; None at the end of the conversation."""
    try:
        return end.recv(65536) or None
    except TimeoutError:
        return b""
    except OSError:
        return None
