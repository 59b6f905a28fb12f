"""A real hub and an attacker who speaks HTTP by hand: any bytes, any headers, any method."""

import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.relying_parties.visitor import Visitor
from tests.servers.hub import PASSWORD, HubServer

REDIRECT_URI = "http://127.0.0.1:9/cb"
FORM = "application/x-www-form-urlencoded"
SECONDS = 15.0


@dataclass(frozen=True)
class Answer:
    """A response; status 0 when the server closed the connection without one."""

    status: int
    headers: HTTPMessage = field(default_factory=HTTPMessage)
    body: bytes = b""

    @property
    def location(self) -> str | None:
        return self.headers.get("Location")

    @property
    def kind(self) -> str:
        return str(self.headers.get_content_type())

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


@dataclass
class Stage:
    """The hub, a client of it, a citizen signed in, and every secret that must never be seen again."""

    hub: HubServer
    client: Mapping[str, Any]
    visitor: Visitor
    secrets: list[str] = field(default_factory=list)

    def send(
        self, method: str, target: str | bytes, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()
    ) -> Answer:
        """Send one request exactly as given, and wait for the answer."""
        path = target.encode("utf-8", "surrogatepass") if isinstance(target, str) else target
        lines = [b"%s %s HTTP/1.1" % (method.encode(), path)]
        named = {name.lower() for name, _ in headers}
        given = list(headers)
        if "host" not in named:
            given.append(("Host", f"127.0.0.1:{self.hub.port}"))
        if body and "content-length" not in named:
            given.append(("Content-Length", str(len(body))))
        given.append(("Connection", "close"))
        lines += [f"{name}: {value}".encode("latin-1", "replace") for name, value in given]
        return self._exchange(b"\r\n".join(lines) + b"\r\n\r\n" + body, method)

    def _exchange(self, request: bytes, method: str) -> Answer:
        with socket.create_connection(("127.0.0.1", self.hub.port), timeout=SECONDS) as connection:
            try:
                connection.sendall(request)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it answered before it had read everything
            response = HTTPResponse(connection, method=method)
            try:
                response.begin()
                return Answer(response.status, response.headers, response.read())
            except (ConnectionResetError, HTTPException):
                return Answer(0)

    def post(self, path: str, form: Mapping[str, str] | str | bytes, *headers: tuple[str, str]) -> Answer:
        if isinstance(form, Mapping):
            form = urlencode(form, errors="surrogatepass")
        body = form.encode() if isinstance(form, str) else form
        names = {name.lower() for name, _ in headers}
        content_type = () if "content-type" in names else (("Content-Type", FORM),)
        return self.send("POST", path, body, (*content_type, *headers))

    def cookie(self) -> tuple[str, str]:
        """The cookies of the citizen's browser."""
        pairs = (f"{name}={value}" for name, value in self.visitor.cookies().items())
        return "Cookie", "; ".join(pairs)

    def check(self, answer: Answer, *, json: bool = False) -> Answer:
        """What holds for every answer whatsoever."""
        assert answer.status < 500, answer.text[:300]
        if answer.location is not None:
            self.check_location(answer.location)
        seen = answer.body.decode("utf-8", "replace") + str(answer.headers)
        for secret in self.secrets:
            assert secret not in seen
        assert "Traceback" not in seen
        assert 'File "/' not in seen
        if json and answer.status >= 400:
            assert answer.kind == "application/json"
            assert answer.headers["Cache-Control"] == "no-store"
        return answer

    def check_location(self, location: str) -> None:
        """A redirect leads to ourselves or to the registered address, and nowhere else."""
        own = location.startswith("/") and not location.startswith(("//", "/\\"))
        assert own or location.startswith((REDIRECT_URI + "?", self.hub.issuer + "/")), location
        assert "\r" not in location
        assert "\n" not in location

    def pending(self) -> tuple[str, str]:
        """Begin a request that waits for a password; return its id and its form's token."""
        self.visitor.open(f"{self.hub.issuer}/oauth2/authorize?{urlencode(self.params(prompt='login'))}")
        form = next(form for form in self.visitor.page.forms if "login_name" in form.fields)
        return urlsplit(self.visitor.page.url).path.split("/")[2], form.fields["csrf_token"]

    def params(self, **changes: str) -> dict[str, str]:
        """A good authorization request of the client."""
        return {
            "client_id": self.client["client_id"],
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "openid email offline_access",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        } | changes


def secret_cookies(visitor: Visitor) -> list[str]:
    """The values of cookies that are secrets: the language is none."""
    return [value for name, value in visitor.cookies().items() if "language" not in name]


def error_code(answer: Answer) -> str:
    """The stable code on an error page."""
    found = re.search(r'id="error_code"[^>]*>\s*([a-z_]+)', answer.text)
    assert found is not None, answer.text[:2000]
    return found[1]


__all__ = ["FORM", "PASSWORD", "REDIRECT_URI", "Answer", "Stage", "error_code", "secret_cookies"]
