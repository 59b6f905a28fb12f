"""People at the hub of a console: clerks as a department brings them."""

from datetime import UTC, datetime

from sso.audit.record import Origin
from sso.authentication.clerks import account_of
from sso.config import load
from sso.directory.entry import Entry
from sso.hub import build
from tests.servers.hub import HubServer


def add_clerk(hub: HubServer, login_name: str, immutable_id: str, **attributes: str) -> str:
    """Take an entry of the department for a clerk's, and return the id of the account."""
    entry = Entry(
        directory_id="civil",
        immutable_id=immutable_id,
        dn=f"uid={login_name}",
        login_name=login_name,
        attributes={name: (value.encode(),) for name, value in attributes.items()},
    )
    made = build(load(str(hub.config_file), {}))
    with made.database.begin(Origin(actor="command")) as stores:
        account = account_of(entry, made.directories[0], stores, datetime.now(UTC))
    made.close()
    return account.id
