"""Five departments' directories behind one hub, one of them frozen; and what a directory sign-in costs.

The same run signs clerks of four directories in before and while the fifth is stopped (SIGSTOP: it accepts
connections and never answers), in turns, with two clerks of the fifth at it in both. Beside it the hub's
directory client alone, in one thread of one process, and the bare libraries that do the same two operations.
"""

import itertools
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import ldap3

from sso.directory.ldap import LdapDirectory
from sso.directory.settings import DirectorySettings, Vendor
from sso.directory.verification import AccountState
from tests.relying_parties.visitor import Visitor
from tests.running.application import REDIRECT_URI, Application, registered
from tests.running.tuned_hub import TunedHub, running_hub
from tests.servers.directories import DirectoryServer, directory_of, settings_of
from tests.servers.directory_people import PASSWORD

HERE = Path(__file__).resolve().parent
DEBIAN_PYTHON = "/usr/bin/python3"
DIRECTORIES = 5
CLERK = "alice"
AIM_PERCENT = 20
TURNS = 3
PAUSE_SECONDS = 0.5
_NO_LIMIT = "1000000"


@dataclass(frozen=True, slots=True)
class Frozen:
    """Seconds of each sign-in at the four others, before and while the fifth is frozen."""

    before: list[float]
    during: list[float]

    @property
    def change_percent(self) -> float:
        """How much slower the slowest hundredth became."""
        return (p99(self.during) / p99(self.before) - 1) * 100


@dataclass(frozen=True, slots=True)
class Rate:
    """Directory sign-ins a second of one thread; None where the library is not installed."""

    name: str
    per_second: float | None


def measure(sign_ins: int, seconds: float, database_url: str) -> tuple[Frozen, list[Rate]]:
    """Measure so many sign-ins at each of the four and in each phase, and each client for `seconds`."""
    with ExitStack() as stack:
        servers = [stack.enter_context(directory_of(Vendor.OPENLDAP)) for _ in range(DIRECTORIES)]
        directories = tuple(
            settings_of(server, id=f"d{place}", name=f"Department {place}", realms=(f"d{place}.example",))
            for place, server in enumerate(servers)
        )
        rates = list(client_rates(directories[0], servers[0], seconds))
        folder = stack.enter_context(TemporaryDirectory())
        hub = stack.enter_context(_hub(Path(folder), directories, database_url))
        application = stack.enter_context(registered(hub))
        return _with_one_frozen(application, servers[-1], sign_ins), rates


def text(frozen: Frozen, rates: list[Rate]) -> str:
    """Return the table."""
    lines = [f"Five directories, sign-ins of clerks at four of them ({len(frozen.before)} a phase)"]
    for name, seconds in (("all answer", frozen.before), ("the fifth is frozen", frozen.during)):
        lines.append(f"  {name:24} p50 {median(seconds) * 1000:7.1f} ms   p99 {p99(seconds) * 1000:7.1f} ms")
    lines.append(f"  p99 changes by {frozen.change_percent:+.0f} % (aim: less than {AIM_PERCENT} %)")
    lines.append("Directory sign-ins a second of one thread (search and bind over LDAPS, pooled)")
    bare = next((rate.per_second for rate in rates if rate.name == "bare ldap3"), None)
    for rate in rates:
        if rate.per_second is None:
            lines.append(f"  {rate.name:24} not installed")
            continue
        ratio = f"   {rate.per_second / bare:.2f} of bare ldap3" if bare else ""
        lines.append(f"  {rate.name:24} {rate.per_second:7.0f}{ratio}")
    return "\n".join(lines)


def p99(seconds: list[float]) -> float:
    """The value that one in a hundred exceeds."""
    return quantiles(seconds, n=100)[98] if len(seconds) > 1 else seconds[0]


def client_rates(settings: DirectorySettings, server: DirectoryServer, seconds: float) -> Iterator[Rate]:
    """Measure the hub's client and the bare libraries in turns on one server."""
    hub_client = LdapDirectory(settings)
    dn, ca = server.person_dn(CLERK), str(server.ca_file)
    try:
        yield Rate("the hub's client", _rate(lambda: _hub_sign_in(hub_client), seconds))
    finally:
        hub_client.close()
    yield Rate("bare ldap3", _rate(_ldap3_sign_in(settings, dn, ca), seconds))
    yield Rate("python-ldap", _python_ldap_rate(settings, dn, ca, seconds))


def _rate(sign_in: Callable[[], None], seconds: float) -> float:
    sign_in()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        sign_in()
        done += 1
    return done / (time.perf_counter() - began)


def _hub_sign_in(directory: LdapDirectory) -> None:
    state = directory.authenticate(CLERK, PASSWORD.encode()).verification.state
    if state is not AccountState.OK:
        raise RuntimeError(state)


