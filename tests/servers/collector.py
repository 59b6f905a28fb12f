"""A receiver of syslog over TLS (RFC 5425) on loopback, strict about frames and as bad as wanted."""

import contextlib
import re
import socket
import ssl
import struct
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sso.cli.demo.certificate import CertificateWish, write_certificates

_FRAME = re.compile(rb"([1-9][0-9]*) ")


def frames_in(stream: bytes) -> list[str]:
    """The messages of a stream (RFC 5425 4.3): a length, a space, so many bytes; nothing in between."""
    found = []
    while stream:
        length = _FRAME.match(stream)
        assert length is not None, stream[:40]
        begin, size = length.end(), int(length[1])
        assert len(stream) >= begin + size, "a message is cut off"
        found.append(stream[begin : begin + size].decode("ascii"))
        stream = stream[begin + size :]
    return found


class SyslogCollector:
    """Listens while the block lasts. `messages` are those of streams that ended in good order.

    `says_goodbye`: it answers our close_notify with its own; otherwise it just closes, as many do. `dies`: it
    resets the connection after the first bytes. `hangs`: it reads nothing until it is told to end.
    """

    def __init__(
        self, folder: Path, wish: CertificateWish | None = None, client_ca: Path | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_certificates(folder, wish or CertificateWish(), datetime.now(UTC))
        self.ca_file = folder / "ca.pem"
        self.messages: list[str] = []
        self.versions: set[str | None] = set()
        self.says_goodbye = True
        self.dies = False
        self.hangs = False
        self._end = threading.Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem", folder / "server.key")
        if client_ca is not None:
            self._context.load_verify_locations(client_ca)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._wait, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _wait(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._collect, args=(connection,), daemon=True).start()

    def _collect(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain:
            if self.hangs:
                self._end.wait()
                return
            with self._context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as tls:
                self.versions.add(tls.version())
                self._read(tls)

    def _read(self, tls: ssl.SSLSocket) -> None:
        stream = b""
        while part := tls.recv(65_536):
            stream += part
            if self.dies:
                tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
        self.messages += frames_in(stream)
        if self.says_goodbye:
            tls.unwrap()
