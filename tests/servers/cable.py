"""A cable to a real server that is cut, for good, after so many bytes of one direction."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

NO_END = 1 << 62


@dataclass
class Cable:
    """What goes through `port` goes on to another one until it has carried what it may, each way."""

    to_server: int = NO_END
    to_client: int = NO_END
    port: int = 0
    cut: bool = False
    _ends: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def carry(self, source: socket.socket, target: socket.socket, way: str) -> None:
        """Pass on what comes, to the end of the connection or of the cable."""
        with suppress(OSError):
            while said := source.recv(16_384):
                with self._lock:
                    left = getattr(self, way) - len(said)
                    setattr(self, way, left)
                    self.cut = self.cut or left < 0
                if self.cut:
                    break
                target.sendall(said)
        self._close(source, target)
        if self.cut:
            self._close(*self._ends)

    def join(self, client: socket.socket, server: socket.socket) -> None:
        """Carry both ways."""
        self._ends += [client, server]
        for source, target, way in ((client, server, "to_server"), (server, client, "to_client")):
            threading.Thread(target=self.carry, args=(source, target, way), daemon=True).start()

    @staticmethod
    def _close(*ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def cable_to(port: int, **bytes_left: int) -> Iterator[Cable]:
    """Lay a cable to a port of loopback; `bytes_left` are `to_server` or `to_client`."""
    cable = Cable(**bytes_left)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        cable.port = listener.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    if cable.cut:
                        client.close()
                    else:
                        cable.join(client, socket.create_connection(("127.0.0.1", port)))

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield cable
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    accepting.join(10)