def _ldap3_sign_in(settings: DirectorySettings, dn: str, ca_file: str) -> Callable[[], None]:
    tls = ldap3.Tls(ca_certs_file=ca_file)
    address = settings.addresses[0]
    server = ldap3.Server(address.host, address.port, use_ssl=True, tls=tls, get_info=ldap3.NONE)
    service = (settings.bind_dn, settings.bind_password.decode())
    searching = ldap3.Connection(server, *service, check_names=False, auto_bind=True)
    binding = ldap3.Connection(server, dn, PASSWORD, check_names=False, auto_bind=True)
    attributes = list(settings.attributes)

    def sign_in() -> None:
        searching.search(settings.base_dn, f"(uid={CLERK})", attributes=attributes)
        if not binding.rebind(dn, PASSWORD):
            raise RuntimeError(binding.result)

    return sign_in


def _python_ldap_rate(settings: DirectorySettings, dn: str, ca_file: str, seconds: float) -> float | None:
    """The rate in a process of Debian's Python, whose package it is; None where that is not installed."""
    told = {
        "url": str(settings.addresses[0]),
        "ca_file": ca_file,
        "bind_dn": settings.bind_dn,
        "bind_password": settings.bind_password.decode(),
        "base_dn": settings.base_dn,
        "filter": f"(uid={CLERK})",
        "attributes": list(settings.attributes),
        "dn": dn,
        "password": PASSWORD,
        "seconds": seconds,
    }
    if shutil.which(DEBIAN_PYTHON) is None:
        return None
    if subprocess.run([DEBIAN_PYTHON, "-c", "import ldap"], capture_output=True, check=False).returncode:
        return None
    with TemporaryDirectory() as folder:
        given = Path(folder) / "told.json"
        given.write_text(json.dumps(told), encoding="utf-8")
        command = [DEBIAN_PYTHON, str(HERE / "bare_python_ldap.py"), str(given)]
        done = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return float(done["done"]) / float(done["seconds"])


@contextmanager
def _hub(folder: Path, directories: tuple[DirectorySettings, ...], database_url: str) -> Iterator[TunedHub]:
    limits = {"THROTTLE__NETWORK_LIMIT": _NO_LIMIT, "THROTTLE__ACCOUNT_LIMIT": "100"}
    with running_hub(
        folder / "hub", directories=directories, settings=limits, database_url=database_url
    ) as hub:
        yield hub


def _with_one_frozen(application: Application, fifth: DirectoryServer, sign_ins: int) -> Frozen:
    """Both phases in turns, so that both see the same machine, each with two clerks of the fifth."""
    _phase(application, max(2, sign_ins // 10), lambda number: CLERK)  # warms every connection
    told = Frozen([], [])
    for _ in range(TURNS):
        told.before.extend(_phase(application, max(1, sign_ins // TURNS), lambda number: CLERK))
        fifth.freeze()
        try:
            told.during.extend(_phase(application, max(1, sign_ins // TURNS), "clerk{}".format))
        finally:
            fifth.thaw()
    return told


def _phase(application: Application, sign_ins: int, fifths: Callable[[int], str]) -> list[float]:
    """Sign clerks of the four in, while two of the fifth, named by a number, sign in or try to."""
    over = threading.Event()
    with ThreadPoolExecutor(DIRECTORIES + 1) as clerks:
        try:
            for first in (0, 1_000_000):
                clerks.submit(_try_until, over, application, map(fifths, itertools.count(first)))
            each = [clerks.submit(_many, application, place, sign_ins) for place in range(DIRECTORIES - 1)]
            return [seconds for done in each for seconds in done.result()]
        finally:
            over.set()


def _many(application: Application, place: int, sign_ins: int) -> list[float]:
    name = f"{CLERK}@d{place}.example"
    return [_sign_in(application, name, until=REDIRECT_URI) for _ in range(sign_ins)]


def _sign_in(application: Application, name: str, *, until: str | None = None) -> float:
    """From the authorization request to the code; raises unless there is one."""
    with Visitor() as visitor:
        began = time.perf_counter()
        visitor.open(application.authorization_url("verifier-" * 6))
        reached = visitor.sign_in(name, PASSWORD, until=until)
        took = time.perf_counter() - began
    if until is not None and not reached.startswith(until):
        raise RuntimeError(str(visitor.page))
    return took


def _try_until(over: threading.Event, application: Application, names: Iterator[str]) -> None:
    """Sign in at the fifth, each name when the one before is done, as people would: not at once."""
    while not over.wait(PAUSE_SECONDS):
        with suppress(Exception):
            _sign_in(application, f"{next(names)}@d{DIRECTORIES - 1}.example")
