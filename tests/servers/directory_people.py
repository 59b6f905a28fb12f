"""The people of every test directory, one in each account state that its server knows."""

from dataclasses import dataclass
from typing import Literal

PASSWORD = "Correct horse 9 battery"
ARABIC_PASSWORD = "كلمة-سر-Latin-9"
MONGOLIAN_PASSWORD = "Нууц үг ᠮᠣᠩᠭᠣᠯ 9"
SERVICE_PASSWORD = "Svc-Passw0rd-of-the-hub"

State = Literal[
    "normal",
    "locked",
    "disabled",
    "expired",
    "must_change",
    "account_expired",
    "warn",
    "grace",
    "hours",
    "workstation",
]


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    uid: str
    name: str
    password: str = PASSWORD
    state: State = "normal"

    @property
    def mail(self) -> str:
        return f"{self.uid}@civil.example"


PEOPLE = (
    DirectoryPerson("alice", "Alice Erdene"),
    DirectoryPerson("bob", "Bob Tuya"),
    DirectoryPerson("samira", "Samira Haddad", ARABIC_PASSWORD),
    DirectoryPerson("ganbold", "Ганболд Бат", MONGOLIAN_PASSWORD),
    DirectoryPerson("locked", "Locked Person", state="locked"),
    DirectoryPerson("disabled", "Disabled Person", state="disabled"),
    DirectoryPerson("expired", "Expired Person", state="expired"),
    DirectoryPerson("mustchange", "Mustchange Person", state="must_change"),
    DirectoryPerson("ended", "Ended Person", state="account_expired"),
    DirectoryPerson("warn", "Warn Person", state="warn"),
    DirectoryPerson("grace", "Grace Person", state="grace"),
    DirectoryPerson("hours", "Hours Person", state="hours"),
    DirectoryPerson("workstation", "Workstation Person", state="workstation"),
)
