"""People at the hub of a console, as a department brings them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sso.audit.record import Origin
from sso.authentication.clerks import account_of
from sso.authentication.conflicts import note_contested
from sso.config import load
from sso.directory.entry import Entry
from sso.hub import Hub, build
from sso.storage.stores import SqlStores
from tests.servers.hub import HubServer


def add_clerk(hub: HubServer, login_name: str, immutable_id: str, **attributes: str) -> str:
    """Take an entry of the department for a clerk's, and return the id of the account."""
    with inside(hub) as (made, stores):
        entry = _entry(login_name, immutable_id, **attributes)
        account = account_of(entry, made.directories[0], stores, datetime.now(UTC))
    assert account is not None
    return account.id


def find_twice(hub: HubServer, login_name: str, *immutable_ids: str) -> None:
    """Let a search of the department's directory for one name find several entries."""
    with inside(hub) as (_, stores):
        note_contested([_entry(login_name, each) for each in immutable_ids], stores, datetime.now(UTC))


@contextmanager
def inside(hub: HubServer) -> Iterator[tuple[Hub, SqlStores]]:
    """Open the hub's configuration in this process, and a transaction on its database."""
    made = build(load(str(hub.config_file), {}))
    with made.database.begin(Origin(actor="command")) as stores:
        yield made, stores
    made.close()


def _entry(login_name: str, immutable_id: str, **attributes: str) -> Entry:
    return Entry(
        directory_id="civil",
        immutable_id=immutable_id,
        dn=f"uid={login_name},ou={immutable_id}",
        login_name=login_name,
        attributes={name: (value.encode(),) for name, value in attributes.items()},
    )
