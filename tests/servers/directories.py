"""The three directory servers behind one interface: what is true of all is tested on all.

shared_directory    one of each vendor for a module, read only: a wrong password already counts
private_directory   one to stop, freeze or change, of each vendor in turn
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest

from sso.cli.demo.certificate import CertificateWish
from sso.directory.settings import DirectorySettings, Vendor
from tests.servers.directory_people import PASSWORD
from tests.servers.ds389 import ds389_copy
from tests.servers.ldif import record, renamed
from tests.servers.openldap import OpenLdap
from tests.servers.samba import samba_copy
from tests.servers.samba_seed import quoted

VENDORS = (Vendor.OPENLDAP, Vendor.DS389, Vendor.SAMBA)
WRONG_PASSWORDS = 3
"""After so many each of the servers locks a person."""


class DirectoryServer(Protocol):
    """One server with `directory_people.PEOPLE` and the nested groups inner (alice) and outer (inner)."""

    vendor: Vendor
    login_attribute: str
    suffix: str
    base_dn: str
    former_dn: str
    group_base_dn: str
    address: str

    @property
    def bind_dn(self) -> str: ...
    @property
    def bind_password(self) -> str: ...
    @property
    def urls(self) -> tuple[str, ...]: ...
    @property
    def plaintext_url(self) -> str: ...
    @property
    def ca_file(self) -> Path: ...
    def person_dn(self, uid: str) -> str: ...
    def start(self) -> None: ...
    def stop(self, number: signal.Signals = signal.SIGTERM) -> None: ...
    def restart(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...
    def modify(self, ldif: str) -> None: ...


def settings_of(server: DirectoryServer, **changes: Any) -> DirectorySettings:
    """How the hub is told of a server: over LDAPS with its own CA, unless changed."""
    told: dict[str, Any] = {
        "id": "civil-affairs",
        "name": "Civil Affairs Bureau",
        "realms": ("civil.example",),
        "vendor": server.vendor,
        "urls": server.urls,
        "ca_file": server.ca_file,
        "bind_dn": server.bind_dn,
        "bind_password": server.bind_password.encode(),
        "base_dn": server.base_dn,
        "login_attribute": server.login_attribute,
    }
    return DirectorySettings(**told | changes)


@contextmanager
def directory_of(vendor: Vendor, wish: CertificateWish | None = None) -> Iterator[DirectoryServer]:
    """A running server of that vendor, ended with the context."""
    match vendor:
        case Vendor.SAMBA:
            with samba_copy(wish=wish) as samba:
                samba.start()
                yield samba
        case Vendor.DS389:
            with ds389_copy(wish=wish) as ds389:
                ds389.start()
                yield ds389
        case _:
            with tempfile.TemporaryDirectory() as folder:
                openldap = OpenLdap(Path(folder), wish)
                openldap.start()
                try:
                    yield openldap
                finally:
                    openldap.stop()


@pytest.fixture(scope="module")
def shared_directory() -> Iterator[Callable[[Vendor], DirectoryServer]]:
    """A function from a vendor to its server, started at first use; a module has one of each."""
    with ExitStack() as stack:
        yield cache(lambda vendor: stack.enter_context(directory_of(vendor)))


@pytest.fixture(params=VENDORS, ids=str)
def private_directory(request: pytest.FixtureRequest) -> Iterator[DirectoryServer]:
    """Each vendor's server, new for each test."""
    with directory_of(request.param) as server:
        yield server


def add_person(server: DirectoryServer, uid: str, *, mail: str = "", password: str = PASSWORD) -> None:
    """Add a person in good standing."""
    dn, told = server.person_dn(uid), [("", "sn", uid), ("", "mail", mail or f"{uid}@civil.example")]
    if server.vendor is Vendor.SAMBA:
        told += [("", "objectClass", "user"), ("", "sAMAccountName", uid), ("", "userAccountControl", "512")]
        server.modify(record(dn, "add", *told, ("", "unicodePwd", quoted(password))))
        return
    told += [("", "objectClass", "inetOrgPerson"), ("", "uid", uid), ("", "cn", uid)]
    server.modify(record(dn, "add", *told, ("", "userPassword", password)))
    never = {Vendor.DS389: ("passwordExpirationTime", "20380101000000Z"), Vendor.OPENLDAP: ("pwdReset", "")}
    server.modify(record(dn, "modify", ("replace", *never[server.vendor])))


