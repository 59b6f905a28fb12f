"""Where a directory server listens: a URL of RFC 4516, reduced to scheme, host and port."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

_PORTS = {"ldap": 389, "ldaps": 636}


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """One server. `implicit_tls` is true for ldaps://; `host` carries no brackets."""

    host: str
    port: int
    implicit_tls: bool

    @property
    def is_loopback(self) -> bool:
        """True only for a literal loopback address; a name could lead anywhere."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'ldaps' if self.implicit_tls else 'ldap'}://{host}:{self.port}"


def parse_address(url: str) -> ServerAddress:
    """Read `ldap://host[:port]` or `ldaps://host[:port]`. Raises ValueError with a sentence."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        msg = f"{url!r} is not a URL of a directory server"
        raise ValueError(msg) from error
    if parts.scheme not in _PORTS or not parts.hostname:
        msg = f"{url!r} must be ldaps://host:port or ldap://host:port"
        raise ValueError(msg)
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        msg = "the URL of a directory server has a host and a port and nothing else"
        raise ValueError(msg)
    return ServerAddress(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "ldaps")
