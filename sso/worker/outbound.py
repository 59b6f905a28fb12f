"""The one way out: requests to addresses that clients registered (government.md, SSRF).

https only (http on loopback where the operator allows it), the name is resolved first and the connection
goes to that very address, which must be public or allow-listed; no redirects, 64 KiB, 3 seconds.
"""

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

TIMEOUT_SECONDS = 3.0
MAX_ANSWER_BYTES = 65_536

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(Exception):
    """The address may not be called; the text names the rule."""


@dataclass(frozen=True, slots=True)
class OutboundRules:
    """What an operator allows beside public addresses; `ca_file` is trusted beside the system's store."""

    allow_loopback: bool = False
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None

    def address_of(self, url: str) -> tuple[str, str, int]:
        """Return the host to name, the address to connect to and the port.

        Raises:
            NotAllowed: the scheme or the address is outside the rules, or the name is unknown.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:
            raise NotAllowed("the host name is unknown") from error
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not addresses or not all(self._allowed(address) for address in addresses):
            raise NotAllowed("the address is not public and not allow-listed")
        if parts.scheme != "https" and not (parts.scheme == "http" and addresses[0].is_loopback):
            raise NotAllowed("only https is called")
        return host, str(addresses[0]), port

    def _allowed(self, address: Address) -> bool:
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        address = mapped or address
        if address.is_loopback:
            return self.allow_loopback
        if any(address in ipaddress.ip_network(network) for network in self.allow_networks):
            return True
        return address.is_global and not address.is_multicast


class Outbound:
    """Makes the requests."""

    def __init__(self, rules: OutboundRules) -> None:
        self._rules = rules
        context = ssl.create_default_context()
        if rules.ca_file is not None:
            context.load_verify_locations(rules.ca_file)
        self._http = httpx.Client(
            verify=context, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False
        )

    def post_form(self, url: str, form: dict[str, str]) -> int:
        """Post a form and return the HTTP status; the answer's body is not read beyond its limit.

        Raises:
            NotAllowed: the rules forbid the address.
            httpx.HTTPError: no answer came in time.
        """
        host, address, port = self._rules.address_of(url)
        literal = f"[{address}]" if ":" in address else address
        parts = urlsplit(url)
        pinned = parts._replace(netloc=f"{literal}:{port}").geturl()
        named = f"[{host}]" if ":" in host else host
        headers = {"Host": named if parts.port is None else f"{named}:{port}", "Accept": "application/json"}
        with self._http.stream(
            "POST", pinned, data=form, headers=headers, extensions={"sni_hostname": host}
        ) as answer:
            read = 0
            for chunk in answer.iter_bytes():
                read += len(chunk)
                if read > MAX_ANSWER_BYTES:
                    break
            return answer.status_code

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()