def remove(server: DirectoryServer, uid: str) -> None:
    """Remove a person."""
    server.modify(record(server.person_dn(uid), "delete"))


def rename(server: DirectoryServer, uid: str, new_uid: str) -> None:
    """Give a person another name to sign in with, and another DN."""
    attribute = server.person_dn(uid).partition("=")[0]
    server.modify(renamed(server.person_dn(uid), f"{attribute}={new_uid}"))
    if attribute.lower() != server.login_attribute.lower():
        dn = server.person_dn(new_uid)
        server.modify(record(dn, "modify", ("replace", server.login_attribute, new_uid)))


def name(server: DirectoryServer, uid: str, login_name: str) -> None:
    """Let a person sign in under another name; the DN stays."""
    kind = "replace" if server.vendor is Vendor.SAMBA else "add"
    change = (kind, server.login_attribute, login_name)
    server.modify(record(server.person_dn(uid), "modify", change))


def move(server: DirectoryServer, uid: str) -> None:
    """Move a person out of the branch in which the hub looks for clerks."""
    dn = server.person_dn(uid)
    server.modify(renamed(dn, dn.partition(",")[0], server.former_dn))


def replace(server: DirectoryServer, uid: str, attribute: str, value: str | bytes) -> None:
    """Give an attribute of a person one value; "" removes it."""
    server.modify(record(server.person_dn(uid), "modify", ("replace", attribute, value)))


def disable(server: DirectoryServer, uid: str) -> None:
    """End a person's account as the vendor's administrators do."""
    ways = {
        Vendor.SAMBA: ("userAccountControl", "514"),
        Vendor.DS389: ("nsAccountLock", "true"),
        Vendor.OPENLDAP: ("pwdAccountLockedTime", "000001010000Z"),
    }
    replace(server, uid, *ways[server.vendor])


def enable(server: DirectoryServer, uid: str) -> None:
    """Undo `disable`."""
    ways = {
        Vendor.SAMBA: ("userAccountControl", "512"),
        Vendor.DS389: ("nsAccountLock", ""),
        Vendor.OPENLDAP: ("pwdAccountLockedTime", ""),
    }
    replace(server, uid, *ways[server.vendor])


def lock(server: DirectoryServer, uid: str) -> None:
    """Let the server lock a person, by as many wrong passwords as it bears."""
    environment = {**os.environ, "LDAPTLS_CACERT": str(server.ca_file)}
    command = ["ldapwhoami", "-x", "-H", server.urls[0], "-D", server.person_dn(uid), "-w", "wrong"]
    for _ in range(WRONG_PASSWORDS):
        assert subprocess.run(command, env=environment, capture_output=True).returncode != 0


def expire(server: DirectoryServer, uid: str) -> None:
    """Let a person's account have ended. 389-DS knows no such thing by itself."""
    ways = {
        Vendor.SAMBA: ("accountExpires", "132223104000000000"),  # 2020-01-01 in [MS-ADTS] 2.3.9
        Vendor.OPENLDAP: ("pwdEndTime", "20200101000000Z"),
    }
    replace(server, uid, *ways[server.vendor])


def refer_to(server: DirectoryServer, url: str, parent_dn: str = "") -> None:
    """Let the branch ou=branch of the suffix, or of another entry, be on another server (RFC 3296)."""
    classes = (("", "objectClass", "referral"), ("", "objectClass", "extensibleObject"))
    dn = f"ou=branch,{parent_dn or server.suffix}"
    server.modify(record(dn, "add", *classes, ("", "ou", "branch"), ("", "ref", url)))


def add_groups(server: DirectoryServer, names: Sequence[str], uid: str) -> None:
    """Add groups with one member."""
    object_class = "group" if server.vendor is Vendor.SAMBA else "groupOfNames"
    member = ("", "member", server.person_dn(uid))
    server.modify(
        "\n".join(
            record(
                f"cn={name},{server.group_base_dn}",
                "add",
                ("", "objectClass", object_class),
                ("", "cn", name),
                member,
            )
            for name in names
        )
    )


def let_people_read_themselves(server: DirectoryServer) -> None:
    """What 389-DS does not allow unless it is told to."""
    aci = '(targetattr="*")(version 3.0; acl "own entry"; allow (read,search,compare) userdn="ldap:///self";)'
    server.modify(record(server.base_dn, "modify", ("add", "aci", aci)))
