"""`python -m bench.directory_sync [--quick]`: read a real slapd's people, beside bare ldap3 that only reads.

Both read the same entries over LDAPS in pages of the same size, each in a process of its own, whose largest
memory the kernel tells. Ours is the real command, `sso directory sync`, on PostgreSQL with durable commits.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.providers import postgresql
from sso.cli.demo.slapd import DemoPerson, Slapd
from tests.servers.hub import HubServer

HERE = Path(__file__).resolve().parent
PEOPLE, FEW = 100_000, 2_000
PAGE = 500
SUFFIX = "dc=civil,dc=example"
_GIVEN = ("Anna", "Bolor", "Ганболд", "Samira", "Kai", "Lea", "Noor", "Zoë", "Naran", "Omar")
_FAMILY = ("Silva", "Novák", "Haddad", "Bat", "Smith", "Ødegård", "Tanaka", "Erdene", "Kowalski", "Díaz")

HEAD = f"{'':38} {'people/s':>9} {'seconds':>8} {'CPU s':>7} {'peak MiB':>9}  ratio"

_DIRECTORY = """
[[directory]]
id = "civil-affairs"
name = "Civil Affairs Bureau"
realms = ["civil.example"]
vendor = "openldap"
urls = ["{server.urls[0]}"]
ca_file = "{server.ca_file}"
bind_dn = "{server.bind_dn}"
bind_password = "{server.bind_password}"
base_dn = "{server.base_dn}"
login_attribute = "uid"
sync = {{ page_size = {page} }}
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one process read, in how many seconds of the clock and of its own CPU, and its largest memory."""

    name: str
    people: int
    seconds: float
    cpu_seconds: float
    peak_mebibytes: float

    @property
    def per_second(self) -> float:
        """People by the clock."""
        return self.people / self.seconds


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m bench.directory_sync", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few people: only to see that it runs")
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"how many, {PEOPLE} unless told")
    asked = parser.parse_args()
    people = FEW if asked.quick else asked.people
    print(
        f"Reading {people} people from slapd over LDAPS, pages of {PAGE}; {os.cpu_count()} cores,"
        f" shared with slapd and PostgreSQL\n\n{HEAD}",
        flush=True,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sso-bench-sync-")))
        database = stack.enter_context(postgresql())
        server = stack.enter_context(Slapd(folder / "slapd", SUFFIX, made_up(people)))
        hub = HubServer(folder / "hub", database_url=database.new_database())
        hub.extra = _DIRECTORY.format(server=server, page=PAGE)
        hub.initialise()
        given = folder / "bare.json"
        given.write_text(json.dumps(_told_to_ldap3(server)), encoding="utf-8")
        bare_command = [sys.executable, str(HERE / "bare_ldap3.py"), str(given)]
        bare = measured("ldap3 alone, paged, nothing kept", bare_command, hub)
        _print(bare, bare)
        sync = [sys.executable, "-m", "sso", "directory", "sync", "civil-affairs", "--full", "--json"]
        for name in ("sso directory sync, all of them new", "sso directory sync, nothing changed"):
            _print(measured(name, sync, hub), bare)


def made_up(number: int) -> Sequence[DemoPerson]:
    """People of a department, each with the same (unknown) password: hashing is not what is measured."""
    return [
        DemoPerson(
            uid=f"clerk{place}",
            name=f"{_GIVEN[place % 10]} {_FAMILY[place // 10 % 10]}",
            mail=f"clerk{place}@civil.example",
            password="unknown",
            department=f"Office {place % 40}",
            title="Clerk",
        )
        for place in range(number)
    ]


def measured(name: str, command: Sequence[str], hub: HubServer) -> Reading:
    """Run a command to its end; the kernel tells what it took.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    small = [sys.executable, str(HERE / "child.py"), *command]
    done = subprocess.run(small, env=hub.environment, stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout)
    if told["code"] != 0:
        raise RuntimeError(told["out"] + told["err"])
    row = json.loads(told["out"])
    return Reading(
        name,
        int(row["seen"]),
        float(row["seconds"]),
        float(told["cpu_seconds"]),
        float(told["peak_mebibytes"]),
    )


def _told_to_ldap3(server: Slapd) -> dict[str, str | int]:
    return {
        "port": server.tls_port,
        "ca_file": str(server.ca_file),
        "bind_dn": server.bind_dn,
        "bind_password": server.bind_password,
        "base_dn": server.base_dn,
        "page": PAGE,
    }


def _print(reading: Reading, bare: Reading) -> None:
    ratio = reading.per_second / bare.per_second
    print(
        f"{reading.name:38} {reading.per_second:9.0f} {reading.seconds:8.1f} {reading.cpu_seconds:7.1f}"
        f" {reading.peak_mebibytes:9.0f}  {ratio:5.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
