"""A log in a real database, SQLite and PostgreSQL, with a sequencer that a test drives by hand."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from sso.audit.event import NodeStarted
from sso.audit.merkle.tree import Frontier, leaf_hash
from sso.audit.record import Origin
from sso.audit.whole_log import Finding
from sso.config import load
from sso.hub import Hub, build
from sso.storage.audit_check import LogCheck
from sso.storage.schema import migrate
from sso.worker.last_signed import LastSigned
from sso.worker.sequencer import Sequencer
from tests.storage.conftest import ON_POSTGRESQL

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)
_CONFIG = """
[server]
issuer = "https://id.example.gov"
[database]
url = "{url}"
[secrets]
key_encryption_key = "{key}"
pepper = "{key}"
"""


@dataclass
class Log:
    """A hub's log, and what a test does with it."""

    hub: Hub
    file: Path
    sequencer: Sequencer = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As after a restart of the worker: what it remembers is in the database and in the file."""
        self.sequencer = Sequencer(self.hub, LastSigned(self.file))

    def write(self, number: int, address: str | None = "192.0.2.7") -> list[str]:
        """Record some events; return their ids."""
        with self.hub.database.begin(Origin(address=address)) as stores:
            return [stores.audit.append(NodeStarted(node=f"n{i}", version="1"), NOW) for i in range(number)]

    def grow(self, number: int) -> list[str]:
        """Record some events, give them their places, sign."""
        ids = self.write(number)
        self.sequencer.sequence()
        self.sequencer.sign(NOW)
        return ids

    @property
    def size(self) -> int:
        with self.hub.database.read() as stores:
            head = stores.audit_tree.head()
        return 0 if head is None else head.frontier.size

    def codes(self) -> list[str]:
        with self.hub.database.read() as stores:
            return [filed.columns["event"] for filed in stores.audit_tree.filed("", 10_000)]

    def findings(self) -> list[Finding]:
        return list(LogCheck(self.hub.database).findings())

    def keeping(self, **days: int | None) -> None:
        """Configure how long the log is kept."""
        settings = self.hub.configuration.settings
        audit = settings.audit.model_copy(update=days)
        configuration = replace(self.hub.configuration, settings=settings.model_copy(update={"audit": audit}))
        object.__setattr__(self.hub, "configuration", configuration)

    def tamper(self, *statements: str) -> None:
        """Change the database as somebody with full rights would, past the triggers."""
        sqlite = self.hub.database.dialect == "sqlite"
        with self.hub.database._schema_writer() as connection:
            if sqlite:
                for verb in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS audit_event_no_{verb}"))
            else:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement))

    def rewrite(self, event_id: str) -> int:
        """Change an entry with its leaf and the head, so that they agree again; return its place."""
        with self.hub.database.read() as stores:
            leaves = stores.audit_tree.leaves(1, 0, self.size)
        place = next(each for each in leaves if each.event_id == event_id)
        body = (place.body or b"").replace(b'"version":"1"', b'"version":"2"')
        hashes = [leaf_hash(body) if each is place else each.leaf_hash for each in leaves]
        frontier = b"".join(Frontier().extended(hashes).hashes)
        leaf = binary(self, leaf_hash(body))
        self.tamper(
            f"UPDATE audit_event SET body = {binary(self, body)} WHERE id = '{event_id}'",
            f"UPDATE audit_leaf SET leaf_hash = {leaf} WHERE event_id = '{event_id}'",
            f"UPDATE audit_head SET frontier = {binary(self, frontier)}",
        )
        return place.index


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    on_postgresql = request.param == "postgresql"
    url = request.getfixturevalue("empty_postgresql_url") if on_postgresql else "sqlite:///hub.db"
    with log_at(url, tmp_path) as made:
        yield made


@contextmanager
def log_at(url: str, folder: Path) -> Iterator[Log]:
    """The log of a new hub with an empty database."""
    key = base64.urlsafe_b64encode(bytes(range(32))).decode()
    file = folder / "sso.toml"
    file.write_text(_CONFIG.format(url=url, key=key), encoding="utf-8")
    hub = build(load(str(file), {}))
    migrate(hub.database)
    log = Log(hub, folder / "last-signed.json")
    yield log
    log.hub.close()


def binary(log: Log, value: bytes) -> str:
    """Return bytes as a literal of the log's database."""
    return f"x'{value.hex()}'" if log.hub.database.dialect == "sqlite" else f"'\\x{value.hex()}'::bytea"
