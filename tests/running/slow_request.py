"""A request that is under way for as long as a test wants: its body comes in two parts."""

import socket
from contextlib import closing
from urllib.parse import urlencode

from tests.running.application import Application


class SlowTokenRequest:
    """A client_credentials request whose last bytes wait for `finish`."""

    def __init__(self, application: Application) -> None:
        host, _, port = application.issuer.removeprefix("http://").partition(":")
        form = {
            "grant_type": "client_credentials",
            "client_id": application.client_id,
            "client_secret": application.client_secret,
        }
        body = urlencode(form).encode()
        head = (
            f"POST /oauth2/token HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._rest = body[-10:]
        self._socket = socket.create_connection((host, int(port)), timeout=20)
        self._socket.sendall(head.encode() + body[:-10])

    def finish(self) -> bytes:
        """Send the rest and return the whole answer; empty when the connection was cut."""
        with closing(self._socket):
            answer = b""
            try:
                self._socket.sendall(self._rest)
                while part := self._socket.recv(65_536):
                    answer += part
            except OSError:
                pass
            return answer
