"""MaxMind DB files as a test wants them, by a writer that is not ours. Every address in them is made up."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

ULAANBAATAR, BEIJING, DARKHAN = "81.2.69.160", "89.160.20.112", "175.16.199.1"
IPV6, ROUGH, BROKEN = "2a02:cf40::1", "216.160.83.56", "67.43.156.1"


def place(country: str, latitude: object, longitude: object, **more: object) -> dict[str, Any]:
    return {
        "country": {"iso_code": country},
        "location": {"latitude": latitude, "longitude": longitude, **more},
    }


PLACES: Mapping[str, dict[str, Any]] = {
    "81.2.69.0/24": place("MN", 47.9077, 106.8832, accuracy_radius=20),
    "89.160.20.0/24": place("CN", 39.9075, 116.3972, accuracy_radius=50),
    "175.16.199.0/24": place("MN", 49.4867, 105.9228),
    "2a02:cf40::/32": place("FI", 60.1797, 24.9344, accuracy_radius=100),
    "216.160.83.0/24": place("US", 37.751, -97.822, accuracy_radius=1000),
    "67.43.156.0/24": place("BT", "north", 200.5),
    "10.0.0.0/8": place("MN", 47.9077, 106.8832, accuracy_radius=1),
}


def write_places(
    file: Path, places: Mapping[str, dict[str, Any]] = PLACES, database_type: str = "Test-City"
) -> Path:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=database_type, float_type="f64")
    for network, told in places.items():
        writer.insert_network(IPSet([network]), told)
    writer.to_db_file(str(file))
    return file
