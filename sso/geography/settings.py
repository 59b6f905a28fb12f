"""Which file tells where addresses are, whose addresses are left out, and whether what it needs is here."""

import importlib.util
import ipaddress
from dataclasses import dataclass
from pathlib import Path

LIBRARY = "maxminddb"
_END_BYTES = 128 * 1024
_MARKER = b"\xab\xcd\xefMaxMind.com"


@dataclass(frozen=True, slots=True)
class GeographySettings:
    """A file in the MaxMind DB format (version 2), and networks whose addresses say nothing of a place."""

    file: Path
    leave_out: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()


def installed() -> bool:
    """Whether the library of the extra `geography` is installed."""
    return importlib.util.find_spec(LIBRARY) is not None


def is_database(file: Path) -> bool:
    """Whether a file has the mark of the format in its last 128 KiB ("Database Metadata"); not more is read.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - _END_BYTES))
        return _MARKER in opened.read(_END_BYTES + len(_MARKER))
