"""Listens on loopback and counts who comes by: nobody should."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Trap:
    """A port of 127.0.0.1 and of ::1, where the machine has it; `visitors` counts connections."""

    def __init__(self) -> None:
        self.visitors = 0
        first = socket.create_server(("127.0.0.1", 0))
        self.port = int(first.getsockname()[1])
        self._listeners = [first]
        with suppress(OSError):
            self._listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))

    def __enter__(self) -> Self:
        for listener in self._listeners:
            threading.Thread(target=self._wait, args=(listener,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _wait(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.visitors += 1
                connection.close()


INSIDE = (
    "https://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/",
    "https://localhost:{port}/",
    "http://localhost:{port}/",
    "https://LOCALHOST:{port}/",
    "https://localhost.:{port}/",
    "https://[::1]:{port}/",
    "https://[::]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://2130706433:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.1:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://169.254.169.254/latest/meta-data",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/latest/meta-data",
    "https://no-such-host.invalid/",
)
"""Ways to write an address inside, and some that lead nowhere; `port` is the trap's."""
