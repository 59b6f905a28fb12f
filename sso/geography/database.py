"""The places of addresses, read from a MaxMind DB file that is held in memory: the door to maxminddb.

In memory, so that a file that is written over while it is read harms nobody. What it says is not trusted.
"""

import ipaddress
import logging
import math
import struct
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime

import maxminddb

from sso.audit.place import Address, address_of
from sso.audit.rules.location import Location
from sso.geography.errors import GeographyUnavailable
from sso.geography.settings import GeographySettings

log = logging.getLogger("sso.geography")

MAX_RADIUS_KM = 200
"""A place that is known less exactly is none: often it is the middle of a country."""

MAX_KNOWN = 10_000
"""So many addresses are remembered with their places."""

_BROKEN = (
    maxminddb.InvalidDatabaseError,
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What reading a damaged file may end in."""


class Geography:
    """Where addresses are."""

    def __init__(self, settings: GeographySettings) -> None:
        """Read the file.

        Raises:
            GeographyUnavailable: that is not possible.
        """
        self._settings = settings
        self._known: OrderedDict[Address, Location | None] = OrderedDict()
        self._version = self._version_now()
        self._reader = self._read()

    @property
    def description(self) -> str:
        """The file's own word for what it is: GeoLite2-City."""
        return str(self._reader.metadata().database_type)

    @property
    def made_at(self) -> datetime:
        """When the file was made."""
        return datetime.fromtimestamp(self._reader.metadata().build_epoch, UTC)

    def location_of(self, text: str | None) -> Location | None:
        """Return where an address is; None if it is private, left out, or too little is known of it."""
        address = address_of(text)
        if address is None:
            return None
        if address not in self._known:
            if len(self._known) >= MAX_KNOWN:
                self._known.popitem(last=False)
            self._known[address] = self._look_up(address)
        return self._known[address]

    def renew(self) -> None:
        """Read the file again if it is another one by now; one that cannot be read leaves the old one."""
        version = self._version_now()
        if version in (None, self._version):
            return
        self._version = version
        try:
            self._reader = self._read()
        except GeographyUnavailable as error:
            log.error("the old geography stays", extra={"error": str(error)})  # noqa: TRY400 - the text says it
            return
        self._known.clear()

    def _look_up(self, address: Address) -> Location | None:
        if not address.is_global or any(address in network for network in self._settings.leave_out):
            return None
        try:
            found = self._reader.get(address)
        except _BROKEN:
            return None
        return _location(found)

    def _read(self) -> maxminddb.Reader:
        try:
            reader = maxminddb.open_database(self._settings.file, maxminddb.MODE_MEMORY)
            reader.get(ipaddress.IPv4Address("192.0.2.1"))
        except OSError as error:
            raise GeographyUnavailable(f"{self._settings.file} cannot be read: {error.strerror}") from error
        except _BROKEN as error:
            raise GeographyUnavailable(f"{self._settings.file} is no MaxMind DB file") from error
        return reader

    def _version_now(self) -> tuple[int, int, int] | None:
        try:
            known = self._settings.file.stat()
        except OSError:
            return None
        return known.st_ino, known.st_mtime_ns, known.st_size


def _location(found: object) -> Location | None:
    place = _member(found, "location")
    north, east, radius = (_member(place, name) for name in ("latitude", "longitude", "accuracy_radius"))
    if not _is_within(north, 90) or not _is_within(east, 180):
        return None
    if radius is not None and not _is_within(radius, MAX_RADIUS_KM):
        return None
    country = _member(_member(found, "country"), "iso_code")
    code = country if isinstance(country, str) and len(country) == 2 else None
    return Location(code, round(float(str(north)), 1), round(float(str(east)), 1))


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _is_within(value: object, limit: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) <= limit
