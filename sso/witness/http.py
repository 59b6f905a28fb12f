"""The listener of a witness: POST /add-checkpoint, bounded in bytes, in time, and in requests at once.

It speaks plain HTTP on loopback: TLS is the proxy's in front of it, as for the hub itself.
"""

import logging
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sso.audit.witnessing import MAX_SUBMISSION_BYTES
from sso.witness.cosigner import Answer, Cosigner

log = logging.getLogger("sso.witness")

IDLE_SECONDS = 10.0
BODY_SECONDS = 10.0
AT_ONCE = 32
PATH = "/add-checkpoint"


class WitnessListener:
    """Answers in threads until it is stopped."""

    def __init__(self, cosigner: Cosigner, place: tuple[str, int]) -> None:
        listener = _ListenerOnIpv6 if ":" in place[0] else _Listener
        self._server = listener(place, _answering(cosigner))
        self._thread = threading.Thread(target=self._server.serve_forever, name="witness", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Log what went wrong with one request; the next one is answered."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            log.error("a request failed", exc_info=error)


class _ListenerOnIpv6(_Listener):
    address_family = socket.AF_INET6


class _Answering(BaseHTTPRequestHandler):
    """Answers POST /add-checkpoint; made for one witness by `_answering`."""

    cosigner: Cosigner
    turns: threading.BoundedSemaphore

    timeout = IDLE_SECONDS
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one submission."""
        if not self.turns.acquire(blocking=False):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self._submission()
        finally:
            self.turns.release()

    def _submission(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != PATH:
            self._refuse(HTTPStatus.NOT_FOUND)
        elif self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
        elif len(length) > 9 or int(length) > MAX_SUBMISSION_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self._body(int(length))
            if body is not None:
                self._send(self.cosigner.add_checkpoint(body, datetime.now(UTC)))

    def _body(self, length: int) -> bytes | None:
        """The body; None where it is cut off or drips too slowly."""
        ends, body = time.monotonic() + BODY_SECONDS, b""
        while len(body) < length:
            part = self.rfile.read1(length - len(body))
            body += part
            if not part or time.monotonic() > ends:
                self.close_connection = True
                return None
        return body

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True  # its body was not read
        self._send(Answer(status, f"{status.phrase}\n"))

    def _send(self, answer: Answer) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing: what is refused is logged where it is refused."""


def _answering(cosigner: Cosigner) -> type[_Answering]:
    return type(
        "Answering", (_Answering,), {"cosigner": cosigner, "turns": threading.BoundedSemaphore(AT_ONCE)}
    )
