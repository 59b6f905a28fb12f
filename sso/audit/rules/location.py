"""Where an address is, as far as rules want to know it, and how far two places are from one another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from sso.audit.record import JsonValue

EARTH_RADIUS_KM = 6_371.0
"""The mean radius; a distance on the sphere is off by half a percent at most."""

MEMBERS = ("country", "latitude", "longitude")
"""What rules see of a place, where there is a geography and it knows the address."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place: the ISO 3166-1 code of its country if that is known, and degrees, to a tenth (about 11 km)."""

    country: str | None
    latitude: float
    longitude: float

    def members(self) -> Mapping[str, JsonValue]:
        """Return what rules see of it."""
        return dict(zip(MEMBERS, (self.country, self.latitude, self.longitude), strict=True))


Locate = Callable[[str | None], Location | None]
"""What finds the place of an address."""


def nowhere(address: str | None) -> None:
    """Find no place: there is no geography."""


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance between two pairs of latitude and longitude over the surface (haversine)."""
    (north, east), (to_north, to_east) = (tuple(map(radians, each)) for each in (one, other))
    half = sin((to_north - north) / 2) ** 2
    half += cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))
