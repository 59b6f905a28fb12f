"""The stage of the journeys: a real hub, a real directory, two departments' real applications.

`Housing` asks for consent, `Family register` is trusted and does not. People are in the hub (citizens) and in
the directory (clerks); a journey that spoils a person has one of its own.
"""

import contextlib
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sso.cli.demo.slapd import DemoPerson, Slapd, SlapdOptions, find_slapd
from tests.relying_parties.department import department, registration
from tests.servers.hub import PASSWORD, HubServer, free_port
from tests.servers.slapd import settings_for

CLERK_PASSWORD = "Grey-Horse-At-Dawn-9"
FAILURES_BEFORE_LOCK = 4
COMMANDS_AT_ONCE = 2
"""Each command starts Python anew, which takes a second; more at once than processors gain nothing."""
SUFFIX = "dc=civil,dc=example"
SCOPE = "openid profile email department"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who signs in, and what the hub knows of them."""

    login_name: str
    password: str
    name: str
    email: str


TUYA = Person("tuya", PASSWORD, "Tuya Bat", "tuya@example.org")
WANG = Person("wang", PASSWORD, "王小明", "wang@example.org")
BOLOR = Person("bolor@civil.example", CLERK_PASSWORD, "Bolor Erdene", "bolor@civil.example")
SARAN = Person("saran@civil.example", CLERK_PASSWORD, "Saran Gerel", "saran@civil.example")
LOCKED = Person("odval@civil.example", CLERK_PASSWORD, "Odval Dorj", "odval@civil.example")
CAREFUL = Person("careful@civil.example", CLERK_PASSWORD, "Careful Clerk", "careful@civil.example")
TWOFOLD = Person("twofold@civil.example", CLERK_PASSWORD, "Double Clerk", "twofold@civil.example")
RESIGNED = Person("resigned@civil.example", CLERK_PASSWORD, "Resigned Clerk", "resigned@civil.example")
NEWCOMER = Person("newcomer@civil.example", CLERK_PASSWORD, "New Comer", "newcomer@civil.example")
EXPIRED = Person("expired@civil.example", CLERK_PASSWORD, "Expired Clerk", "expired@civil.example")
RELUCTANT = Person("zaya", PASSWORD, "Zaya Nergui", "zaya@example.org")
"""Has never consented to anything, and never will."""
DOUBLE = Person("double", PASSWORD, "Double Citizen", "double@example.org")
"""Is `TWOFOLD` in the directory: one person with two accounts, once an operator has linked them."""
AUDITOR = Person("oyun", PASSWORD, "Oyun Auditor", "oyun@example.org")
CITIZENS = (TUYA, WANG, RELUCTANT, DOUBLE, AUDITOR)


def _clerk(person: Person, department_name: str = "") -> DemoPerson:
    uid = person.login_name.partition("@")[0]
    return DemoPerson(uid, person.name, person.email, person.password, department=department_name)


CLERKS = (
    _clerk(BOLOR, "Registry"),
    _clerk(SARAN),
    _clerk(CAREFUL),
    _clerk(RESIGNED),
    _clerk(TWOFOLD),
    DemoPerson("odval", LOCKED.name, LOCKED.email, CLERK_PASSWORD, "locked"),
    DemoPerson("newcomer", NEWCOMER.name, NEWCOMER.email, CLERK_PASSWORD, "mustchange"),
    DemoPerson("expired", EXPIRED.name, EXPIRED.email, CLERK_PASSWORD, "expired"),
)


@dataclass(frozen=True, slots=True)
class Application:
    """A department's application, and its registration at the hub."""

    name: str
    port: int
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def address(self) -> str:
        """Where people open it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def redirect_uri(self) -> str:
        """Where the hub's answers go."""
        return f"{self.address}/callback"


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs. `slapd` is None where OpenLDAP is not installed."""

    hub: HubServer
    housing: Application
    family: Application
    slapd: Slapd | None

    @property
    def directory(self) -> Slapd:
        """The directory of Civil Affairs."""
        assert self.slapd is not None, "slapd is not installed"
        return self.slapd


@contextlib.contextmanager
def set_stage(folder: Path) -> Generator[Stage]:
    """Start everything in a folder, end everything with the block; without slapd there are no clerks."""
    with contextlib.ExitStack() as ends:
        slapd = ends.enter_context(_directory(folder / "slapd")) if find_slapd() is not None else None
        directories = (settings_for(slapd),) if slapd is not None else ()
        hub = HubServer(folder / "hub", directories=directories)
        hub.initialise()
        ends.callback(hub.stop)
        with ThreadPoolExecutor(COMMANDS_AT_ONCE) as at_once:
            applications = [
                at_once.submit(_register, hub, "Housing", "住房服务"),
                at_once.submit(_register, hub, "Family register", "户籍服务", "--trusted"),
            ]
            list(at_once.map(lambda citizen: _add(hub, citizen), CITIZENS))
        hub.start()
        housing, family = (
            ends.enter_context(_running(hub, folder, future.result())) for future in applications
        )
        yield Stage(hub, housing, family, slapd)


def _directory(folder: Path) -> Slapd:
    return Slapd(folder, SUFFIX, CLERKS, SlapdOptions(failures_before_lock=FAILURES_BEFORE_LOCK))


def _add(hub: HubServer, citizen: Person) -> None:
    hub.add_citizen(citizen.login_name, citizen.password, citizen.name, citizen.email)


def _register(hub: HubServer, name: str, name_zh: str, *options: str) -> Application:
    port = free_port()
    about = ("--name-zh", name_zh, "--scope", SCOPE, "--client-uri", f"http://127.0.0.1:{port}")
    client = hub.add_client(*registration(port), *about, *options, name=name)
    return Application(name, port, client["client_id"], client["client_secret"])


@contextlib.contextmanager
def _running(hub: HubServer, folder: Path, application: Application) -> Generator[Application]:
    setting = {"CLIENT_ID": application.client_id, "CLIENT_SECRET": application.client_secret}
    with department(
        application.port, folder, ISSUER=hub.issuer, APP_NAME=application.name, **setting
    ) as running:
        assert running.address == application.address
        yield application
