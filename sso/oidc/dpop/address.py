"""Compare the address in a proof with the one that was called (RFC 9449 4.3, RFC 3986 6.2)."""

from urllib.parse import unquote, urljoin, urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}
_Normal = tuple[str, str, int, str]


def same_address(htu: str, called: str) -> bool:
    """Whether an `htu` names an address of ours; its query and fragment do not count.

    Scheme and host compare without case, a default port may be left out, dot segments are removed, and the
    path compares as it is routed: percent-decoded.
    """
    try:
        return _normal(htu) == _normal(called)
    except ValueError:
        return False


def _normal(address: str) -> _Normal:
    if not address.isascii() or any(character <= " " for character in address):
        message = "not a URI"
        raise ValueError(message)
    parts = urlsplit(address)
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        message = "not an address of an endpoint"
        raise ValueError(message)
    port = _DEFAULT_PORTS[scheme] if parts.port is None else parts.port
    path = urlsplit(urljoin(f"{scheme}://{parts.netloc}", parts.path or "/")).path
    return scheme, parts.hostname.lower(), port, unquote(path or "/", errors="surrogateescape")
