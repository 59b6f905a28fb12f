"""Where the hub may call: public addresses, and what the operator allows beside them."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Place = tuple[str, str, int]
"""The host to name, the address to connect to, the port."""

_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")


class NotAllowed(Exception):
    """The address may not be called; the text names the rule."""


@dataclass(frozen=True, slots=True)
class OutboundRules:
    """What an operator allows beside public addresses; `ca_file` is trusted beside the system's store."""

    allow_loopback: bool = False
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None

    def place_of(self, url: SplitResult, addresses: Sequence[Address], *, plain: bool = False) -> Place:
        """Return where to connect for an address whose name leads to `addresses`; `plain`: http will do.

        Raises:
            NotAllowed: the scheme or one of the addresses is outside the rules.
        """
        if not addresses or not all(self._allowed(address) for address in addresses):
            raise NotAllowed("the address is not public and not allow-listed")
        if url.scheme != "https" and not (url.scheme == "http" and (plain or addresses[0].is_loopback)):
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


def port_of(url: SplitResult) -> int:
    """Return the port of an address, named or its scheme's."""
    return url.port or (443 if url.scheme == "https" else 80)
