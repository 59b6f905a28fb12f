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
import re
import socket
import ssl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import SplitResult, urlsplit

import httpx

from sso.audit.record import JsonValue

TIMEOUT_SECONDS = 3.0
MAX_ANSWER_BYTES = 65_536

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Place = tuple[str, str, int]
"""The host to name, the address to connect to, the port."""


_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.\-]+\+)?json")
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")


class NotAllowed(Exception):
    """The address may not be called; the text names the rule."""


class NoAnswer(Exception):
    """The other side gave no usable answer in time; the text says what happened, in constant words."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form to post to an address."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    media_type: str
    body: bytes
    complete: bool


@dataclass(frozen=True, slots=True)
class OutboundRules:
    """What an operator allows beside public addresses; `ca_file` is trusted beside the system's store."""

    allow_loopback: bool = False
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None

    def place_of(self, url: SplitResult, addresses: Sequence[Address]) -> Place:
        """Return where to connect for an address whose name leads to `addresses`.

        Raises:
            NotAllowed: the scheme or one of the addresses is outside the rules.
        """
        if not addresses or not all(self._allowed(address) for address in addresses):
            raise NotAllowed("the address is not public and not allow-listed")
        if url.scheme != "https" and not (url.scheme == "http" and addresses[0].is_loopback):
            raise NotAllowed("only https is called")
        return url.hostname or "", str(addresses[0]), port_of(url)

    def _allowed(self, address: Address) -> bool:
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        address = mapped or address
        if address.is_loopback:
            return self.allow_loopback
        if any(address in ipaddress.ip_network(network) for network in self.allow_networks):
            return True
        if isinstance(address, ipaddress.IPv6Address) and not _is_plain_public(address):
            return False
        return address.is_global and not address.is_multicast


def _is_plain_public(address: ipaddress.IPv6Address) -> bool:
    """Whether an address is of 2000::/3 and carries no IPv4 address (NAT64, 6to4, Teredo lead inside)."""
    return address in _PUBLIC_IPV6 and address.sixtofour is None and address.teredo is None


class Outbound:
    """Makes the requests, from the one thread that made it; `close` ends it."""

    def __init__(self, rules: OutboundRules) -> None:
        self._rules = rules
        self._runner = asyncio.Runner()
        context = ssl.create_default_context()
        if rules.ca_file is not None:
            context.load_verify_locations(rules.ca_file)
        self._http = httpx.AsyncClient(
            verify=context,
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def post_forms(self, forms: Sequence[Form]) -> list[int | NotAllowed | NoAnswer]:
        """Post every form, all at once, and return for each the HTTP status or why there is none."""
        return self._runner.run(self._post_all(forms))

    def get_json(self, url: str) -> JsonValue:
        """Return the JSON document at an address.

        Raises:
            NotAllowed: the address may not be called.
            NoAnswer: there is no such document, or it is none: the text says which.
        """
        answer = self._runner.run(self._in_time(lambda: self._send("GET", url)))
        if not isinstance(answer, _Answer):
            raise answer
        if answer.status != HTTPStatus.OK:
            raise NoAnswer(f"the answer has status {answer.status}")
        if not answer.complete:
            raise NoAnswer(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        if not _JSON_TYPE.fullmatch(answer.media_type):
            raise NoAnswer("the answer is not of a JSON media type")
        try:
            found: JsonValue = json.loads(answer.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise NoAnswer("the answer is not JSON") from error
        return found

    def close(self) -> None:
        """Close idle connections."""
        self._runner.run(self._http.aclose())
        self._runner.close()

    async def _post_all(self, forms: Sequence[Form]) -> list[int | NotAllowed | NoAnswer]:
        return await asyncio.gather(*(self._told(form) for form in forms))

    async def _told(self, form: Form) -> int | NotAllowed | NoAnswer:
        answer = await self._in_time(lambda: self._send("POST", form.url, form.fields))
        return answer.status if isinstance(answer, _Answer) else answer

    async def _in_time(
        self, send: Callable[[], Coroutine[None, None, _Answer]]
    ) -> _Answer | NotAllowed | NoAnswer:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await send()
        except NotAllowed as refusal:
            return refusal
        except TimeoutError:
            return NoAnswer(f"no answer within {TIMEOUT_SECONDS:g} seconds")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return NoAnswer(type(error).__name__)

    async def _send(self, method: str, address: str, fields: Mapping[str, str] | None = None) -> _Answer:
        url = urlsplit(address)
        host, ip, port = self._rules.place_of(url, await _addresses(url))
        pinned = url._replace(netloc=f"{_literal(ip)}:{port}").geturl()
        named = _literal(host) if url.port is None else f"{_literal(host)}:{port}"
        async with self._http.stream(
            method,
            pinned,
            data=None if fields is None else dict(fields),
            headers={"Host": named, "Accept": "application/json", "Accept-Encoding": "identity"},
            extensions={"sni_hostname": host},
        ) as answer:
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    break
            media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            complete = len(body) <= MAX_ANSWER_BYTES
            return _Answer(answer.status_code, media_type, bytes(body), complete)


def port_of(url: SplitResult) -> int:
    """Return the port of an address, named or its scheme's."""
    return url.port or (443 if url.scheme == "https" else 80)


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
