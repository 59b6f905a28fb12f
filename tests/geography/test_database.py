"""Where addresses are: what a file says, and what is not believed."""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sso.audit.rules.location import Location
from sso.geography.database import Geography
from sso.geography.errors import GeographyUnavailable
from sso.geography.settings import GeographySettings, is_database
from tests.geography.written import BEIJING, BROKEN, DARKHAN, IPV6, ROUGH, ULAANBAATAR, place, write_places

HOME = Location("MN", 47.9, 106.9)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_places(tmp_path_factory.mktemp("places") / "city.mmdb")


@pytest.fixture
def geography(file: Path) -> Geography:
    return Geography(GeographySettings(file))


def test_an_address_is_where_the_file_says_to_a_tenth_of_a_degree(geography: Geography) -> None:
    assert geography.location_of(ULAANBAATAR) == HOME
    assert geography.location_of(f"::ffff:{ULAANBAATAR}") == HOME
    assert geography.location_of(DARKHAN) == Location("MN", 49.5, 105.9)
    assert geography.location_of(IPV6) == Location("FI", 60.2, 24.9)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "unknown",
        "10.1.1.1",
        "127.0.0.1",
        "::1",
        "fe80::1",
        "100.64.0.1",
        "192.0.2.1",
        "8.8.8.8",
        "2a00::1",
        ROUGH,
        BROKEN,
    ],
)
def test_no_place_is_known_of_private_unknown_rough_or_broken_ones(
    geography: Geography, address: str | None
) -> None:
    assert geography.location_of(address) is None


def test_what_is_left_out_is_nowhere(file: Path) -> None:
    left_out = (ipaddress.ip_network("81.2.69.128/25"), ipaddress.ip_network("2a02:cf40::/48"))
    geography = Geography(GeographySettings(file, left_out))

    assert geography.location_of(ULAANBAATAR) is None
    assert geography.location_of(f"::ffff:{ULAANBAATAR}") is None
    assert geography.location_of(IPV6) is None
    assert geography.location_of("81.2.69.1") == HOME
    assert geography.location_of("2a02:cf40:1::1") is not None


def test_it_says_what_it_is_and_of_when(geography: Geography) -> None:
    assert geography.description == "Test-City"
    assert abs(datetime.now(UTC) - geography.made_at) < timedelta(minutes=10)


def test_another_file_in_its_place_is_read_and_a_broken_one_is_not(tmp_path: Path) -> None:
    file = write_places(tmp_path / "city.mmdb")
    geography = Geography(GeographySettings(file))
    assert geography.location_of(ULAANBAATAR) == HOME

    file.write_bytes(b"not a database")
    geography.renew()
    assert geography.location_of(ULAANBAATAR) == HOME
    file.unlink()
    geography.renew()
    assert geography.location_of(BEIJING) == Location("CN", 39.9, 116.4)
    moved = write_places(tmp_path / "new.mmdb", {"81.2.69.0/24": place("MN", 50, 100)})
    moved.rename(file)
    geography.renew()

    assert geography.location_of(ULAANBAATAR) == Location("MN", 50.0, 100.0)
    assert geography.location_of(BEIJING) is None


@pytest.mark.parametrize("kept", [0, 1, 100, 1_500])
def test_a_file_that_was_cut_is_refused(file: Path, tmp_path: Path, kept: int) -> None:
    cut = tmp_path / "cut.mmdb"
    cut.write_bytes(file.read_bytes()[:kept])

    assert not is_database(cut)
    with pytest.raises(GeographyUnavailable, match=r"cut\.mmdb is no MaxMind DB file"):
        Geography(GeographySettings(cut))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeographyUnavailable, match="No such file"):
        Geography(GeographySettings(tmp_path / "none.mmdb"))


def test_whatever_byte_is_another_it_finds_a_place_or_none(file: Path, tmp_path: Path) -> None:
    """Damage ends in a refusal or in no place, never in another exception."""
    whole, damaged = file.read_bytes(), tmp_path / "damaged.mmdb"
    for number in range(0, len(whole), 7):
        spoiled = bytearray(whole)
        spoiled[number] ^= 0xFF
        damaged.write_bytes(bytes(spoiled))
        try:
            geography = Geography(GeographySettings(damaged))
        except GeographyUnavailable:
            continue
        for address in (ULAANBAATAR, BEIJING, IPV6, BROKEN):
            found = geography.location_of(address)
            assert found is None or abs(found.latitude) <= 90


def test_a_large_file_is_known_by_its_end(tmp_path: Path, file: Path) -> None:
    large = tmp_path / "large.mmdb"
    large.write_bytes(os.urandom(1 << 20) + file.read_bytes())

    assert is_database(large)
    large.write_bytes(file.read_bytes() + bytes(1 << 20))
    assert not is_database(large)
