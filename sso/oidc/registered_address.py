"""Addresses that a client registers: where a browser may be sent, and where the hub may call (RFC 7591 2)."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

MAX_ADDRESS_LENGTH = 2000
MAX_ADDRESSES = 50

_URI_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=%]+")
_PRIVATE_USE_SCHEME = re.compile(r"[a-z][a-z0-9+\-]*(?:\.[a-z0-9+\-]+)+")


class AddressInvalid(ValueError):
    """An address cannot be registered: the text says why and is meant for the developer."""


def check_redirect_address(address: str) -> None:
    """Accept https, http on loopback, or a private-use scheme with a dot (RFC 8252 7).

    Raises:
        AddressInvalid: with a sentence.
    """
    parts = _parts(address)
    if _PRIVATE_USE_SCHEME.fullmatch(parts.scheme):
        return
    _check_web(parts)


def check_web_address(address: str) -> None:
    """Accept https, or http on loopback: an address that the hub calls or a page links to.

    Raises:
        AddressInvalid: with a sentence.
    """
    _check_web(_parts(address))


def check_resource(address: str) -> None:
    """Accept an absolute URI without fragment: the name of a resource (RFC 8707 2).

    Raises:
        AddressInvalid: with a sentence.
    """
    parts = _parts(address)
    if not parts.scheme or not (parts.netloc or parts.path):
        raise AddressInvalid("must be an absolute URI, such as https://api.example.gov")


def has_private_use_scheme(address: str) -> bool:
    """Whether an address has an app's own scheme, such as org.example.app:/cb (RFC 8252 7.1)."""
    return _PRIVATE_USE_SCHEME.fullmatch(urlsplit(address).scheme) is not None


def sector_host(address: str) -> str | None:
    """Return the host that makes a sector (OpenID Connect Core 8.1); None where an address names no site.

    A loopback address is the same on every machine, and an app's own scheme has no host at all.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or _is_loopback(parts.hostname):
        return None
    return parts.hostname


def _parts(address: str) -> SplitResult:
    if not 0 < len(address) <= MAX_ADDRESS_LENGTH:
        raise AddressInvalid(f"must have 1 to {MAX_ADDRESS_LENGTH} characters")
    if "*" in address:
        raise AddressInvalid("must not have a wildcard: register each address")
    if "#" in address:
        raise AddressInvalid("must not have a fragment (#)")
    if not _URI_CHARACTERS.fullmatch(address):
        raise AddressInvalid("has a character that no URI has")
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise AddressInvalid("is not a URI") from error
    if "@" in parts.netloc:
        raise AddressInvalid("must not carry a user name")
    return parts


def _check_web(parts: SplitResult) -> None:
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise AddressInvalid("must begin with https:// and a host")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise AddressInvalid("may use http only on a loopback address; use https")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
