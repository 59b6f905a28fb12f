"""Addresses and networks as the log knows them: by digests of an address and of the one network around it.

The log holds no address in the open. So a question for a network is a question for its parts, each of which
has a digest: addresses, or the networks of a size that a household or an office shares.
"""

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NETWORK_BITS = {4: 24, 6: 48}
MAX_PARTS = 256


def address_of(text: str | None) -> Address | None:
    """Return an address, an IPv4 one in IPv6's clothes as itself; None where the text is none."""
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def network_around(address: Address) -> Network:
    """Return the network that an address is found by beside itself."""
    return ipaddress.ip_network((address, NETWORK_BITS[address.version]), strict=False)


def parts_of(text: str) -> tuple[bool, Sequence[Network]]:
    """Return the parts to look for, and whether they are networks around addresses or addresses themselves.

    Raises:
        ValueError: neither an address nor a network, or one whose parts are too many.
    """
    network = ipaddress.ip_network(text, strict=False)
    bits = NETWORK_BITS[network.version]
    part = bits if network.prefixlen <= bits else network.max_prefixlen
    if part - network.prefixlen > MAX_PARTS.bit_length() - 1:
        msg = (
            f"a network is found by up to {MAX_PARTS} parts: between /16 and /32 for IPv4, "
            "between /40 and /48 or from /120 on for IPv6"
        )
        raise ValueError(msg)
    return part == bits, list(network.subnets(new_prefix=part))
