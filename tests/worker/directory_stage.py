"""A hub with a real directory beside it, and what a test of its synchronisation does with both."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from sso.audit.query import AuditQuery
from sso.audit.record import AuditRecord, Origin
from sso.config import load
from sso.directory.person import Account
from sso.directory.settings import DirectorySettings
from sso.directory.sync.run import Run
from sso.directory.sync_rules import SyncRules
from sso.hub import Hub, build
from sso.storage.schema import migrate
from sso.worker.directory_sync import Wish, synchronise
from tests.servers.directories import DirectoryServer, settings_of
from tests.worker.fake_directory import FakeDirectory

_HUB = """
[server]
issuer = "https://id.example.gov"
[database]
url = "{url}"
[secrets]
key_encryption_key = "{key}"
pepper = "{key}"
"""
_CONFIG = """
[[directory]]
id = "civil-affairs"
name = "Civil Affairs Bureau"
realms = ["civil.example"]
vendor = "{settings.vendor}"
urls = {urls}
ca_file = "{settings.ca_file}"
bind_dn = "{settings.bind_dn}"
bind_password = "{password}"
base_dn = "{settings.base_dn}"
login_attribute = "{settings.login_attribute}"
{sync}
"""
_NOWHERE = """
[[directory]]
id = "civil-affairs"
name = "Civil Affairs Bureau"
realms = ["civil.example"]
vendor = "openldap"
urls = ["ldaps://127.0.0.1:1"]
bind_dn = "cn=hub,dc=civil,dc=example"
bind_password = "secret"
base_dn = "ou=people,dc=civil,dc=example"
login_attribute = "uid"
"""
USUAL = "sync = { page_size = 10, shrink_percent = 100, quarantine_seconds = 0 }"


class Stage:
    """The hub of one test."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.directory: DirectorySettings = hub.directories[0]

    @property
    def rules(self) -> SyncRules:
        assert self.directory.sync is not None
        return self.directory.sync

    def run(self, **wish: Any) -> Run:
        """Synchronise as the worker does."""
        return synchronise(self.hub, self.directory, Wish(**wish))

    def full(self, **wish: Any) -> Run:
        """Read everybody."""
        return self.run(full=True, **wish)

    def accounts(self) -> dict[str, Account]:
        """The clerks' accounts by sign-in name."""
        with self.hub.database.read() as stores:
            found = stores.people.list_accounts(after="", limit=1000)
        return {account.login_name: account for account in found}

    def usable(self) -> set[str]:
        """The sign-in names of the accounts that can be used."""
        return {name for name, account in self.accounts().items() if account.disabled_at is None}

    def events(self, *codes: str) -> Sequence[AuditRecord]:
        """The records of some codes, newest first."""
        now = datetime.now(UTC)
        with self.hub.database.begin(Origin()) as stores:
            day = timedelta(days=1)
            return stores.audit_search.search(
                AuditQuery(since=now - day, until=now + day, events=codes, limit=500)
            )

    def runs(self) -> Sequence[Run]:
        with self.hub.database.read() as stores:
            return stores.sync_runs.latest("civil-affairs", 100)

    def age(self, **by: float) -> None:
        """Let everything about people's leaving have happened earlier."""
        seconds = timedelta(**by).total_seconds()
        with self.hub.database._schema_writer() as connection:
            for column in ("left_at", "access_ended_at"):
                earlier = f"{column} - {int(seconds * 1_000_000)}"
                if self.hub.database.dialect == "postgresql":
                    earlier = f"{column} - interval '{seconds} seconds'"
                connection.execute(text(f"UPDATE directory_person SET {column} = {earlier}"))


@contextmanager
def staged(
    server: DirectoryServer,
    folder: Path,
    sync: str = USUAL,
    database_url: str = "sqlite:///hub.db",
    urls: Sequence[str] = (),
) -> Iterator[Stage]:
    """A hub of one's own that knows the directory."""
    settings = settings_of(server)
    where = list(urls or settings.urls)
    extra = "\nallow_plaintext_on_loopback = true" if any(url.startswith("ldap:") for url in where) else ""
    told = _CONFIG.format(
        settings=settings,
        urls=str(where).replace("'", '"'),
        password=settings.bind_password.decode(),
        sync=sync + extra,
    )
    with _built(folder, told, database_url) as hub:
        yield Stage(hub)


@contextmanager
def staged_without_server(
    folder: Path, sync: str, database_url: str, directory: FakeDirectory
) -> Iterator[Stage]:
    """A hub whose directory is one in memory."""
    with _built(folder, _NOWHERE + sync, database_url) as hub:
        yield Stage(replace(hub, ldap={"civil-affairs": directory}))  # type: ignore[dict-item]


@contextmanager
def _built(folder: Path, told: str, database_url: str) -> Iterator[Hub]:
    key = base64.urlsafe_b64encode(bytes(range(32))).decode()
    file = folder / "sso.toml"
    file.write_text(_HUB.format(url=database_url, key=key) + told, encoding="utf-8")
    hub = build(load(str(file), {}))
    migrate(hub.database)
    try:
        yield hub
    finally:
        hub.close()
