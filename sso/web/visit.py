"""One request as the endpoints see it: when, from where, in which language, with which cookies."""

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, urlencode

from werkzeug import Request

from sso.audit.record import Origin
from sso.hub import Hub
from sso.oidc.digest import digest
from sso.oidc.session_management import browser_state
from sso.web import language as languages_of
from sso.web.language import Language

REQUEST_ID_KEY = "sso.request_id"
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_FORWARDED_FOR = re.compile(
    r'for=(?:"(?:\[([0-9A-F:.]+)\]|([0-9.]+))(?::\d+)?"|([0-9.]+)(?::\d+)?)\Z', re.IGNORECASE
)
MAX_FORWARDED_LENGTH = 1_024


@dataclass(frozen=True, slots=True)
class CookieNames:
    """Names of our cookies: `__Host-` binds them to this host over TLS (RFC 6265bis 4.1.3.2)."""

    session: str
    browser: str
    language: str
    state: str
    """What frames of other sites read (Session Management 1.0): no secret."""

    @classmethod
    def for_hub(cls, hub: Hub) -> "CookieNames":
        """Return the names; without TLS (a loopback issuer) browsers refuse the prefix."""
        prefix = "__Host-" if hub.settings.secure else ""
        names = ("session", "browser", "language", "state")
        return cls(*(f"{prefix}sso-{name}" for name in names))


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page or endpoint needs to know of the request it answers.

    `browser` is the secret that binds pending requests to this browser; `new_browser` says that it was
    made just now and has to be set.
    """

    now: datetime
    origin: Origin
    language: Language
    session_cookie: str | None = field(repr=False)
    browser: str = field(repr=False)
    new_browser: bool
    form_key: bytes = field(repr=False)

    @property
    def browser_digest(self) -> bytes:
        """The digest under which a pending request remembers this browser."""
        return digest(self.browser)

    @property
    def state(self) -> str | None:
        """The browser state that goes with the session (Session Management 1.0); None without one."""
        return browser_state(self.form_key, self.session_cookie) if self.session_cookie else None

    def form_token(self, purpose: str) -> str:
        """Return the token that a form of ours carries: only pages of ours can know it."""
        text = f"{purpose}\0{self.browser}".encode()
        return hmac.new(self.form_key, text, hashlib.sha256).hexdigest()

    def owns(self, token: str | None, purpose: str) -> bool:
        """Whether a submitted form came from our page in this browser."""
        return token is not None and hmac.compare_digest(token.encode(), self.form_token(purpose).encode())


def visit_of(hub: Hub, request: Request, ui_locales: str | None = None) -> Visit:
    """Return the visit that a request is."""
    names = CookieNames.for_hub(hub)
    browser = request.cookies.get(names.browser)
    return Visit(
        now=datetime.now(UTC),
        origin=origin_of(request, hub.configuration.settings.server.trusted_proxies),
        language=language_of(hub, request, ui_locales),
        session_cookie=request.cookies.get(names.session),
        browser=browser or secrets.token_urlsafe(32),
        new_browser=browser is None,
        form_key=hub.form_key,
    )


def language_of(hub: Hub, request: Request, ui_locales: str | None = None) -> Language:
    """Return the language of a page: the link just followed, ui_locales, the cookie, Accept-Language."""
    return languages_of.choose(
        request.args.get("lang"),
        ui_locales,
        request.cookies.get(CookieNames.for_hub(hub).language),
        request.headers.get("Accept-Language"),
        hub.configuration.settings.pages.default_language,
    )


def language_links(request: Request) -> list[tuple[str, str, str]]:
    """Return (tag, own name, address) for every language, each keeping the page's other parameters."""
    if request.method != "GET" and not request.path.startswith(("/sign-in/", "/device")):
        return []  # the address takes forms only: a link to it would lead nowhere
    others = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    path = quote(request.path)  # a browser takes "/\\host" for another host
    return [
        (spoken.tag, spoken.own_name, f"{path}?{urlencode([*others, ('lang', spoken.tag)])}")
        for spoken in languages_of.languages()
    ]


def request_id_of(request: Request) -> str:
    """Return the id that log lines, error pages and audit events of a request share."""
    known = request.environ.get(REQUEST_ID_KEY)
    if isinstance(known, str):
        return known
    made = secrets.token_hex(8)
    request.environ[REQUEST_ID_KEY] = made
    return made


def origin_of(request: Request, trusted_proxies: Sequence[str]) -> Origin:
    """Return where a request came from."""
    return Origin(
        address=client_address(request.remote_addr, request.headers.get("Forwarded", ""), trusted_proxies),
        user_agent=request.headers.get("User-Agent"),
        request_id=request_id_of(request),
        trace_id=trace_id_of(request),
    )


def trace_id_of(request: Request) -> str | None:
    """Return the trace that a request is part of (W3C Trace Context 3.2)."""
    traceparent = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    return traceparent[1] if traceparent else None


def client_address(peer: str | None, forwarded: str, trusted_proxies: Sequence[str]) -> str | None:
    """Return the client's address: the peer, or what a trusted proxy says in `Forwarded` (RFC 7239).

    Read from the right, the first address that is not itself a trusted proxy. `X-Forwarded-For` is never
    read: servers map look-alike header names onto it.
    """
    address = _canonical(peer)
    if address is None or not _trusted(address, trusted_proxies):
        return address
    for element in reversed(forwarded[-MAX_FORWARDED_LENGTH:].split(",")):
        hop = _hop(element)
        if hop is None:
            return address
        address = hop
        if not _trusted(hop, trusted_proxies):
            return address
    return address


def from_trusted_proxy(peer: str | None, trusted_proxies: Sequence[str]) -> bool:
    """Whether a request was handed on by one of our proxies: what it says of the client is believed."""
    address = _canonical(peer)
    return address is not None and _trusted(address, trusted_proxies)


def _hop(element: str) -> str | None:
    for pair in element.split(";"):
        if match := _FORWARDED_FOR.match(pair.strip()):
            return _canonical(match[1] or match[2] or match[3])
    return None


@lru_cache(maxsize=4096)
def _canonical(address: str | None) -> str | None:
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def _trusted(address: str, proxies: Sequence[str]) -> bool:
    return bool(proxies) and _within(address, tuple(proxies))


@lru_cache(maxsize=4096)
def _within(address: str, networks: tuple[str, ...]) -> bool:
    ip = ipaddress.ip_address(address)
    return any(ip in ipaddress.ip_network(network, strict=False) for network in networks)
