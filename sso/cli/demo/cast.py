"""Who and what plays in the demonstration: people, two departments, two applications.

The passwords are printed on the screen and work on this machine only: the hub of the demonstration has a
loopback issuer and listens on loopback.
"""

from dataclasses import dataclass

from sso.cli.demo.slapd_seed import DemoPerson
from sso.directory.person import Role

HUB_PORT = 8000
MANAGEMENT_PORT = 9000
CONSOLE_PORT = 8100

CITIZEN_PASSWORD = "yellow poplar by the Yellow River"
CLERK_PASSWORD = "Clerk-Passw0rd!"


@dataclass(frozen=True, slots=True)
class Citizen:
    """A citizen of the demonstration, perhaps with an officer's role."""

    login_name: str
    name: str
    email: str
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Department:
    """A department with a directory of its own."""

    id: str
    name: str
    name_zh: str
    realm: str
    suffix: str
    tls_port: int
    clerks: tuple[DemoPerson, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """A department's application: the sample, under a name and on a port of its own."""

    id: str
    name: str
    name_zh: str
    port: int
    colour: str
    trusted: bool

    @property
    def address(self) -> str:
        """Where people open it."""
        return f"http://127.0.0.1:{self.port}"


CITIZENS = (
    Citizen("tuya", "Tuya Bat", "tuya@example.org"),
    Citizen("auditor", "Oyun Auditor", "auditor@example.org", Role.AUDITOR),
    Citizen("manager", "Temur Manager", "manager@example.org", Role.CLIENT_MANAGER),
    Citizen("people", "Sarnai People", "people@example.org", Role.PEOPLE_MANAGER),
)

DEPARTMENTS = (
    Department(
        id="civil-affairs",
        name="Civil Affairs Bureau",
        name_zh="民政局",
        realm="civil.example",
        suffix="dc=civil,dc=example",
        tls_port=13636,
        clerks=(
            DemoPerson("bolor", "Bolor Erdene", "bolor@civil.example", CLERK_PASSWORD, department="Registry"),
            DemoPerson("saran", "Saran Gerel", "saran@civil.example", CLERK_PASSWORD, "mustchange"),
        ),
    ),
    Department(
        id="housing-bureau",
        name="Housing Bureau",
        name_zh="住房局",
        realm="housing.example",
        suffix="dc=housing,dc=example",
        tls_port=14636,
        clerks=(
            DemoPerson("naran", "Naran Sukh", "naran@housing.example", CLERK_PASSWORD, department="Permits"),
        ),
    ),
)

APPLICATIONS = (
    Application("housing", "Housing", "住房服务", 9101, "#0f5468", trusted=False),
    Application("family", "Family register", "户籍服务", 9102, "#6f3b8c", trusted=True),
)
