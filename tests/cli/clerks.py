"""Clerks who have signed in already, without asking a directory; and a whole town of citizens."""

from datetime import UTC, datetime

from sso.audit.record import Origin
from sso.authentication.clerks import account_of
from sso.authentication.people import NewCitizen, add_citizen
from sso.config import load
from sso.directory.entry import Entry
from sso.directory.person import Account
from sso.hub import build
from tests.cli.commands import Commands


def signed_in_clerk(cli: Commands, login_name: str, number: int = 1) -> Account:
    """Make the account that a first sign-in makes."""
    built = build(load(str(cli.folder / "sso.toml"), {}))
    entry = Entry(
        directory_id="civil-affairs",
        immutable_id=f"{number:08d}-0000-4000-8000-000000000000",
        dn=f"uid={login_name},dc=civil,dc=example",
        login_name=login_name,
        attributes={"cn": (f"{login_name} Erdene".encode(),), "uid": (login_name.encode(),)},
    )
    try:
        with built.database.begin(Origin()) as stores:
            return account_of(entry, built.directories[0], stores, datetime.now(UTC))
    finally:
        built.close()


def town(cli: Commands, size: int) -> None:
    """Add many citizens at once."""
    built = build(load(str(cli.folder / "sso.toml"), {}))
    try:
        with built.database.begin(Origin()) as stores:
            for number in range(size):
                citizen = NewCitizen(login_name=f"person{number}", name=f"Person {number}", claims={})
                add_citizen(citizen, "test", stores, datetime.now(UTC))
    finally:
        built.close()
