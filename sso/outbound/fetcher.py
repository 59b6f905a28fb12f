"""The one way out: requests to addresses that clients registered (government.md, SSRF).

    with Outbound(rules) as outbound:
        outbound.post_forms([Form("https://housing.example/logout", {"logout_token": "…"})])
        outbound.get_json("https://housing.example/jwks")

https only (http on loopback where the operator allows it), the name is resolved first and the connection
goes to that very address, which must be public or allow-listed; no redirects, 64 KiB, 3 seconds in all,
however slowly the other side drips. Many requests go out side by side.
"""

import asyncio
import ipaddress
import json
import os
import re
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, NoReturn, Self
from urllib.parse import SplitResult, urlsplit

import httpx

from sso.audit.record import JsonValue
from sso.outbound.rules import Address, NotAllowed, OutboundRules, port_of

TIMEOUT_SECONDS = 3.0
MAX_ANSWER_BYTES = 65_536

_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.\-]+\+)?json")


class NoAnswer(Exception):
    """The other side gave no usable answer in time; the text says what happened, in constant words."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form to post to an address; as JSON where it carries a bearer token (CIBA Core 10.2)."""

    url: str
    fields: Mapping[str, str]
    bearer: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Posting:
    """Bytes to post to an address. `authenticated`: the answer proves itself, so that http will do for it."""

    url: str
    content: bytes
    media_type: str
    authenticated: bool = False
    accept: str = "*/*"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `complete` unless it was longer than MAX_ANSWER_BYTES."""

    status: int
    media_type: str
    body: bytes = field(repr=False)
    complete: bool

    def json(self) -> JsonValue:
        """Return the JSON document that the answer is, whatever its status.

        Raises:
            NoAnswer: it is none: the text says why.
        """
        if not self.complete:
            raise NoAnswer(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        if not _JSON_TYPE.fullmatch(self.media_type):
            raise NoAnswer("the answer is not of a JSON media type")
        try:
            found: JsonValue = json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise NoAnswer("the answer is not JSON") from error
        return found


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    content: Form | Posting | None = None
    authorization: str | None = field(default=None, repr=False)


class Outbound:
    """Makes the requests, for any number of threads; `close` ends it.

    One thread of its own carries them, begun at the first request: nobody waits for a name server that
    outlasts the deadline, and a process that was forked meanwhile begins its own.
    """

    def __init__(self, rules: OutboundRules) -> None:
        self._rules = rules
        self._context = ssl.create_default_context()
        if rules.ca_file is not None:
            self._context.load_verify_locations(rules.ca_file)
        self._guard = threading.Lock()
        self._carrier: _Carrier | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def post_forms(self, forms: Sequence[Form]) -> list[int | NotAllowed | NoAnswer]:
        """Post every form, all at once, and return for each the HTTP status or why there is none."""
        answers = self._carried().send_all([_Request("POST", form.url, form) for form in forms])
        return [answer.status if isinstance(answer, Answer) else answer for answer in answers]

    def post(self, postings: Sequence[Posting]) -> list[Answer | NotAllowed | NoAnswer]:
        """Post everything, all at once, and return for each what came back or why nothing did."""
        return self._carried().send_all([_Request("POST", posting.url, posting) for posting in postings])

    def get_json(self, url: str) -> JsonValue:
        """Return the JSON document at an address.

        Raises:
            NotAllowed: the address may not be called.
            NoAnswer: there is no such document, or it is none: the text says which.
        """
        return self.get(url).json()

    def get(self, url: str) -> Answer:
        """Return the document at an address, which is there as a whole.

        Raises:
            NotAllowed: the address may not be called.
            NoAnswer: there is no such document, or it is longer than 64 KiB.
        """
        (answer,) = self._carried().send_all([_Request("GET", url)])
        if not isinstance(answer, Answer):
            raise answer
        if answer.status != HTTPStatus.OK:
            raise NoAnswer(f"the answer has status {answer.status}")
        if not answer.complete:
            raise NoAnswer(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        return answer

    def call(self, url: str, form: Form | None = None, authorization: str | None = None) -> Answer:
        """Post a form to an address, or read it without one, with this Authorization header.

        Raises:
            NotAllowed: the address may not be called.
            NoAnswer: nothing came back in time.
        """
        method = "GET" if form is None else "POST"
        (answer,) = self._carried().send_all([_Request(method, url, form, authorization)])
        if not isinstance(answer, Answer):
            raise answer
        return answer

    def close(self) -> None:
        """Let the thread end; requests under way are given up."""
        with self._guard:
            carrier, self._carrier = self._carrier, None
        if carrier is not None and carrier.process == os.getpid():
            carrier.end()

    def _carried(self) -> "_Carrier":
        with self._guard:
            if self._carrier is None or self._carrier.process != os.getpid():
                self._carrier = _Carrier(self._rules, self._context)
            return self._carrier


class _Carrier:
    """The thread of one process in which the requests are on their way."""

    def __init__(self, rules: OutboundRules, context: ssl.SSLContext) -> None:
        self.process = os.getpid()
        self._rules = rules
        self._http = httpx.AsyncClient(
            verify=context,
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="outbound", daemon=True)
        self._thread.start()

    def send_all(self, requests: Sequence[_Request]) -> list[Answer | NotAllowed | NoAnswer]:
        """Send every request, all at once, and wait for the answers."""
        return asyncio.run_coroutine_threadsafe(self._send_all(requests), self._loop).result()

    def end(self) -> None:
        """Close the connections and let the thread end."""
        asyncio.run_coroutine_threadsafe(self._give_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _give_up(self) -> None:
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._http.aclose()

    async def _send_all(self, requests: Sequence[_Request]) -> list[Answer | NotAllowed | NoAnswer]:
        return await asyncio.gather(*map(self._in_time, requests))

    async def _in_time(self, request: _Request) -> Answer | NotAllowed | NoAnswer:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._send(request)
        except NotAllowed as refusal:
            return refusal
        except TimeoutError:
            return NoAnswer(f"no answer within {TIMEOUT_SECONDS:g} seconds")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return NoAnswer(_why(error))

    async def _send(self, request: _Request) -> Answer:
        url = urlsplit(request.url)
        plain = _proves_itself(request.content)
        host, ip, port = self._rules.place_of(url, await _addresses(url), plain=plain)
        pinned = url._replace(netloc=f"{_literal(ip)}:{port}").geturl()
        named = _literal(host) if url.port is None else f"{_literal(host)}:{port}"
        async with self._http.stream(
            request.method,
            pinned,
            **_content(request.content),
            headers={"Host": named, **_HEADERS, **_credentials(request)},
            extensions={"sni_hostname": host},
        ) as answer:
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    break
            media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            complete = len(body) <= MAX_ANSWER_BYTES
            return Answer(answer.status_code, media_type, bytes(body), complete)


_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


def _content(form: Form | Posting | None) -> dict[str, Any]:
    if form is None:
        return {}
    if isinstance(form, Posting):
        return {"content": form.content}
    return {"data" if form.bearer is None else "json": dict(form.fields)}


def _proves_itself(content: Form | Posting | None) -> bool:
    return isinstance(content, Posting) and content.authenticated


def _credentials(request: _Request) -> dict[str, str]:
    form = request.content
    if isinstance(form, Posting):
        return {**form.headers, "Accept": form.accept, "Content-Type": form.media_type}
    bearer = form.bearer if form is not None else None
    told = request.authorization if bearer is None else f"Bearer {bearer}"
    return {} if told is None else {"Authorization": told}


def _why(error: BaseException) -> str:
    """Say why there is no answer: what is wrong with the certificate, else the kind of failure."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__ if cause is None else f"its certificate is not good: {cause.verify_message}"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


async def _addresses(url: SplitResult) -> list[Address]:
    """Resolve the name, in a thread that the deadline need not wait for."""
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(url.hostname or "", port_of(url), type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise NotAllowed("the host name is unknown") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _literal(host: str) -> str:
    return f"[{host}]" if ":" in host else host
