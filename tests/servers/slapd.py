"""Real OpenLDAP servers as fixtures: `slapd` is shared and read only, `private_slapd` may be broken.

A test that changes a person of the shared server would change it for every other test of the session.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sso.cli.demo.slapd import CertificateWish, DemoPerson, Slapd, SlapdOptions, find_slapd
from sso.directory.settings import DirectorySettings, Vendor

PASSWORD = "correct horse battery"
ARABIC_PASSWORD = "كلمة-سر-Latin-9"
MONGOLIAN_PASSWORD = "нууц үг ᠮᠣᠩᠭᠣᠯ"
SUFFIX = "dc=civil,dc=example"

PEOPLE = (
    DemoPerson("bolor", "Bolor Erdene", "bolor@civil.example", PASSWORD, "normal", "Registry", "Clerk"),
    DemoPerson("naran", "Naran Tuya", "naran@civil.example", PASSWORD, "normal", "Registry", "Head"),
    DemoPerson("samira", "Samira Haddad", "samira@civil.example", ARABIC_PASSWORD),
    DemoPerson("ganbold", "Ганболд Бат", "ganbold@civil.example", MONGOLIAN_PASSWORD),
    DemoPerson("locked", "Locked Person", "locked@civil.example", PASSWORD, "locked"),
    DemoPerson("expired", "Expired Person", "expired@civil.example", PASSWORD, "expired"),
    DemoPerson("mustchange", "Mustchange Person", "mustchange@civil.example", PASSWORD, "mustchange"),
    DemoPerson("grace", "Grace Person", "grace@civil.example", PASSWORD, "grace"),
    DemoPerson("warn", "Warn Person", "warn@civil.example", PASSWORD, "warn"),
)


def settings_for(server: Slapd, **changes: Any) -> DirectorySettings:
    """How the hub is told of a server: over LDAPS, with the server's own CA, unless changed."""
    told: dict[str, Any] = {
        "id": "civil-affairs",
        "name": "Civil Affairs Bureau",
        "realms": ("civil.example",),
        "vendor": Vendor.OPENLDAP,
        "urls": server.urls,
        "ca_file": server.ca_file,
        "bind_dn": server.bind_dn,
        "bind_password": server.bind_password.encode(),
        "base_dn": server.base_dn,
        "login_attribute": "uid",
    }
    return DirectorySettings(**told | changes)


def started(folder: Path, certificate: CertificateWish | None = None) -> Slapd:
    """A server of its own; many wrong passwords do not lock its people."""
    options = SlapdOptions(failures_before_lock=1000, certificate=certificate or CertificateWish())
    server = Slapd(folder, SUFFIX, PEOPLE, options)
    server.start()
    return server


def _require_slapd() -> None:
    if find_slapd() is None:
        pytest.fail("slapd is not installed (Debian: apt-get install slapd ldap-utils)")


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """One server for the whole session, with a person in each account state."""
    _require_slapd()
    server = started(tmp_path_factory.mktemp("slapd"))
    yield server
    server.stop()


@pytest.fixture
def private_slapd(tmp_path: Path) -> Iterator[Slapd]:
    """A server to stop, freeze or change."""
    _require_slapd()
    server = started(tmp_path / "slapd")
    yield server
    server.stop()
