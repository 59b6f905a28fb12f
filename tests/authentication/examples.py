"""People who sign in, stores in memory, and a password hash that costs nearly nothing."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sso.authentication.password import Argon2Cost, PasswordHash
from sso.authentication.password_in_name import PasswordInName
from sso.authentication.sign_in import NotSignedIn, SignedIn, SignIn
from sso.authentication.throttling import ThrottleRules
from sso.directory.entry import Entry
from sso.directory.person import Account, AccountKind, Person
from sso.directory.routing import CitizenRoute, DirectoryRoute, Name
from sso.directory.settings import DirectorySettings, Vendor
from sso.directory.stores import PasswordCredential
from sso.directory.verification import AccountState, Authentication, Verification
from sso.oidc.client import Client, ClientAuthMethod
from sso.oidc.session import Session
from sso.oidc.settings import Settings
from tests.fakes import FakeDatabase, FakeStores, Origin

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
PASSWORD = "nine blue yaks on the steppe"
ADDRESS = "192.0.2.7"
ORIGIN = Origin(address=ADDRESS)
SETTINGS = Settings(issuer="https://id.example.gov")
CHEAP = Argon2Cost(memory_kibibytes=8, iterations=1, parallelism=1)
CIVIL = DirectorySettings(
    id="civil",
    name="Civil Affairs",
    realms=("civil.example",),
    vendor=Vendor.OPENLDAP,
    urls=("ldaps://ldap.civil.example",),
    bind_dn="cn=svc",
    bind_password=b"secret",
    base_dn="dc=example",
    login_attribute="uid",
)


@cache
def passwords() -> PasswordHash:
    return PasswordHash(b"pepper", CHEAP)


@dataclass
class OneAnswerDirectory:
    """A department's directory that always answers the same, and remembers what it was asked."""

    state: AccountState = AccountState.OK
    password_proven: bool = True
    entry: Entry | None = None
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    def authenticate(self, name: Name, password: bytes) -> Authentication:
        self.asked.append((name.text, password))
        return Authentication(Verification(self.state, password_proven=self.password_proven), self.entry)


def entry(**changes: Any) -> Entry:
    values: dict[str, Any] = {
        "directory_id": "civil",
        "immutable_id": "uuid-1",
        "dn": "uid=bolor,dc=example",
        "login_name": "bolor",
        "attributes": {"cn": (b"Bolor Erdene",), "mail": (b"bolor@civil.example",)},
    }
    return Entry(**values | changes)


@dataclass
class Desk:
    """Where people sign in."""

    database: FakeDatabase = field(default_factory=FakeDatabase)
    directory: OneAnswerDirectory = field(default_factory=lambda: OneAnswerDirectory(entry=entry()))
    passwords: PasswordHash = field(default_factory=passwords)
    limits: dict[str, int] = field(default_factory=dict)
    now: datetime = NOW

    @property
    def stores(self) -> FakeStores:
        return self.database.stores

    @property
    def sign_in(self) -> SignIn:
        throttle = ThrottleRules(b"throttle", **self.limits)
        return SignIn(self.passwords, throttle, {"civil": self.directory}, SETTINGS)

    def add_citizen(self, login_name: str = "tuya", person_id: str | None = None) -> Account:
        person_id = person_id or f"person-{login_name}"
        if self.stores.people.person(person_id) is None:
            self.stores.people.add_person(
                Person(id=person_id, name="Tuya", disabled_at=None, roles=frozenset())
            )
        account = Account(
            id=f"account-{login_name}",
            person_id=person_id,
            kind=AccountKind.CITIZEN,
            login_name=login_name,
            directory_id=None,
            immutable_id=None,
            claims={"name": "Tuya Bat"},
            disabled_at=None,
        )
        self.stores.people.add_account(account, self.now)
        self.stores.credentials.put(PasswordCredential(account.id, self.passwords.make(PASSWORD), self.now))
        return account

    def add_client(self, **changes: Any) -> Client:
        values: dict[str, Any] = {
            "client_id": "housing",
            "client_name": "Housing",
            "auth_method": ClientAuthMethod.CLIENT_SECRET_BASIC,
            "backchannel_logout_uri": "https://housing.example/logout",
        }
        client = Client(**values | changes)
        self.stores.clients.by_id[client.client_id] = client
        return client

    def attempt(
        self,
        login_name: str = "tuya",
        password: str = PASSWORD,
        *,
        clerk: bool = False,
        address: str = ADDRESS,
        previous: Session | None = None,
        sign: PasswordInName | None = None,
    ) -> SignedIn | NotSignedIn:
        """Sign in as the pages do: two transactions, and the proof between them."""
        way = DirectoryRoute(CIVIL, Name(login_name)) if clerk else CitizenRoute(login_name)
        with self.database.begin(ORIGIN) as stores:
            prepared = self.sign_in.prepare(way, None, address, stores, self.now)
        attempt = replace(prepared, password_in_name=sign)
        proof = self.sign_in.prove(attempt, password)
        with self.database.begin(ORIGIN) as stores:
            return self.sign_in.conclude(attempt, proof, previous, stores, self.now)

    def signed_in(self, *arguments: str, **options: Any) -> SignedIn:
        outcome = self.attempt(*arguments, **options)
        assert isinstance(outcome, SignedIn), outcome
        return outcome
