"""A load generator in one thread: keep-alive connections, each asking again as soon as it has its answer.

It speaks just enough HTTP/1.1 for two servers that answer with a Content-Length, so that on a machine that it
shares with them it takes some 30 microseconds a request. An answer that was not expected ends the run: a
benchmark of refusals would be fast and worth nothing.
"""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

ANSWER_SECONDS = 20.0

Next = Callable[[int, "Answer | None"], "bytes | None"]
"""The next request of a connection, by its number and its last answer; None when it has no more to ask."""


class Unexpected(Exception):
    """A server did not answer as the benchmark needs it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, "" when it is absent."""
        found = self.head.lower().find(f"\r\n{name.lower()}:".encode())
        if found < 0:
            return ""
        return self.head[found + len(name) + 3 :].split(b"\r\n", 1)[0].decode("latin-1").strip()


@dataclass(frozen=True, slots=True)
class Measured:
    """One round of one call: the seconds of every answer, and the seconds of the whole round."""

    latencies: list[float]
    elapsed: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.elapsed


@dataclass(slots=True)
class _Connection:
    number: int
    socket: socket.socket
    began: float = 0.0
    received: bytearray = field(default_factory=bytearray)


def request(
    method: str, path: str, host: str, *, form: dict[str, str] | None = None, **headers: str
) -> bytes:
    """Return the bytes of a request; `headers` by their names, `_` for `-`."""
    body = b"" if form is None else urlencode(form).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "User-Agent: bench", "Accept: */*"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if form is not None:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(port: int, following: Next, *, connections: int, seconds: float, status: int = 200) -> Measured:
    """Ask until the time is over or nobody has more to ask.

    Raises:
        Unexpected: an answer has another status, or none came.
    """
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        ends = began + seconds
        for number in range(connections):
            first = following(number, None)
            if first is not None:
                opened = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = _Connection(number, opened)
                selector.register(opened, selectors.EVENT_READ, connection)
                _ask(connection, first)
        while selector.get_map():
            ready = selector.select(ANSWER_SECONDS)
            if not ready:
                raise Unexpected(f"port {port} answered nothing for {ANSWER_SECONDS} s")
            for key, _ in ready:
                answer = _read(key.data)
                if answer is None:
                    continue
                now = time.perf_counter()
                latencies.append(now - key.data.began)
                if answer.status != status:
                    raise Unexpected(f"{answer.status} instead of {status}: {answer.body[:300]!r}")
                more = following(key.data.number, answer) if now < ends else None
                if more is None:
                    selector.unregister(key.data.socket)
                    key.data.socket.close()
                else:
                    _ask(key.data, more)
    return Measured(latencies, time.perf_counter() - began)


def once(port: int, asked: bytes, status: int = 200) -> Answer:
    """Ask one thing and return the answer."""
    answers: list[Answer] = []

    def following(_number: int, answer: Answer | None) -> bytes | None:
        if answer is None:
            return asked
        answers.append(answer)
        return None

    run(port, following, connections=1, seconds=ANSWER_SECONDS, status=status)
    return answers[0]


def _ask(connection: _Connection, asked: bytes) -> None:
    connection.received.clear()
    connection.began = time.perf_counter()
    connection.socket.sendall(asked)


def _read(connection: _Connection) -> Answer | None:
    """Take what arrived; the answer once it is whole."""
    part = connection.socket.recv(65_536)
    if not part:
        raise Unexpected("a server closed a connection that was to be kept")
    connection.received += part
    end = connection.received.find(b"\r\n\r\n")
    if end < 0:
        return None
    answer = Answer(int(connection.received[9:12]), bytes(connection.received[:end]), b"")
    length = answer.header("content-length")
    if not length.isdigit():
        raise Unexpected(f"no Content-Length: {answer.head!r}")
    if len(connection.received) < end + 4 + int(length):
        return None
    return Answer(answer.status, answer.head, bytes(connection.received[end + 4 :]))
