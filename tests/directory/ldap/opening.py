"""A directory that is closed when its test is over, and how long an answer took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sso.cli.demo.slapd import Slapd
from sso.directory.ldap import LdapDirectory
from sso.directory.verification import AccountState, Verification
from tests.servers.directories import DirectoryServer, settings_of
from tests.servers.slapd import PASSWORD, settings_for


@contextmanager
def opened(server: Slapd | DirectoryServer, **changes: Any) -> Iterator[LdapDirectory]:
    settings = settings_for if isinstance(server, Slapd) else settings_of
    directory = LdapDirectory(settings(server, **changes))
    try:
        yield directory
    finally:
        directory.close()


def timed(
    directory: LdapDirectory, login_name: str = "bolor", password: str = PASSWORD
) -> tuple[Verification, float]:
    started_at = time.monotonic()
    verification = directory.authenticate(login_name, password.encode()).verification
    return verification, time.monotonic() - started_at


def recovers_within(
    directory: LdapDirectory, seconds: float, login_name: str = "bolor", password: str = PASSWORD
) -> bool:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if timed(directory, login_name, password)[0].state is AccountState.OK:
            return True
        time.sleep(0.02)
    return False
